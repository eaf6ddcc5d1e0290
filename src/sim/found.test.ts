/** What the simulation found, each as the smallest case of it: the engine answers late, or never, and disks are full. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { readConfig } from '#agent/config.ts'
import type { Engine } from '#agent/engine.ts'
import { LABELS } from '#agent/tasks/create.ts'
import { TaskRunner } from '#agent/tasks/runner.ts'
import { isStopped, type KnownTask } from '#agent/tasks/task.ts'
import { containerInstances, tasks } from '#aws/ecs/records/records.ts'
import type { AcsTask } from '#wire/task.ts'

import { VirtualClock } from './clock.ts'
import { IMAGE } from './definitions.ts'
import { engineClient } from './engine-client.ts'
import { SimEngine } from './engine.ts'
import { Images } from './images.ts'
import { Life } from './life.ts'
import { machine } from './machine.ts'
import { BEGIN, CLUSTER } from './place.ts'
import { ending, filling, serving } from './program.ts'
import { Rng } from './rng.ts'
import { Trace } from './trace.ts'
import { CALM } from './weather.ts'
import { World } from './world.ts'

const ARN = 'arn:aws:ecs:us-east-1:111122223333:task/default/0123456789abcdef0123456789abcdef'
const MINUTE_MS = 60_000
const RESTORE_RETRY_MS = 2_000
const lost = (): Error => new Error('the answer was lost')

/** The tasks of one agent on a pretended engine, some of whose calls are the test's own. */
class Bench {
  readonly clock = new VirtualClock(BEGIN)
  readonly engine: SimEngine
  isDiskFull = false
  /** By container, in the order of their starts. */
  readonly starts: string[] = []
  readonly #life = new Life(this.clock)
  readonly #rng = new Rng(1)

  constructor() {
    const images = new Images([IMAGE])
    this.engine = new SimEngine({
      clock: this.clock,
      rng: this.#rng,
      images,
      happened: ({ type, labels }) => {
        if (type === 'started') this.starts.push(labels[LABELS.containerName] ?? '')
      },
    })
  }

  async runner(
    change: (engine: Engine) => Partial<Engine> = () => ({}),
    known: readonly KnownTask[] = [],
  ): Promise<TaskRunner> {
    const engine = engineClient({
      engine: this.engine,
      life: this.#life,
      clock: this.clock,
      rng: this.#rng,
      weather: () => CALM,
      failed: () => undefined,
    })
    const runner = new TaskRunner({
      engine: { ...engine, ...change(engine) },
      host: machine,
      settings: { region: 'us-east-1', dynamicPorts: undefined, taskPidsLimit: undefined },
      capacity: { cpu: 4096, memoryMiB: 4096 },
      ports: { first: 32_768, last: 60_999 },
      clock: this.clock,
      ids: this.#rng.ids(),
      log: new Trace(this.clock).log('agent', () => undefined),
      config: readConfig({}),
      owner: { installationId: 'bench', containerInstanceArn: 'instance', cluster: CLUSTER },
      tasks: known,
      forgotten: [],
      images: {},
      save: async () => {
        if (this.isDiskFull) throw new Error('no space left')
      },
      changed: () => undefined,
    })
    const restore = (): Promise<void> =>
      runner.restore().catch(() => this.clock.sleep(RESTORE_RETRY_MS).then(restore))
    const restored: true[] = []
    void restore().then(() => restored.push(true))
    // Nobody gives it a task before.
    do await this.clock.run(MINUTE_MS)
    while (restored.length === 0)
    return runner
  }

  get states(): readonly string[] {
    return this.engine.all().map(({ state }) => state)
  }
}

function aTask(...commands: readonly (readonly string[])[]): AcsTask {
  const containers = commands.map((command, at) => ({
    name: `c${at}`,
    image: IMAGE,
    command,
    essential: at === commands.length - 1,
  }))
  return { arn: ARN, desiredStatus: 'RUNNING', containers }
}

test('a start and a create whose answers are lost are a start and a create', async () => {
  const bench = new Bench()
  const runner = await bench.runner((engine) => ({
    create: (name, body) =>
      engine.create(name, body).then(() => {
        throw lost()
      }),
    start: (id) =>
      engine.start(id).then(() => {
        throw lost()
      }),
  }))
  runner.receive(aTask(serving(0)), 1)
  await bench.clock.run(MINUTE_MS)
  assert.equal(runner.tasks.get(ARN)?.containers['c0']?.status, 'RUNNING')
  assert.deepEqual(bench.states, ['running'])
})

test('a start that was given up is told when it cannot come about any more, and not before', async () => {
  const bench = new Bench()
  let isStuck = true
  const runner = await bench.runner((engine) => ({
    start: async (id) => {
      bench.clock.after(5 * MINUTE_MS, () => void engine.start(id).catch(() => undefined))
      throw lost()
    },
    remove: async (id) => {
      if (isStuck) throw lost()
      await engine.remove(id)
    },
  }))
  runner.receive(aTask(serving(0)), 1)
  await bench.clock.run(MINUTE_MS)
  const task = (): KnownTask => runner.tasks.get(ARN) ?? assert.fail()
  assert.equal(isStopped(task()), false)
  isStuck = false
  await bench.clock.run(MINUTE_MS)
  assert.ok(isStopped(task()))
  assert.match(task().containers['c0']?.reason ?? '', /the answer was lost/)
  await bench.clock.run(10 * MINUTE_MS)
  assert.deepEqual(bench.states, [])
})

test('a container that was started is not removed before it is durable why', async () => {
  const bench = new Bench()
  const runner = await bench.runner((engine) => ({
    start: (id) =>
      engine.start(id).then(() => {
        bench.isDiskFull = true
        throw lost()
      }),
    inspect: () => Promise.reject(lost()),
  }))
  runner.receive(aTask(serving(0)), 1)
  await bench.clock.run(MINUTE_MS)
  assert.deepEqual(bench.states, ['running'])
  bench.isDiskFull = false
  await bench.clock.run(MINUTE_MS)
  assert.deepEqual(bench.states, [])
})

for (const remembers of [true, false])
  test(`a start that an agent left under way is not asked for again by one that ${remembers ? 'knows' : 'forgot'} its task`, () =>
    startedTwice(remembers))

/** What the engine says meanwhile is what a real one says: nothing. */
async function startedTwice(remembers: boolean): Promise<void> {
  const bench = new Bench()
  const first = await bench.runner((engine) => ({
    start: async (id) => {
      const free = bench.engine.occupy(id)
      await bench.clock.sleep(2 * MINUTE_MS)
      await engine.start(id)
      free()
    },
  }))
  first.receive(aTask(filling(5)), 1)
  await bench.clock.run(MINUTE_MS / 4)
  first.stop()
  assert.deepEqual(bench.states, ['created'])
  const second = await bench.runner(() => ({}), remembers ? afterCrash(first) : [])
  second.receive(aTask(filling(5)), 2)
  await bench.clock.run(10 * MINUTE_MS)
  void second.resync()
  await bench.clock.run(MINUTE_MS)
  assert.deepEqual(bench.starts, ['c0'])
  assert.match(second.tasks.get(ARN)?.containers['c0']?.reason ?? '', /OutOfMemoryError/)
}

/** What the next agent reads of what this one knows. */
function afterCrash(runner: TaskRunner): readonly KnownTask[] {
  return JSON.parse(JSON.stringify([...runner.tasks.values()])) as KnownTask[]
}

test('a start that never came about since its agent ended is asked for anew', async () => {
  const bench = new Bench()
  const first = await bench.runner(() => ({ start: () => new Promise(() => undefined) }))
  first.receive(aTask(serving(0)), 1)
  await bench.clock.run(MINUTE_MS)
  first.stop()
  assert.deepEqual(bench.states, ['created'])
  const second = await bench.runner(undefined, afterCrash(first))
  await bench.clock.run(MINUTE_MS)
  assert.deepEqual([bench.states, bench.starts], [['running'], ['c0']])
  assert.equal(second.tasks.get(ARN)?.containers['c0']?.status, 'RUNNING')
})

test('what was not yet asked to start when its agent ended is started by the next', async () => {
  const bench = new Bench()
  const commands = Array.from({ length: 6 }, () => serving(0))
  const first = await bench.runner((engine) => ({
    start: (id) => bench.clock.sleep(MINUTE_MS).then(() => engine.start(id)),
  }))
  first.receive(aTask(...commands), 1)
  await bench.clock.run(MINUTE_MS / 2)
  first.stop()
  const second = await bench.runner(undefined, afterCrash(first))
  await bench.clock.run(MINUTE_MS)
  const { containers = {} } = second.tasks.get(ARN) ?? {}
  assert.deepEqual(
    new Set(Object.values(containers).map(({ status }) => status)),
    new Set(['RUNNING']),
  )
  assert.deepEqual(
    bench.starts.toSorted(),
    commands.map((_, at) => `c${at}`),
  )
})

test('an engine that says why it did not start a container is not waited for', async () => {
  const bench = new Bench()
  const first = await bench.runner((engine) => ({
    start: (id) => engine.start(id).catch(() => new Promise(() => undefined)),
  }))
  first.receive(aTask(['/no/such/program']), 1)
  await bench.clock.run(MINUTE_MS)
  first.stop()
  const second = await bench.runner(undefined, afterCrash(first))
  assert.match(
    second.tasks.get(ARN)?.containers['c0']?.reason ?? '',
    /^CannotStartContainerError: .*no such file/,
  )
})

test('nothing is started before it is durable that it is, and all is when it can be', async () => {
  const bench = new Bench()
  bench.isDiskFull = true
  const runner = await bench.runner()
  runner.receive(aTask(serving(0)), 1)
  await bench.clock.run(10 * MINUTE_MS)
  assert.deepEqual(bench.states, ['created'])
  bench.isDiskFull = false
  await bench.clock.run(MINUTE_MS)
  assert.deepEqual(bench.states, ['running'])
})

for (const remembers of [true, false])
  test(`a container that is created after its create was given up is removed by an agent that ${remembers ? 'knows' : 'forgot'} its task`, () =>
    createdLate(remembers))

async function createdLate(remembers: boolean): Promise<void> {
  const bench = new Bench()
  const runner = await bench.runner((engine) => ({
    create: async (name, body) => {
      bench.clock.after(5 * MINUTE_MS, () => void engine.create(name, body))
      throw lost()
    },
  }))
  runner.receive(aTask(serving(0)), 1)
  await bench.clock.run(MINUTE_MS)
  if (!remembers) runner.stop()
  const last = remembers ? runner : await bench.runner()
  await bench.clock.run(10 * MINUTE_MS)
  assert.deepEqual(bench.states, ['created'])
  void last.resync()
  await bench.clock.run(MINUTE_MS)
  assert.deepEqual(bench.states, [])
}

test('a container that is brought back after its end is ended again, and nothing is told anew', async () => {
  const bench = new Bench()
  const runner = await bench.runner()
  runner.receive(aTask(serving(3)), 1)
  await bench.clock.run(MINUTE_MS)
  runner.stopTask(ARN)
  await bench.clock.run(MINUTE_MS)
  const { id } = bench.engine.all()[0] ?? assert.fail()
  for (const hear of [() => runner.look(id), () => runner.resync()]) {
    bench.engine.start(id)
    assert.deepEqual(bench.states, ['running'])
    void hear()
    await bench.clock.run(MINUTE_MS)
    assert.deepEqual(bench.states, ['exited'])
    const over = runner.tasks.get(ARN)
    assert.ok(over && isStopped(over))
    assert.equal(over.containers['c0']?.exitCode, 3)
  }
})

test('a task that is known by its labels alone starts nothing before the control plane says that it is to run', async () => {
  const bench = new Bench()
  const first = await bench.runner()
  first.receive(aTask(serving(0), serving(0)), 1)
  await bench.clock.run(MINUTE_MS)
  first.stop()
  const one = bench.engine.all().find(({ labels }) => labels[LABELS.containerName] === 'c1')
  bench.engine.vanish(one?.id ?? '')
  const second = await bench.runner()
  assert.ok(second.tasks.has(ARN))
  assert.deepEqual(bench.states, ['running'])
  second.receive(aTask(serving(0), serving(0)), 2)
  await bench.clock.run(MINUTE_MS)
  assert.deepEqual(bench.states, ['running', 'running'])
})

/** A world of one host and one user. */
async function ofOneHost() {
  const world = await World.open({ seed: 1, hosts: 1, users: 1 })
  const [user, host] = [world.users[0] ?? assert.fail(), world.hosts[0] ?? assert.fail()]
  const ask = (operation: string, input: object): Promise<void> =>
    world.until(user.ask(operation, input), MINUTE_MS)
  return { world, host, ask }
}

/** The same, in which a task was asked for whose container runs this. */
async function withATask(command: readonly string[]) {
  const small = await ofOneHost()
  const containerDefinitions = [{ name: 'main', image: IMAGE, command, memory: 64 }]
  await small.ask('RegisterTaskDefinition', { family: 'one', containerDefinitions })
  await small.ask('RunTask', { taskDefinition: 'one' })
  return small
}

test('an agent that cannot save tells nothing, and all when it can', async () => {
  const { world } = await withATask(ending(60, 0))
  const statuses = (): string[] =>
    [...world.oracle.rows(tasks)].map(([, { lastStatus }]) => lastStatus)
  await world.run(MINUTE_MS / 2)
  assert.deepEqual(statuses(), ['RUNNING'])
  world.weather = { ...CALM, saveFails: 1 }
  await world.run(5 * MINUTE_MS)
  assert.deepEqual(statuses(), ['RUNNING'])
  world.weather = CALM
  await world.run(5 * MINUTE_MS)
  assert.deepEqual(statuses(), ['STOPPED'])
  assert.equal(world.failure, undefined)
})

test('what a deregistered container instance was to run is not run by the one that comes after it', async () => {
  const { world, host, ask } = await withATask(serving(0))
  // Heard of and saved, and nothing of it done.
  await world.run(20)
  host.killAgent()
  assert.deepEqual(host.engine.all(), [])
  const { containerInstanceArn: containerInstance } = host
  await ask('DeregisterContainerInstance', { containerInstance, force: true })
  host.startAgent()
  await world.run(5 * MINUTE_MS)
  assert.equal(world.failure, undefined)
  assert.notEqual(host.containerInstanceArn, containerInstance)
  assert.deepEqual(host.engine.all(), [])
})

test('an agent whose container instance is gone joins anew, though its disk is full', async () => {
  const { world, host, ask } = await ofOneHost()
  world.weather = { ...CALM, saveFails: 1 }
  const { containerInstanceArn: containerInstance } = host
  await ask('DeregisterContainerInstance', { containerInstance, force: true })
  await world.run(5 * MINUTE_MS)
  assert.notEqual(host.containerInstanceArn, containerInstance)
  assert.equal(world.failure, undefined)
  assert.equal([...world.oracle.rows(containerInstances)].at(-1)?.[1].agentConnected, true)
  assert.deepEqual(world.trace.tail(1, ['the agent ended']), [])
})

test('a manifest that comes while the disk is full is acted on', async () => {
  const { world, host, ask } = await withATask(serving(0))
  await world.run(MINUTE_MS)
  const { id, name, labels } = host.engine.all()[0] ?? assert.fail()
  await ask('StopTask', { task: labels[LABELS.taskArn] })
  await world.run(MINUTE_MS)
  assert.equal([...world.oracle.rows(tasks)][0]?.[1].lastStatus, 'STOPPED')
  host.forget()
  host.engine.vanish(id)
  host.engine.create(name, { Image: IMAGE, Labels: labels, HostConfig: {} })
  world.weather = { ...CALM, saveFails: 1 }
  host.startAgent()
  await world.run(MINUTE_MS)
  world.weather = CALM
  await world.run(5 * MINUTE_MS)
  assert.deepEqual(host.engine.all(), [])
  assert.equal(world.failure, undefined)
})
