/**
 * One container's output to CloudWatch Logs, durable and found, in blocking mode, beside Docker's json-file alone with
 * the same output: `node bench/logs.ts [megabytes] [repetitions]`. Both run in turns on the same engine. Prints a line
 * for each run and the medians, and fails when a line is missing.
 */
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { CloudWatchLogs } from '@aws-sdk/client-cloudwatch-logs'

import { docker, importImage, removeImage } from '../test/docker/engine.fixture.ts'
import { House, KEYS, REGION, until } from '../test/parity/house.ts'
import { compare, loadAverage } from './report.ts'

const MEGABYTES = Number(process.argv[2] ?? 100)
const REPETITIONS = Number(process.argv[3] ?? 3)
const LINE_BYTES = 100
const LINES = (MEGABYTES * 1_000_000) / LINE_BYTES
const IMAGE = 'berth-bench-logs:1'
/** Waits for the word, so that starting the container is not measured. */
const SCRIPT = 'until [ -e /data/go ]; do busybox usleep 5000; done; cat /data/lines'

const folder = mkdtempSync(join(tmpdir(), 'berth-bench-'))
const line = (n: number): string => String(n).padStart(LINE_BYTES - 1, '0')

type Run = { readonly name: string; readonly seconds: number; readonly cpu?: string }

/** Processor seconds that a process has used. */
function cpuOf(pid: number | undefined): number {
  const [user, system] = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .split(') ')[1]!
    .split(' ')
    .slice(11)
  return (Number(user) + Number(system)) / 100
}

/** Says the word, and measures until `done`. */
async function timed(data: string, done: () => Promise<void>): Promise<number> {
  const begin = performance.now()
  writeFileSync(join(data, 'go'), '')
  await done()
  return (performance.now() - begin) / 1000
}

function prepare(name: string): string {
  const data = join(folder, name)
  mkdirSync(data)
  let text = ''
  for (let n = 1; n <= LINES; n++) text += `${line(n)}\n`
  writeFileSync(join(data, 'lines'), text)
  return data
}

async function jsonFile(number: number): Promise<Run> {
  const data = prepare(`peer-${number}`)
  const { Id } = (await docker('POST', '/containers/create', {
    Image: IMAGE,
    Cmd: ['sh', '-c', SCRIPT],
    HostConfig: {
      Binds: [`${data}:/data:ro`],
      NetworkMode: 'none',
      LogConfig: { Type: 'json-file', Config: {} },
    },
  })) as { Id: string }
  await docker('POST', `/containers/${Id}/start`)
  const seconds = await timed(
    data,
    async () => void (await docker('POST', `/containers/${Id}/wait`)),
  )
  await docker('DELETE', `/containers/${Id}?force=true`)
  rmSync(data, { recursive: true })
  return { name: 'json-file', seconds }
}

async function awslogs(house: House, logs: CloudWatchLogs, number: number): Promise<Run> {
  const data = prepare(`berth-${number}`)
  const family = `bench-${number}`
  await house.api('RegisterTaskDefinition', {
    family,
    networkMode: 'none',
    volumes: [{ name: 'data', host: { sourcePath: data } }],
    containerDefinitions: [
      {
        name: 'app',
        image: IMAGE,
        memory: 64,
        command: ['sh', '-c', SCRIPT],
        mountPoints: [{ sourceVolume: 'data', containerPath: '/data', readOnly: true }],
        logConfiguration: {
          logDriver: 'awslogs',
          options: {
            'awslogs-region': REGION,
            'awslogs-group': family,
            'awslogs-stream-prefix': 'b',
            'awslogs-create-group': 'true',
            mode: 'blocking',
          },
        },
      },
    ],
  })
  const { tasks } = await house.api<{ tasks: { taskArn: string }[] }>('RunTask', {
    taskDefinition: family,
  })
  const arn = tasks[0]!.taskArn
  const stream = { logGroupName: family, logStreamName: `b/app/${arn.split('/').at(-1)}` }
  await until('the task runs', async () => {
    const { tasks: now } = await house.api<{ tasks: { lastStatus: string }[] }>('DescribeTasks', {
      tasks: [arn],
    })
    return now[0]?.lastStatus === 'RUNNING' || undefined
  })
  const last = line(LINES)
  const used = (): number[] => [cpuOf(house.server.child.pid), cpuOf(house.agent?.child.pid)]
  const before = used()
  const seconds = await timed(data, async () => {
    await until(
      'the last line is found',
      async () => {
        const { events } = await logs.getLogEvents({ ...stream, limit: 1 })
        return events?.[0]?.message === last || undefined
      },
      300_000,
    )
  })
  const [server, agent] = used().map((seconds, index) => (seconds - before[index]!).toFixed(2))
  await checkAll(logs, stream)
  rmSync(data, { recursive: true })
  await logs.deleteLogGroup({ logGroupName: family })
  return { name: 'awslogs', seconds, cpu: `processor: server ${server} s, agent ${agent} s` }
}

/** Every line once, in its order. */
async function checkAll(
  logs: CloudWatchLogs,
  stream: { readonly logGroupName: string; readonly logStreamName: string },
): Promise<void> {
  let count = 0
  let nextToken: string | undefined
  for (;;) {
    const page = await logs.getLogEvents({ ...stream, startFromHead: true, nextToken })
    for (const { message } of page.events ?? []) assert.equal(message, line(++count))
    if (page.nextForwardToken === nextToken) break
    nextToken = page.nextForwardToken
  }
  assert.equal(count, LINES, 'lines were lost')
}

await importImage(IMAGE, ['LABEL berth.local=true'])
const house = await House.start({ agent: true })
const logs = new CloudWatchLogs({ endpoint: house.endpoint, region: REGION, credentials: KEYS })
const runs: Run[] = []
try {
  console.log(`${MEGABYTES} MB in ${LINES} lines of ${LINE_BYTES} bytes, ${REPETITIONS} times each`)
  for (let number = 1; number <= REPETITIONS; number++)
    for (const run of [await jsonFile(number), await awslogs(house, logs, number)]) {
      runs.push(run)
      const rate = (MEGABYTES / run.seconds).toFixed(1)
      console.log(
        `${run.name.padEnd(10)} ${run.seconds.toFixed(2)} s  ${rate} MB/s  load ${loadAverage()}  ${run.cpu ?? ''}`,
      )
    }
  const rates = (name: string): number[] =>
    runs.filter((run) => run.name === name).map(({ seconds }) => MEGABYTES / seconds)
  compare('one container’s log, durable and found', 'MB/s', rates('awslogs'), rates('json-file'))
} finally {
  logs.destroy()
  await house.stop()
  await removeImage(IMAGE)
  rmSync(folder, { recursive: true, force: true })
}
