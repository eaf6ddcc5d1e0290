/**
 * A service from its creation to all its tasks RUNNING, its healing after a kill, scaling and a rolling update, against
 * Docker Swarm with the same container on an engine of its own; turn by turn on one machine.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { docker, importImage, listContainers, removeImage } from '../test/docker/engine.fixture.ts'
import { ask } from './load.ts'
import { Berth, KEYS } from './peers.ts'
import { compare, tell } from './report.ts'
import { Swarm } from './swarm.ts'

const IMAGE = 'berth-bench-services:1'
const COMMAND = ['/bin/busybox', 'sleep', '3600']
const TURNS = Number(process.argv[2] ?? 3)
const LOOK_MS = 20
const LIMIT_MS = 180_000

const now = (): number => performance.now()
const pause = (): Promise<void> => new Promise((done) => setTimeout(done, LOOK_MS))

async function until(look: () => Promise<boolean>): Promise<void> {
  for (const end = now() + LIMIT_MS; !(await look()); await pause())
    if (now() > end) throw new Error('it did not come true in time')
}

/** What both can do, each in its own words. */
type Contender = {
  create(count: number): Promise<unknown>
  scale(count: number): Promise<unknown>
  /** Replaces every task. */
  roll(count: number): Promise<unknown>
  /** How many tasks run, after `roll` of the new ones: one call, since asking takes from what is measured. */
  count(): Promise<number>
  /** Their containers. */
  running(): Promise<readonly string[]>
  kill(container: string): Promise<unknown>
  remove(): Promise<void>
}

type Service = {
  readonly deployments: readonly {
    readonly id: string
    readonly rolloutState: string
    readonly runningCount: number
  }[]
}
type Task = {
  readonly lastStatus: string
  readonly startedBy: string
  readonly containers: readonly { readonly runtimeId?: string }[]
}

class OnBerth implements Contender {
  readonly #berth: Berth
  #count = 0
  #service = ''

  constructor(berth: Berth) {
    this.#berth = berth
  }

  async create(count: number): Promise<void> {
    this.#service = `s${(this.#count += 1)}`
    await this.#ask('CreateService', {
      serviceName: this.#service,
      taskDefinition: 'bench',
      desiredCount: count,
    })
  }

  scale(count: number): Promise<unknown> {
    return this.#ask('UpdateService', { service: this.#service, desiredCount: count })
  }

  roll(): Promise<unknown> {
    return this.#ask('UpdateService', { service: this.#service, forceNewDeployment: true })
  }

  async count(): Promise<number> {
    return (await this.describe()).deployments[0]?.runningCount ?? 0
  }

  async running(): Promise<readonly string[]> {
    const primary = (await this.describe()).deployments[0]?.id
    const { taskArns } = await this.#ask<{ taskArns: string[] }>('ListTasks', {
      serviceName: this.#service,
    })
    if (taskArns.length === 0) return []
    const { tasks } = await this.#ask<{ tasks: Task[] }>('DescribeTasks', { tasks: taskArns })
    return tasks
      .filter(({ lastStatus, startedBy }) => lastStatus === 'RUNNING' && startedBy === primary)
      .map(({ containers }) => containers[0]?.runtimeId ?? '')
  }

  kill(container: string): Promise<unknown> {
    return docker('POST', `/containers/${container}/kill`)
  }

  async describe(): Promise<Service> {
    const asked = { services: [this.#service] }
    return (await this.#ask<{ services: Service[] }>('DescribeServices', asked))
      .services[0] as Service
  }

  async remove(): Promise<void> {
    await this.#ask('DeleteService', { service: this.#service, force: true })
    await until(async () => {
      const left = await listContainers('com.amazonaws.ecs.task-definition-family=bench')
      const over = left.filter(({ State }) => State !== 'running')
      await Promise.allSettled(
        over.map(({ Id }) => docker('DELETE', `/containers/${Id}?force=true`)),
      )
      return left.length === 0
    })
  }

  #ask<T>(operation: string, input: object): Promise<T> {
    return ask<T>(this.#berth.target, operation, input)
  }
}

class OnSwarm implements Contender {
  readonly #swarm: Swarm
  #count = 0
  #service = ''
  #version = 'v1'

  constructor(swarm: Swarm) {
    this.#swarm = swarm
  }

  create(count: number): Promise<unknown> {
    this.#service = `s${(this.#count += 1)}`
    this.#version = 'v1'
    return this.#swarm.create(this.#service, count, COMMAND)
  }

  scale(count: number): Promise<unknown> {
    return this.#swarm.update(this.#service, count, COMMAND, this.#version)
  }

  roll(count: number): Promise<unknown> {
    this.#version = 'v2'
    return this.#swarm.update(this.#service, count, COMMAND, this.#version)
  }

  async count(): Promise<number> {
    return (await this.running()).length
  }

  running(): Promise<readonly string[]> {
    return this.#swarm.running(this.#service, this.#version)
  }

  kill(container: string): Promise<unknown> {
    return this.#swarm.kill(container)
  }

  remove(): Promise<void> {
    return this.#swarm.delete(this.#service)
  }
}

type Times = Record<'create' | 'heal' | 'scale' | 'roll', number[]>
const times = (): Times => ({ create: [], heal: [], scale: [], roll: [] })

async function turn(on: Contender, seconds: Times): Promise<void> {
  const timed = async (what: keyof Times, act: () => Promise<unknown>, count: number) => {
    const begin = now()
    await act()
    await until(async () => (await on.count()) === count)
    seconds[what].push((now() - begin) / 1000)
  }
  await timed('create', () => on.create(50), 50)
  await on.remove()
  await on.create(10)
  await until(async () => (await on.count()) === 10)
  const [victim = ''] = await on.running()
  const begin = now()
  await on.kill(victim)
  await until(async () => {
    const running = await on.running()
    return running.length === 10 && !running.includes(victim)
  })
  seconds.heal.push((now() - begin) / 1000)
  await timed('scale', () => on.scale(50), 50)
  await on.remove()
  await on.create(20)
  await until(async () => (await on.count()) === 20)
  await timed('roll', () => on.roll(20), 20)
}

function agentOf(berth: Berth, directory: string): ChildProcess {
  return spawn(
    process.execPath,
    [
      '--disable-warning=ExperimentalWarning',
      join(import.meta.dirname, '../dist/berth.js'),
      'agent',
      '--endpoint',
      `http://127.0.0.1:${berth.target.port}`,
      '--data',
      directory,
    ],
    {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: {
        ...process.env,
        AWS_ACCESS_KEY_ID: KEYS.accessKeyId,
        AWS_SECRET_ACCESS_KEY: KEYS.secretAccessKey,
      },
    },
  )
}

await importImage(IMAGE, ['LABEL berth.local=true'])
const directory = mkdtempSync(join(tmpdir(), 'berth-bench-agent-'))
const berth = await Berth.start()
await ask(berth.target, 'CreateCluster', { clusterName: 'default' })
const agent = agentOf(berth, directory)
const swarm = new Swarm(IMAGE)
try {
  await swarm.start()
  await ask(berth.target, 'RegisterTaskDefinition', {
    family: 'bench',
    containerDefinitions: [
      { name: 'app', image: IMAGE, cpu: 1, memory: 16, stopTimeout: 2, command: COMMAND },
    ],
  })
  const [ours, theirs] = [times(), times()]
  const [mine, peer] = [new OnBerth(berth), new OnSwarm(swarm)]
  for (let at = 0; at < TURNS; at += 1) {
    await turn(mine, ours)
    if (at === 0) {
      const begin = now()
      await until(async () => (await mine.describe()).deployments[0]?.rolloutState === 'COMPLETED')
      tell(
        'rolling update of 20: from all new RUNNING to COMPLETED',
        `${((now() - begin) / 1000).toFixed(1)} s, of which 40 s are the rule`,
      )
    }
    await mine.remove()
    await turn(peer, theirs)
    await peer.remove()
  }
  compare(
    'create-service with 50 bridge tasks → all RUNNING ÷ Swarm',
    's',
    ours.create,
    theirs.create,
  )
  compare('a killed container → its replacement RUNNING ÷ Swarm', 's', ours.heal, theirs.heal)
  compare('scale 10 → 50, all RUNNING ÷ Swarm', 's', ours.scale, theirs.scale)
  compare('rolling update of 20, all new RUNNING ÷ Swarm', 's', ours.roll, theirs.roll)
} finally {
  agent.kill('SIGKILL')
  await berth.remove()
  await swarm.stop()
  for (const { Id } of await listContainers('com.amazonaws.ecs.task-definition-family=bench'))
    await docker('DELETE', `/containers/${Id}?force=true`)
  await removeImage(IMAGE)
  rmSync(directory, { recursive: true, force: true })
}
