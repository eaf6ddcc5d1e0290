/** One journey through CloudWatch Logs, by every client that people use. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'

import { patient } from '../patience.ts'
import { type Answer, LOGS_DRIVERS } from './drivers.ts'
import { ACCOUNT_ID, House, REGION } from './house.ts'

let house: House
before(async () => {
  house = await House.start()
})
after(async () => {
  await house?.stop()
})

type Event = { message: string; timestamp: number }
const LIMIT = { timeout: patient(120_000) }

for (const [index, driver] of LOGS_DRIVERS.entries())
  test(`logs by ${driver.name}: from a group to its end`, LIMIT, async () => {
    if (!(await driver.found(house))) return console.log(`not run: ${driver.name} (not found)`)
    const call = (operation: string, input: object): Promise<Answer> =>
      driver.call(house, operation, input)
    const logGroupName = `/clients/${index}`
    const stream = { logGroupName, logStreamName: 'web/app/1' }
    const resourceArn = `arn:aws:logs:${REGION}:${ACCOUNT_ID}:log-group:${logGroupName}`

    await call('CreateLogGroup', { logGroupName, tags: { a: '1' } })
    const fault = await call('CreateLogGroup', { logGroupName }).then(
      () => assert.fail('it was made twice'),
      (error: unknown) => error as Error,
    )
    const shown = driver.shows(
      'CreateLogGroup',
      'ResourceAlreadyExistsException',
      'The specified log group already exists',
    )
    assert.ok(String(fault).includes(shown), String(fault))
    await call('PutRetentionPolicy', { logGroupName, retentionInDays: 7 })
    await call('CreateLogStream', stream)

    const now = Date.now()
    const texts = ['é "quoted" \\ and\nmore', 'ERROR 1', 'fine', 'ERROR 2']
    const logEvents = texts.map((message, n) => ({ timestamp: now + n, message }))
    const old = { timestamp: now - 20 * 24 * 3_600_000, message: 'too old' }
    const put = await call('PutLogEvents', { ...stream, logEvents: [old, ...logEvents] })
    assert.deepEqual(put['rejectedLogEventsInfo'], { tooOldLogEventEndIndex: 1 })

    const all = (await call('GetLogEvents', { ...stream, startFromHead: true }))['events']
    assert.deepEqual(
      (all as Event[]).map(({ message, timestamp }) => ({ timestamp, message })),
      logEvents,
    )
    const pages = await driver.pages(house, 'FilterLogEvents', {
      logGroupName,
      filterPattern: 'ERROR',
    })
    assert.deepEqual(
      (pages['events'] as Event[]).map(({ message }) => message),
      ['ERROR 1', 'ERROR 2'],
    )
    const groups = (await call('DescribeLogGroups', { logGroupNamePrefix: logGroupName }))[
      'logGroups'
    ] as { retentionInDays: number; storedBytes: number; logGroupName: string }[]
    assert.equal(groups[0]?.retentionInDays, 7)
    const bytes = texts.reduce((sum, text) => sum + Buffer.byteLength(text) + 26, 0)
    assert.equal(groups[0]?.storedBytes, bytes)
    const streams = (
      await call('DescribeLogStreams', { logGroupName, orderBy: 'LastEventTime', descending: true })
    )['logStreams'] as { lastEventTimestamp: number }[]
    assert.equal(streams[0]?.lastEventTimestamp, now + 3)
    assert.deepEqual((await call('ListTagsForResource', { resourceArn }))['tags'], { a: '1' })
    await call('DeleteLogStream', stream)
    await call('DeleteLogGroup', { logGroupName })
    const left = (await call('DescribeLogGroups', { logGroupNamePrefix: logGroupName }))[
      'logGroups'
    ]
    assert.deepEqual(left, [])
  })
