import assert from 'node:assert/strict'
import { test } from 'node:test'

import { resetAccount } from '#aws/iam/accounts.ts'
import { MemoryStorage } from '#files/memory-storage.ts'
import { StorageUnavailable } from '#files/storage.ts'
import {
  ACCOUNT,
  type Answer,
  type As,
  faultOf,
  House,
  REGION,
  turn,
} from '#server/house.fixture.ts'
import { MemoryLog } from '#store/memory-log.fixture.ts'

import { discards, logGroups, logStreams } from './records.ts'
import { LOG_FILES } from './storage.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
const GROUP = '/ecs/web'
const STREAM = 'web/app/1'
const HERE = { logGroupName: GROUP, logStreamName: STREAM }
const ARN = `arn:aws:logs:${REGION}:${ACCOUNT}:log-group:${GROUP}`
const NO_GROUP = 'ResourceNotFoundException: The specified log group does not exist.'
const NO_STREAM = 'ResourceNotFoundException: The specified log stream does not exist.'

class Logs {
  readonly house: House
  constructor(house: House) {
    this.house = house
  }
  static async open(house?: House): Promise<Logs> {
    const logs = new Logs(house ?? (await House.open()))
    await logs.call('CreateLogGroup', { logGroupName: GROUP })
    await logs.call('CreateLogStream', HERE)
    return logs
  }
  get now(): number {
    return this.house.clock.now()
  }
  call(operation: string, input: object = {}, as: As = {}): Promise<Answer> {
    return this.house.callOf('logs', operation, input, as)
  }
  put(messages: readonly string[], from = this.now, where: object = HERE): Promise<Answer> {
    const logEvents = messages.map((message, n) => ({ timestamp: from + n, message }))
    return this.call('PutLogEvents', { ...where, logEvents })
  }
  async get(input: object = {}): Promise<Answer> {
    const answer = await this.call('GetLogEvents', { ...HERE, ...input })
    return { ...answer, texts: textsOf(answer) }
  }
  async filter(input: object = {}): Promise<Answer> {
    const answer = await this.call('FilterLogEvents', { logGroupName: GROUP, ...input })
    return { ...answer, texts: textsOf(answer) }
  }
}
const textsOf = ({ events }: Answer): string[] =>
  events.map(({ message }: { message: string }) => message)
const names = (list: Answer[], member: string): string[] => list.map((one) => one[member])

test('groups and streams are made once, described, and deleted with what is in them', async () => {
  const logs = await Logs.open()
  assert.equal(
    await faultOf(logs.call('CreateLogGroup', { logGroupName: GROUP })),
    'ResourceAlreadyExistsException: The specified log group already exists',
  )
  assert.equal(
    await faultOf(logs.call('CreateLogStream', HERE)),
    'ResourceAlreadyExistsException: The specified log stream already exists',
  )
  await logs.put(['é', 'ab'])
  const { logGroups: groups } = await logs.call('DescribeLogGroups', { logGroupNamePrefix: '/ecs' })
  assert.deepEqual(groups, [
    {
      logGroupName: GROUP,
      creationTime: logs.now,
      retentionInDays: undefined,
      metricFilterCount: 0,
      arn: `${ARN}:*`,
      storedBytes: 4 + 2 * 26,
      logGroupClass: 'STANDARD',
      logGroupArn: ARN,
      deletionProtectionEnabled: false,
    },
  ])
  const { logStreams: streams } = await logs.call('DescribeLogStreams', { logGroupName: GROUP })
  assert.deepEqual(streams, [
    {
      logStreamName: STREAM,
      creationTime: logs.now,
      firstEventTimestamp: logs.now,
      lastEventTimestamp: logs.now + 1,
      lastIngestionTime: logs.now,
      arn: `${ARN}:log-stream:${STREAM}`,
      storedBytes: 0,
    },
  ])
  await logs.call('DeleteLogStream', HERE)
  assert.equal(await faultOf(logs.get()), NO_STREAM)
  await logs.call('CreateLogStream', HERE)
  assert.deepEqual((await logs.get()).texts, [], 'a new stream of an old name is empty')
  await logs.call('DeleteLogGroup', { logGroupName: GROUP })
  for (const [operation, input] of [
    ['DeleteLogGroup', { logGroupName: GROUP }],
    ['DescribeLogStreams', { logGroupName: GROUP }],
    ['CreateLogStream', HERE],
    ['GetLogEvents', HERE],
    ['FilterLogEvents', { logGroupName: GROUP }],
    ['PutRetentionPolicy', { logGroupName: GROUP, retentionInDays: 7 }],
    ['ListTagsForResource', { resourceArn: ARN }],
  ] as const)
    assert.equal(await faultOf(logs.call(operation, input)), NO_GROUP, operation)
})

test('members that would do nothing are refused by name', async () => {
  const logs = await Logs.open()
  await logs.call('CreateLogGroup', { logGroupName: 'empty', kmsKeyId: '', logGroupClass: '' })
  const logGroupName = 'other'
  for (const [operation, input, name] of [
    ['CreateLogGroup', { logGroupName, kmsKeyId: 'k' }, /kmsKeyId/],
    ['CreateLogGroup', { logGroupName, logGroupClass: 'DELIVERY' }, /logGroupClass=DELIVERY/],
    ['CreateLogGroup', { logGroupName, tags: { 'aws:x': 'y' } }, /aws:/],
    ['DescribeLogGroups', { includeLinkedAccounts: true }, /includeLinkedAccounts/],
    ['ListLogGroups', { accountIdentifiers: ['999999999999'] }, /accountIdentifiers/],
    ['ListLogGroups', { fieldIndexNames: ['a'] }, /fieldIndexNames/],
    [
      'PutRetentionPolicy',
      { logGroupName: GROUP, retentionInDays: 2 },
      /enum value set: \[1, 3, 5/,
    ],
    [
      'DescribeLogStreams',
      { logGroupName: GROUP, logGroupIdentifier: ARN },
      /^ValidationException: LogGroup name and LogGroup ARN are mutually exclusive parameters\.$/,
    ],
    ['GetLogEvents', { ...HERE, logGroupIdentifier: ARN }, /mutually exclusive/],
    [
      'FilterLogEvents',
      { logGroupName: GROUP, filterPattern: 'a-b' },
      /^InvalidParameterException: Invalid filter pattern: Invalid character\(s\) in term '-'$/,
    ],
    ['GetLogEvents', { logStreamName: STREAM }, /must be specified/],
    ['GetLogEvents', { ...HERE, nextToken: 'f/1/s' }, /nextToken/],
    [
      'DescribeLogStreams',
      { logGroupName: GROUP, orderBy: 'Size' },
      /Value 'Size' at 'orderBy' .* enum value set: \[LogStreamName, LastEventTime\]/,
    ],
    ['FilterLogEvents', { logGroupName: GROUP, filterPattern: '{' }, /Invalid filter pattern/],
    ['FilterLogEvents', { logGroupName: GROUP, nextToken: 'x' }, /nextToken/],
    ['FilterLogEvents', { logGroupName: GROUP, startTime: 2, endTime: 1 }, /End time/],
    [
      'FilterLogEvents',
      { logGroupName: GROUP, logStreamNames: [STREAM], logStreamNamePrefix: 'w' },
      /mutually exclusive/,
    ],
    [
      'DescribeLogStreams',
      { logGroupName: GROUP, orderBy: 'LastEventTime', logStreamNamePrefix: 'w' },
      /LastEventTime/,
    ],
  ] as const)
    assert.match(await faultOf(logs.call(operation, input)), name, operation)
})

test('a batch is refused as a whole, or loses single events by their time', async () => {
  const logs = await Logs.open()
  const put = (...events: readonly (readonly [number, string])[]) =>
    logs.call('PutLogEvents', {
      ...HERE,
      logEvents: events.map(([offset, message]) => ({ timestamp: logs.now + offset, message })),
    })
  assert.match(await faultOf(put([1, 'b'], [0, 'a'])), /must be in chronological order/)
  assert.match(await faultOf(put([-DAY_MS - 1, 'a'], [0, 'b'])), /cannot span more than 24 hours/)
  assert.equal(
    await faultOf(put([0, 'x'.repeat(1_048_551)])),
    'InvalidParameterException: Upload too large: 1048577 bytes exceeds limit of 1048576',
  )
  assert.equal((await put([-1, 'x'.repeat(1_048_550)])).rejectedLogEventsInfo, undefined)
  const { rejectedLogEventsInfo, nextSequenceToken } = await put(
    [-15 * DAY_MS, 'too old'],
    [-14 * DAY_MS - 1, 'too old'],
    [0, 'fine'],
    [2 * HOUR_MS, 'fine too'],
    [2 * HOUR_MS + 1, 'too new'],
  )
  assert.deepEqual(rejectedLogEventsInfo, {
    tooOldLogEventEndIndex: 2,
    tooNewLogEventStartIndex: 4,
  })
  assert.match(nextSequenceToken, /^\d{56}$/)
  const { texts } = await logs.get({ startTime: logs.now, startFromHead: true })
  assert.deepEqual(texts, ['fine', 'fine too'])
  await logs.call('PutRetentionPolicy', { logGroupName: GROUP, retentionInDays: 3 })
  const expired = await put([-15 * DAY_MS, 'a'], [-3 * DAY_MS - 1, 'b'], [-3 * DAY_MS, 'c'])
  assert.deepEqual(expired.rejectedLogEventsInfo, {
    tooOldLogEventEndIndex: 1,
    expiredLogEventEndIndex: 2,
  })
  const entity = { keyAttributes: { Name: 'x' } }
  const logEvents = [{ timestamp: logs.now, message: 'with an entity' }]
  const { rejectedEntityInfo } = await logs.call('PutLogEvents', { ...HERE, logEvents, entity })
  assert.deepEqual(rejectedEntityInfo, { errorType: 'UnsupportedLogGroupType' })
  assert.ok((await logs.get()).texts.includes('with an entity'))
})

test('a token of another stream or list is refused', async () => {
  const logs = await Logs.open()
  await logs.put(['0'])
  const other = { logGroupName: GROUP, logStreamName: 'other' }
  await logs.call('CreateLogStream', other)
  const { nextForwardToken, nextBackwardToken } = await logs.get()
  for (const nextToken of [nextForwardToken, nextBackwardToken])
    for (const operation of ['GetLogEvents', 'DescribeLogStreams'])
      assert.equal(
        await faultOf(logs.call(operation, { ...other, nextToken })),
        'InvalidParameterException: The specified nextToken is invalid.',
      )
})

test('GetLogEvents goes both ways, and says an end by giving the token back', async () => {
  const logs = await Logs.open()
  const empty = await logs.get()
  await logs.put(['0', '1', '2', '3', '4'])
  const first = await logs.get({ nextToken: empty.nextForwardToken, limit: 2 })
  assert.deepEqual(first.texts, ['0', '1'], 'what came after an empty page follows it')
  const newest = await logs.get({ limit: 2 })
  assert.deepEqual(newest.texts, ['3', '4'])
  const before = await logs.get({ limit: 2, nextToken: newest.nextBackwardToken })
  assert.deepEqual(before.texts, ['1', '2'])
  const again = await logs.get({ limit: 9, nextToken: before.nextForwardToken })
  assert.deepEqual(again.texts, ['3', '4'])
  const end = await logs.get({ nextToken: again.nextForwardToken })
  assert.deepEqual([end.texts, end.nextForwardToken], [[], again.nextForwardToken])
  const back = await logs.get({ limit: 1, nextToken: end.nextBackwardToken })
  assert.deepEqual(back.texts, ['4'], 'turning round at the end loses nothing')
  const start = await logs.get({ nextToken: first.nextBackwardToken })
  assert.deepEqual([start.texts, start.nextBackwardToken], [[], first.nextBackwardToken])
  assert.deepEqual((await logs.get({ nextToken: start.nextForwardToken, limit: 1 })).texts, ['0'])
  await logs.put(['5'], logs.now + 10)
  assert.deepEqual((await logs.get({ nextToken: end.nextForwardToken })).texts, ['5'])
  const range = { startTime: logs.now + 1, endTime: logs.now + 3, startFromHead: true }
  assert.deepEqual((await logs.get(range)).texts, ['1', '2'])
  const byArn = { logGroupIdentifier: `${ARN}:*`, logStreamName: STREAM }
  assert.equal((await logs.call('GetLogEvents', byArn)).events.length, 6)
  const foreign = { ...byArn, logGroupIdentifier: ARN.replace(ACCOUNT, '999999999999') }
  assert.equal(await faultOf(logs.call('GetLogEvents', foreign)), NO_GROUP)
})

test('FilterLogEvents searches streams by name or prefix, interleaved by time, page by page', async () => {
  const logs = await Logs.open()
  for (const [index, name] of ['web/b', 'other/c'].entries()) {
    const where = { logGroupName: GROUP, logStreamName: name }
    await logs.call('CreateLogStream', where)
    await logs.put([`ERROR ${name} 0`, `fine ${name}`], logs.now + index, where)
  }
  await logs.put(['ERROR first', 'fine'], logs.now)
  const errors = await logs.filter({ filterPattern: 'ERROR' })
  assert.deepEqual(errors.texts.toSorted(), ['ERROR first', 'ERROR other/c 0', 'ERROR web/b 0'])
  assert.deepEqual(errors.searchedLogStreams, [])
  assert.equal(new Set(names(errors.events, 'eventId')).size, 3)
  for (const { eventId } of errors.events) assert.match(eventId, /^\d{56}$/)
  const seen: string[] = []
  let nextToken: string | undefined
  do {
    const page = await logs.filter({ limit: 1, nextToken })
    seen.push(...page.texts)
    nextToken = page.nextToken
  } while (nextToken !== undefined)
  assert.equal(seen.length, 6)
  assert.deepEqual((await logs.filter({ startFromHead: false })).texts, seen.toReversed())
  assert.equal((await logs.filter({ logStreamNamePrefix: 'web/' })).texts.length, 4)
  assert.equal((await logs.filter({ logStreamNames: ['web/b'] })).texts.length, 2)
  assert.equal(await faultOf(logs.filter({ logStreamNames: ['none'] })), NO_STREAM)
  const { nextToken: ofOne } = await logs.filter({ limit: 1, logStreamNames: ['web/b'] })
  assert.equal(
    await faultOf(logs.filter({ logStreamNames: [STREAM], nextToken: ofOne })),
    'InvalidParameterException: The specified nextToken is invalid.',
  )
  const until = await logs.filter({ endTime: logs.now, logStreamNames: [STREAM] })
  assert.deepEqual(until.texts, ['ERROR first'], 'the end time is included')
})

test('streams are listed by name or by their newest event, either way, in pages', async () => {
  const logs = await Logs.open()
  for (const [index, name] of ['c', 'a', 'b'].entries()) {
    const where = { logGroupName: GROUP, logStreamName: name }
    await logs.call('CreateLogStream', where)
    await logs.put(['x'], logs.now + index, where)
  }
  const list = async (input: object): Promise<string[]> => {
    const found: string[] = []
    let nextToken: string | undefined
    do {
      const page = await logs.call('DescribeLogStreams', {
        logGroupIdentifier: ARN,
        limit: 3,
        nextToken,
        ...input,
      })
      found.push(...names(page.logStreams, 'logStreamName'))
      nextToken = page.nextToken
    } while (nextToken !== undefined)
    return found
  }
  assert.deepEqual(await list({}), ['a', 'b', 'c', STREAM])
  assert.deepEqual(await list({ descending: true }), [STREAM, 'c', 'b', 'a'])
  assert.deepEqual(await list({ orderBy: 'LastEventTime' }), [STREAM, 'c', 'a', 'b'])
  const newest = { orderBy: 'LastEventTime', descending: true }
  assert.deepEqual(await list(newest), ['b', 'a', 'c', STREAM])
  assert.deepEqual(await list({ logStreamNamePrefix: 'w' }), [STREAM])
})

test('groups are listed by prefix, by what is in their names, and by identifier', async () => {
  const logs = await Logs.open()
  for (const logGroupName of ['/ecs/api', 'data/ecs', 'zoo'])
    await logs.call('CreateLogGroup', { logGroupName })
  const list = async (input: object) =>
    names((await logs.call('DescribeLogGroups', input)).logGroups, 'logGroupName')
  assert.deepEqual(await list({}), ['/ecs/api', GROUP, 'data/ecs', 'zoo'])
  assert.deepEqual(await list({ limit: 1 }), ['/ecs/api'])
  assert.deepEqual(await list({ logGroupNamePrefix: '/ecs' }), ['/ecs/api', GROUP])
  assert.deepEqual(await list({ logGroupNamePattern: 'ecs' }), ['/ecs/api', GROUP, 'data/ecs'])
  assert.deepEqual(await list({ logGroupIdentifiers: [ARN, 'zoo'] }), [GROUP, 'zoo'])
  assert.deepEqual(await list({}).then((all) => all.length), 4)
  const other = await logs.call('DescribeLogGroups', {}, { region: 'eu-west-1' })
  assert.deepEqual(other.logGroups, [])
  const found = await logs.call('ListLogGroups', { logGroupNamePattern: '^/ecs|zoo' })
  assert.deepEqual(names(found.logGroups, 'logGroupName'), ['/ecs/api', GROUP, 'zoo'])
})

test('groups found by a pattern tell less, and there is a page behind them', async () => {
  const logs = await Logs.open()
  const ask = (input: object) =>
    logs.call('DescribeLogGroups', { logGroupNamePattern: 'web', ...input })
  const { logGroups: groups, nextToken } = await ask({})
  assert.deepEqual(names(groups, 'logGroupName'), [GROUP])
  assert.ok(!('storedBytes' in groups[0]) && !('deletionProtectionEnabled' in groups[0]))
  assert.deepEqual(await ask({ nextToken }), { logGroups: [], nextToken: undefined })
})

test('what clients write empty is not set', async () => {
  const logs = await Logs.open()
  await logs.put(['x'])
  const empty = { logGroupClass: '', logGroupNamePattern: '' }
  for (const [operation, said, absent] of [
    ['DescribeLogStreams', { orderBy: '', logGroupName: GROUP }, { logGroupName: GROUP }],
    ['DescribeLogGroups', { ...empty, logGroupNamePrefix: '/' }, { logGroupNamePrefix: '/' }],
    ['ListLogGroups', empty, {}],
    ['FilterLogEvents', { logGroupName: GROUP, filterPattern: '' }, { logGroupName: GROUP }],
  ] as const)
    assert.deepEqual(await logs.call(operation, said), await logs.call(operation, absent))
})

test('tags, by the new words and the old', async () => {
  const logs = await Logs.open()
  await logs.call('TagResource', { resourceArn: ARN, tags: { a: '1', b: '2' } })
  await logs.call('TagLogGroup', { logGroupName: GROUP, tags: { b: '3', c: '' } })
  await logs.call('UntagResource', { resourceArn: `${ARN}:*`, tagKeys: ['a', 'none'] })
  const { tags } = await logs.call('ListTagsForResource', { resourceArn: ARN })
  assert.deepEqual(tags, { b: '3', c: '' })
  await logs.call('UntagLogGroup', { logGroupName: GROUP, tags: ['b'] })
  assert.deepEqual(await logs.call('ListTagsLogGroup', { logGroupName: GROUP }), {
    tags: { c: '' },
  })
  const many = Object.fromEntries(Array.from({ length: 50 }, (_, n) => [`k${n}`, 'v']))
  assert.match(
    await faultOf(logs.call('TagResource', { resourceArn: ARN, tags: many })),
    /^TooManyTagsException/,
  )
  assert.match(
    await faultOf(logs.call('TagResource', { resourceArn: 'arn:aws:s3:::x', tags: { a: 'b' } })),
    /Invalid resource ARN/,
  )
})

test('a protected group loses nothing until it is protected no longer', async () => {
  const logs = await Logs.open()
  const protect = (deletionProtectionEnabled: boolean) =>
    logs.call('PutLogGroupDeletionProtection', {
      logGroupIdentifier: ARN,
      deletionProtectionEnabled,
    })
  await protect(true)
  assert.match(
    await faultOf(logs.call('DeleteLogGroup', { logGroupName: GROUP })),
    /^ValidationException/,
  )
  assert.match(await faultOf(logs.call('DeleteLogStream', HERE)), /^ValidationException/)
  await protect(false)
  await logs.call('DeleteLogGroup', { logGroupName: GROUP })
})

test('what has expired is not seen, and is deleted', async () => {
  const storage = new MemoryStorage(LOG_FILES)
  const house = await House.open(new MemoryLog(), undefined, () => storage)
  const logs = await Logs.open(house)
  await logs.put(['old'])
  await logs.call('PutRetentionPolicy', { logGroupName: GROUP, retentionInDays: 1 })
  await house.clock.move(DAY_MS + 1)
  assert.deepEqual([(await logs.get()).texts, (await logs.filter()).texts], [[], []])
  await house.clock.move(HOUR_MS)
  await logs.call('DeleteRetentionPolicy', { logGroupName: GROUP })
  assert.deepEqual((await logs.get()).texts, [], 'it is gone, not hidden')
  await logs.put(['new'])
  await house.clock.move(3 * DAY_MS)
  assert.deepEqual((await logs.get()).texts, ['new'])
})

test('deleting a group of many streams frees all of them, also over a restart', async () => {
  const [journal, storage] = [new MemoryLog(), new MemoryStorage(LOG_FILES)]
  const logs = await Logs.open(await House.open(journal, undefined, () => storage))
  for (let n = 0; n < 250; n++)
    await logs.call('CreateLogStream', { logGroupName: GROUP, logStreamName: `s${n}` })
  const { groupId } = logs.house.server.store.read((tx) => [...tx.scan(logGroups)][0]!.row)
  await logs.put(['kept'])
  await logs.call('DeleteLogGroup', { logGroupName: GROUP })
  const house = await House.open(journal, logs.house.clock, () => storage)
  await house.clock.move(1000)
  const left = house.server.store.read((tx) => [
    [...tx.scan(logStreams)].length,
    [...tx.scan(discards)].length,
  ])
  assert.deepEqual(left, [0, 0])
  const ids = Array.from({ length: 300 }, (_, n) => (n + 1).toString(16).padStart(16, '0'))
  const stats = await storage.stats(groupId, ids)
  assert.ok(stats.every(({ storedBytes }) => storedBytes === 0))
})

test('a reset account has no logs left, and keeps none', async () => {
  const storage = new MemoryStorage(LOG_FILES)
  const logs = await Logs.open(await House.open(new MemoryLog(), undefined, () => storage))
  await logs.put(['secret'])
  const { store } = logs.house.server
  const { groupId } = store.read((tx) => [...tx.scan(logGroups)][0]!.row)
  const { streamId } = store.read((tx) => [...tx.scan(logStreams)][0]!.row)
  await store.write((tx) => resetAccount(tx, ACCOUNT, logs.now))
  assert.deepEqual((await logs.call('DescribeLogGroups')).logGroups, [])
  await turn()
  assert.deepEqual(await storage.stats(groupId, [streamId]), [{ storedBytes: 0 }])
  assert.equal(
    store.read((tx) => [...tx.scan(logStreams)].length),
    0,
  )
})

test('events of a stream that is deleted while they are written are not kept', async () => {
  const storage = new MemoryStorage(LOG_FILES)
  const logs = await Logs.open(await House.open(new MemoryLog(), undefined, () => storage))
  const { groupId } = logs.house.server.store.read((tx) => [...tx.scan(logGroups)][0]!.row)
  const { streamId } = logs.house.server.store.read((tx) => [...tx.scan(logStreams)][0]!.row)
  const gate = Promise.withResolvers<void>()
  const append = storage.append.bind(storage)
  storage.append = async (...all) => {
    await gate.promise
    await append(...all)
  }
  const writing = faultOf(logs.put(['late']))
  await logs.call('DeleteLogStream', HERE)
  gate.resolve()
  assert.equal(await writing, NO_STREAM)
  assert.deepEqual(await storage.stats(groupId, [streamId]), [{ storedBytes: 0 }])
})

test('a storage that cannot is said in AWS’s word', async () => {
  const storage = new MemoryStorage(LOG_FILES)
  const logs = await Logs.open(await House.open(new MemoryLog(), undefined, () => storage))
  storage.append = () => Promise.reject(new StorageUnavailable('the disk is full'))
  assert.match(await faultOf(logs.put(['x'])), /^ServiceUnavailableException/)
})

test('a host’s machine key writes logs of its account and reads none', async () => {
  const logs = await Logs.open()
  const as: As = { principal: { type: 'host', accountId: ACCOUNT, hostId: 'h' } }
  const where = { logGroupName: 'made-by-host', logStreamName: 's' }
  const logEvents = [{ timestamp: logs.now, message: 'x' }]
  await logs.call('CreateLogGroup', { logGroupName: where.logGroupName })
  await logs.call('CreateLogStream', where, as)
  await logs.call('PutLogEvents', { ...where, logEvents }, as)
  for (const [operation, input] of [
    ['DescribeLogStreams', { logGroupName: where.logGroupName }],
    ['GetLogEvents', where],
    ['FilterLogEvents', { logGroupName: GROUP }],
    ['CreateLogGroup', { logGroupName: 'made-by-host-too' }],
    ['DeleteLogGroup', { logGroupName: GROUP }],
    ['DescribeLogGroups', {}],
    ['TagLogGroup', { logGroupName: GROUP, tags: { a: 'b' } }],
  ] as const)
    assert.match(
      await faultOf(logs.call(operation, input, as)),
      /^AccessDeniedException: .*is not authorized to perform: logs:/,
      operation,
    )
})
