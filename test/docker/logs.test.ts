/** Awslogs through the whole house: what containers write is found in CloudWatch Logs, whatever dies meanwhile. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'

import { CloudWatchLogs } from '@aws-sdk/client-cloudwatch-logs'

import { systemIds } from '#system/system.ts'

import { House, KEYS, REGION, until } from '../parity/house.ts'
import { patient } from '../patience.ts'
import { importImage, removeImage } from './engine.fixture.ts'

const IMAGE = `berth-logs-test-${systemIds.hex(8)}:1`
const LIMIT = { timeout: patient(120_000) }
let house: House
let logs: CloudWatchLogs

before(async () => {
  await importImage(IMAGE, ['LABEL berth.local=true'])
  house = await House.start({ agent: true })
  logs = new CloudWatchLogs({ endpoint: house.endpoint, region: REGION, credentials: KEYS })
})
after(async () => {
  logs?.destroy()
  await house?.stop()
  await removeImage(IMAGE)
})

type Task = {
  taskArn: string
  lastStatus: string
  stoppedReason?: string
  containers: { runtimeId?: string; reason?: string; exitCode?: number }[]
}

async function start(
  family: string,
  script: string,
  options: Record<string, string>,
): Promise<string> {
  await house.api('RegisterTaskDefinition', {
    family,
    containerDefinitions: [
      {
        name: 'app',
        image: IMAGE,
        memory: 32,
        stopTimeout: 2,
        command: ['sh', '-c', script],
        logConfiguration: {
          logDriver: 'awslogs',
          options: {
            'awslogs-region': REGION,
            'awslogs-group': family,
            'awslogs-stream-prefix': 'web',
            'awslogs-create-group': 'true',
            ...options,
          },
        },
      },
    ],
  })
  const { tasks } = await house.api<{ tasks: Task[] }>('RunTask', { taskDefinition: family })
  assert.ok(tasks[0], 'a host has the capability')
  return tasks[0].taskArn
}

const streamOf = (arn: string): string => `web/app/${arn.split('/').at(-1)}`

const reaches = (arn: string, status: string): Promise<Task> =>
  until(`the task is ${status}`, async () => {
    const { tasks } = await house.api<{ tasks: Task[] }>('DescribeTasks', { tasks: [arn] })
    return tasks[0]?.lastStatus === status ? tasks[0] : undefined
  })

/** Every event of a group, oldest first; nothing while the group or the server is not there. */
async function read(logGroupName: string, filterPattern = ''): Promise<string[]> {
  const found: string[] = []
  let nextToken: string | undefined
  do {
    const page = await logs
      .filterLogEvents({ logGroupName, filterPattern, nextToken })
      .catch(() => undefined)
    if (!page) return []
    found.push(...(page.events ?? []).map(({ message = '' }) => message))
    nextToken = page.nextToken
  } while (nextToken !== undefined)
  return found
}

const reads = (group: string, wanted: string): Promise<string[]> =>
  until(`${wanted} is in ${group}`, async () => {
    const lines = await read(group)
    return lines.includes(wanted) ? lines : undefined
  })

const FOREVER = 'trap "exit 0" TERM; while :; do sleep 0.1; done'

test('trap 7: a line of a running task is found, in the stream that ECS names', LIMIT, async () => {
  const arn = await start('trap-7', `echo hello; echo oops >&2; ${FOREVER}`, {})
  const lines = await reads('trap-7', 'oops')
  assert.deepEqual(lines.toSorted(), ['hello', 'oops'])
  assert.equal((await reaches(arn, 'RUNNING')).lastStatus, 'RUNNING')
  const { logStreams } = await logs.describeLogStreams({ logGroupName: 'trap-7' })
  assert.deepEqual(
    logStreams?.map(({ logStreamName }) => logStreamName),
    [streamOf(arn)],
  )
  await house.api('StopTask', { task: arn })
})

test(
  'what a container wrote just before its end is kept, lines without an end and long ones too',
  LIMIT,
  async () => {
    const long = 'dd if=/dev/zero bs=1000 count=300 2>/dev/null | busybox tr "\\0" x'
    const arn = await start('log-end', `echo first; ${long}; echo; printf last`, {})
    await reaches(arn, 'STOPPED')
    const lines = await reads('log-end', 'last')
    // Docker's driver splits at 256 KiB, less the 26 bytes that AWS counts for each event.
    assert.deepEqual(
      lines.map((line) => line.length),
      [5, 262_118, 300_000 - 262_118, 4],
    )
  },
)

test('lines are joined into events by a pattern', LIMIT, async () => {
  const script = 'echo "2026-01-02 a"; echo "  at b"; echo "2026-01-03 c"; sleep 0.2'
  await start('log-join', script, { 'awslogs-datetime-format': '%Y-%m-%d' })
  assert.deepEqual(await reads('log-join', '2026-01-03 c\n'), [
    '2026-01-02 a\n  at b\n',
    '2026-01-03 c\n',
  ])
})

test(
  'a group that is not there stops a task that must not lose its log, with Docker’s reason; a bad option with its name',
  LIMIT,
  async () => {
    const none = { 'awslogs-create-group': 'false' }
    const missing = await start('log-none', 'true', { ...none, mode: 'blocking' })
    const { containers } = await reaches(missing, 'STOPPED')
    assert.equal(
      containers[0]?.reason,
      'CannotStartContainerError: Error response from daemon: failed to initialize logging driver: failed to create Cloudwatch log stream: ResourceNotFoundException: The specified log group does not exist.',
    )
    const dropped = await reaches(await start('log-none', 'echo x; exit 3', none), 'STOPPED')
    assert.equal(dropped.containers[0]?.exitCode, 3, 'it has run, and what it said is lost')
    const refused = await start('log-bad', 'true', { mode: 'sometimes' })
    const bad = await reaches(refused, 'STOPPED')
    const reason =
      'CannotCreateContainerError: Error response from daemon: logger: unknown logging mode: sometimes'
    assert.deepEqual([bad.stoppedReason, bad.containers[0]?.reason], [reason, reason])
  },
)

test(
  'blocking: kill -9 of agent and server lose no line, and repeat only what was on its way',
  LIMIT,
  async (context) => {
    const COUNT = 20_000
    // It writes for as long as the killing takes.
    const pause = '[ $((i % 100)) = 0 ] && busybox usleep 50000'
    const script = `i=0; while [ $i -lt ${COUNT} ]; do i=$((i+1)); echo "line $i"; ${pause}; done; echo done; ${FOREVER}`
    const arn = await start('log-kill', script, { mode: 'blocking' })
    for (let round = 0; round < 3; round++) {
      const before = (await read('log-kill')).length
      await house.agent?.end('SIGKILL')
      await house.startAgent()
      await house.server.end('SIGKILL')
      await house.startServer()
      await until('more lines arrive', async () => {
        const now = (await read('log-kill')).length
        return now > before || now >= COUNT || undefined
      })
    }
    const lines = await reads('log-kill', 'done')
    const numbers = lines
      .filter((line) => line !== 'done')
      .map((line) => Number(line.split(' ')[1]))
    const distinct = new Set(numbers)
    assert.deepEqual([distinct.size, Math.min(...numbers), Math.max(...numbers)], [COUNT, 1, COUNT])
    context.diagnostic(`${numbers.length - COUNT} of ${COUNT} lines came twice`)
    await house.api('StopTask', { task: arn })
  },
)

test(
  'a container is removed only when its log is sent, and what is left of it is forgotten',
  LIMIT,
  async () => {
    await house.agent?.end('SIGKILL')
    await house.startAgent({ ECS_ENGINE_TASK_CLEANUP_WAIT_DURATION: '1s' })
    const arn = await start('log-gone', 'echo here', {})
    await reaches(arn, 'STOPPED')
    await until('its container is removed', async () => {
      const left = await house.containers()
      return left.every(({ Labels }) => Labels['com.amazonaws.ecs.task-arn'] !== arn) || undefined
    })
    assert.deepEqual(await read('log-gone'), ['here'])
  },
)
