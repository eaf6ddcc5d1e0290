import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'

import type { Clock } from '#kernel/clock.ts'
import type { Log } from '#kernel/log.ts'

import { Agent } from './agent.ts'
import { readConfig } from './config.ts'
import { CallFault } from './control-plane.ts'
import type { Engine } from './engine.ts'
import type { Host } from './host.ts'
import type { Connect } from './outside.ts'
import type { AgentState } from './state/state.ts'

const SAVED: AgentState = {
  version: 1,
  cluster: 'default',
  containerInstanceArn: 'arn:aws:ecs:us-east-1:123456789012:container-instance/default/1',
  timeline: 1,
  tasks: [],
  forgotten: [],
}

const ARN = SAVED.containerInstanceArn as string

type World = {
  readonly call: (operation: string, input: object) => Promise<unknown>
  readonly cluster?: string
  readonly saved?: AgentState | undefined
  readonly labels?: readonly Readonly<Record<string, string>>[]
  readonly connect?: Connect
  readonly clock?: Clock
  readonly warned?: Log['warn']
  /** Told when the engine is asked for an image, the first thing that a task needs. */
  readonly acted?: () => void
}

/** Its sleeps end only with what they are for. */
const STANDING: Clock = {
  now: () => 0,
  after: () => () => {},
  sleep: (_ms, signal) =>
    new Promise((_done, fail) => {
      const end = () => fail(signal?.reason as Error)
      if (signal?.aborted) end()
      signal?.addEventListener('abort', end)
    }),
}

/** An agent of which the world is what a test says; asked for anything else, the world has none. */
function agentThat(world: World): Agent {
  const { call, cluster = 'default', clock = STANDING, warned = () => {} } = world
  const engine = {
    info: async () => ({
      cpus: 1,
      memoryBytes: 1,
      loggingDrivers: [],
      volumeDrivers: [],
      apiVersion: '1.41',
    }),
    list: async () => ({ found: (world.labels ?? []).map((labels) => ({ labels })), silent: [] }),
    watch: () => () => {},
    image: async () => world.acted?.(),
  }
  const host = {
    info: async () => ({
      taskGroups: false,
      pause: false,
      dynamicPorts: { first: 1, last: 2 },
      bootId: 'boot',
      gpuIds: [],
    }),
    ownAddress: () => Promise.reject(new Error('not allowed')),
  }
  return new Agent({
    calls: { call },
    connect: world.connect ?? (() => Promise.reject(new Error('not asked'))),
    state: {
      load: async () => ('saved' in world ? world.saved : SAVED),
      save: async () => {},
    },
    region: 'us-east-1',
    credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
    installationId: 'i',
    directoryId: 'directory',
    architecture: 'x64',
    engine: engine as unknown as Engine,
    host: host as unknown as Host,
    clock,
    ids: { hex: () => '', uuid: () => '', random: () => 0 },
    log: { info: () => {}, warn: warned, error: () => {} },
    config: { ...readConfig({}), cluster },
  })
}

test('surprise 25: the state of another cluster is not taken over', async () => {
  const agent = agentThat({
    call: () => Promise.reject(new Error('not asked')),
    cluster: 'other',
  })
  await assert.rejects(agent.start(), /belongs to cluster 'default', not to 'other'/)
})

test('surprise 28: an agent that cannot register yet ends when it is told to', async () => {
  const asked = Promise.withResolvers<void>()
  const agent = agentThat({
    call: () => {
      asked.resolve()
      return Promise.reject(new CallFault('ThrottlingException', 'Rate exceeded', 400))
    },
  })
  void agent.start().catch(() => {})
  await asked.promise
  await agent.stop()
})

const refusing = (code: string, message: string) => () =>
  Promise.reject(new CallFault(code, message, 400))

test('a refusal for good ends the agent with its reason', async () => {
  for (const [code, message] of [
    ['UnrecognizedClientException', 'The security token is invalid.'],
    ['ClientException', `The machine key of host h is good for ${ARN}, which is registered still.`],
  ] as const) {
    const agent = agentThat({ call: refusing(code, message), saved: undefined })
    await assert.rejects(agent.start(), { message: `${code}: ${message}` })
  }
})

test('a clock that is wrong is waited for, and how far it is off is said', async () => {
  let asked = 0
  const told: unknown[] = []
  const agent = agentThat({
    clock: jumping().clock,
    warned: (message, fields) => {
      if (message === 'cannot register') told.push(fields?.['clocks'])
    },
    call: () => {
      asked += 1
      const message = [
        'Signature expired: 20260102T025805Z is now earlier than 20260102T025905Z (20260102T030405Z - 5 min.)',
        'Signature not yet current: 20260102T031005Z is still later than 20260102T030905Z (20260102T030405Z + 5 min.)',
      ][asked - 1]
      return message === undefined
        ? refusing('BlockedException', 'no')()
        : refusing('InvalidSignatureException', message)()
    },
  })
  await assert.rejects(agent.start(), /BlockedException/)
  assert.deepEqual(told, [
    "this machine's clock is 360 s behind the control plane's",
    "this machine's clock is 360 s ahead of the control plane's",
  ])
})

test('a data directory of another host is told from one of a container instance that is gone', async () => {
  const denied = agentThat({ call: refusing('AccessDeniedException', 'not authorized') })
  await assert.rejects(denied.start(), {
    message: new RegExp(`belongs to another host, container instance ${ARN}: .*not authorized`),
  })
  // In another account nobody knows of it.
  const arn = ARN.replace('123456789012', '210987654321')
  const elsewhere = agentThat({
    clock: jumping().clock,
    call: async (_operation, input) => {
      if ('containerInstanceArn' in input) return refusing('InvalidParameterException', '')()
      return { containerInstance: { containerInstanceArn: arn } }
    },
  })
  await assert.rejects(elsewhere.start(), /belongs to another host/)
})

test("another host's containers on the engine do not say which host this one is", async () => {
  const asked: unknown[] = []
  const agent = agentThat({
    saved: undefined,
    labels: [{ 'berth.container-instance': ARN }],
    clock: jumping().clock,
    call: async (_operation, input) => {
      const { containerInstanceArn } = input as { readonly containerInstanceArn?: string }
      asked.push(containerInstanceArn)
      const fault = containerInstanceArn ? 'AccessDeniedException' : 'BlockedException'
      return refusing(fault, 'no')()
    },
  })
  await assert.rejects(agent.start(), /BlockedException/)
  assert.deepEqual(asked, [ARN, undefined])
})

/** A clock that jumps to the end of each sleep. */
function jumping(): { readonly clock: Clock; readonly sleeps: number[] } {
  let now = 0
  const sleeps: number[] = []
  const sleep = async (ms: number): Promise<void> => {
    sleeps.push(ms)
    now += ms
    await turn()
  }
  return { clock: { ...STANDING, now: () => now, sleep }, sleeps }
}

test('while another agent has the place this one does nothing, says so once a minute, and takes it when it is free', async () => {
  const { clock, sleeps } = jumping()
  const warned: string[] = []
  const urls: string[] = []
  const actsBefore: number[] = []
  let acts = 0
  const container = { status: 'NONE', dockerName: 'ecs-web' } as const
  const definition = { arn: 'task', desiredStatus: 'RUNNING' } as const
  const agent = agentThat({
    clock,
    acted: () => void (acts += 1),
    warned: (message) => warned.push(message),
    saved: {
      ...SAVED,
      tasks: [
        {
          arn: 'task',
          definition: { ...definition, containers: [{ name: 'web', image: 'web' }] },
          desired: 'RUNNING',
          admitted: true,
          seqNum: 1,
          containers: { web: container },
          volumes: {},
          reported: { status: 'NONE', containers: {} },
        },
      ],
    },
    call: async (operation) => {
      if (operation === 'DiscoverPollEndpoint')
        return { endpoint: 'http://acs', telemetryEndpoint: 'http://tcs' }
      return { containerInstance: { containerInstanceArn: ARN } }
    },
    connect: async ({ url, opened, signal }) => {
      if (url.startsWith('ws://tcs')) await ended(signal)
      urls.push(url)
      actsBefore.push(acts)
      if (urls.length < 9)
        return {
          opened: false,
          code: 1006,
          reason: '',
          refusal: { type: 'ConflictException', message: 'another' },
        }
      opened({ send: () => {}, close: () => {} })
      await ended(signal)
      return { opened: true, code: 1001, reason: '' }
    },
  })
  await agent.start()
  assert.deepEqual([...actsBefore, acts], [0, 0, 0, 0, 0, 0, 0, 0, 0, 1])
  assert.match(urls[0] ?? '', /bootId=boot.*installationId=directory/)
  assert.ok(Math.max(...sleeps) <= 60_000, String(sleeps))
  const told = warned.filter((message) => message.includes('another agent'))
  const elapsedMs = sleeps.reduce((sum, ms) => sum + ms, 0)
  assert.ok(told.length >= 2 && told.length <= 1 + elapsedMs / 60_000, `${told.length}`)
  await agent.stop()
})

const ended = (signal: AbortSignal): Promise<void> =>
  new Promise((done) => {
    if (signal.aborted) done()
    else signal.addEventListener('abort', () => done())
  })
