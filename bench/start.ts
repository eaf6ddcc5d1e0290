/**
 * From RunTask to a started process, one at a time, against Docker's own API with the same container: create and
 * start, until the engine says that the process has begun.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { request as httpRequest } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

import { runAgent } from '#agent/main.ts'

import { docker, DOCKER_SOCKET, importImage, removeImage } from '../test/docker/engine.fixture.ts'
import { ask } from './load.ts'
import { Berth, KEYS } from './peers.ts'
import { compare, median, tell } from './report.ts'

const IMAGE = 'berth-bench:1'
const TURNS = 15
const MIB = 1024 * 1024
const COMMAND = ['/bin/busybox', 'sleep', '600']

type StartEvent = {
  readonly id: string
  readonly timeNano: number
  readonly Actor: { readonly Attributes: Readonly<Record<string, string>> }
}

/** The engine tells of each start as it happens; asking for it would slow down what is measured. */
class Starts {
  readonly #events: StartEvent[] = []
  #wake: () => void = () => {}

  static async open(): Promise<Starts> {
    const starts = new Starts()
    const filters = encodeURIComponent(JSON.stringify({ type: ['container'], event: ['start'] }))
    const path = `/v1.41/events?filters=${filters}`
    await new Promise<void>((opened, failed) => {
      httpRequest({ socketPath: DOCKER_SOCKET, path }, (response) => {
        createInterface({ input: response }).on('line', (line) => {
          starts.#events.push(JSON.parse(line) as StartEvent)
          starts.#wake()
        })
        response.socket.unref()
        opened()
      })
        .on('error', failed)
        .end()
    })
    return starts
  }

  /** When this container began, in milliseconds since the epoch, and its id. */
  async of(
    is: (event: StartEvent) => boolean,
  ): Promise<{ readonly id: string; readonly at: number }> {
    for (;;) {
      const found = this.#events.find(is)
      if (found) return { id: found.id, at: found.timeNano / 1e6 }
      await new Promise<void>((done) => (this.#wake = done))
    }
  }
}

const now = (): number => performance.timeOrigin + performance.now()

async function raw(): Promise<number> {
  const begin = now()
  const { Id } = (await docker('POST', '/containers/create', {
    Image: IMAGE,
    Cmd: COMMAND,
    ExposedPorts: { '80/tcp': {} },
    HostConfig: {
      NetworkMode: 'bridge',
      Memory: 32 * MIB,
      CpuShares: 128,
      PortBindings: { '80/tcp': [{ HostPort: '0' }] },
    },
  })) as { Id: string }
  await docker('POST', `/containers/${Id}/start`)
  const took = (await starts.of(({ id }) => id === Id)).at - begin
  await docker('DELETE', `/containers/${Id}?force=true`)
  return took
}

async function byRunTask(berth: Berth): Promise<number> {
  const begin = now()
  const { tasks, failures } = await ask<{ tasks: { taskArn: string }[]; failures: object[] }>(
    berth.target,
    'RunTask',
    { taskDefinition: 'bench' },
  )
  if (failures.length > 0) throw new Error(`no task: ${JSON.stringify(failures)}`)
  const arn = tasks[0]?.taskArn ?? ''
  const { id, at } = await starts.of(
    ({ Actor }) => Actor.Attributes['com.amazonaws.ecs.task-arn'] === arn,
  )
  const took = at - begin
  await ask(berth.target, 'StopTask', { task: arn })
  for (;;) {
    const { tasks: after } = await ask<{ tasks: { lastStatus: string }[] }>(
      berth.target,
      'DescribeTasks',
      { tasks: [arn] },
    )
    if (after[0]?.lastStatus === 'STOPPED') break
  }
  await docker('DELETE', `/containers/${id}?force=true`)
  return took
}

const starts = await Starts.open()
const directory = mkdtempSync(join(tmpdir(), 'berth-bench-agent-'))
const berth = await Berth.start()
await ask(berth.target, 'CreateCluster', { clusterName: 'default' })
await importImage(IMAGE, ['LABEL berth.local=true'])
const agent = await runAgent({
  endpoint: `http://127.0.0.1:${berth.target.port}`,
  region: 'us-east-1',
  credentials: KEYS,
  dataDirectory: directory,
  protectedPaths: [],
  installationId: 'berth-bench',
  log: { write: () => true },
})
try {
  await ask(berth.target, 'RegisterTaskDefinition', {
    family: 'bench',
    containerDefinitions: [
      {
        name: 'app',
        image: IMAGE,
        cpu: 128,
        memory: 32,
        stopTimeout: 2,
        command: COMMAND,
        portMappings: [{ containerPort: 80 }],
      },
    ],
  })
  await byRunTask(berth)
  await raw()
  const ours: number[] = []
  const theirs: number[] = []
  for (let turn = 0; turn < TURNS; turn += 1) {
    ours.push(await byRunTask(berth))
    theirs.push(await raw())
  }
  compare('RunTask → process started ÷ raw create and start', 'ms', ours, theirs)
  tell('beyond the raw start', `${(median(ours) - median(theirs)).toFixed(0)} ms`)
} finally {
  await agent.stop()
  await berth.remove()
  await removeImage(IMAGE)
  rmSync(directory, { recursive: true })
}
