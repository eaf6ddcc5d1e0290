/**
 * Server and agent die without warning, twenty times, while clients write. What was acknowledged is there afterwards,
 * exactly once, and no container noticed.
 */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'

import { systemIds } from '#system/system.ts'

import { House, startedAt, until } from '../parity/house.ts'
import { RandomValues } from '../parity/random-values.ts'
import { importImage, removeImage } from './engine.fixture.ts'
import { Load } from './load.fixture.ts'

const IMAGE = `berth-kill-test-${systemIds.hex(8)}:1`
const ROUNDS = 10
const STEADY = 3
const SEED = Number(process.env['BERTH_TEST_SEED'] ?? 20_260_101)
const CLUSTER = 'default'
type Task = {
  taskArn: string
  lastStatus: string
  cpu: string
  memory: string
  containers: { runtimeId?: string }[]
}
type Host = { registeredResources: Resource[]; remainingResources: Resource[] }
type Resource = { name: string; integerValue: number }

let house: House
before(async () => {
  await importImage(IMAGE, ['LABEL berth.local=true'])
  house = await House.start({ agent: true })
})
after(async () => {
  await house?.stop()
  await removeImage(IMAGE)
})

const limit = { timeout: 280_000 }

test(
  '20 kill -9 of server and agent under load lose no acknowledged write, and every container keeps its StartedAt',
  limit,
  async (context) => {
    const random = new RandomValues(SEED)
    const containers = new Containers()
    await define('steady', 'trap "exit 0" TERM; while :; do sleep 0.2; done')
    await define('short', 'true')
    await house.api('RunTask', { cluster: CLUSTER, taskDefinition: 'steady', count: STEADY })
    await until('the steady tasks run', async () => {
      const { tasks } = await theTasks('RUNNING')
      return (
        tasks.filter(({ lastStatus }) => lastStatus === 'RUNNING').length === STEADY || undefined
      )
    })
    await containers.look()
    const load = new Load(house, CLUSTER)
    try {
      for (let round = 0; round < ROUNDS; round++) {
        await kill('server')
        await check()
        await kill('agent')
        await check()
      }
      await load.pause()
      await load.verifyAll()
      await until('every short task has ended', async () => {
        const { tasks } = await theTasks('RUNNING')
        return tasks.length === STEADY || undefined
      })
      await theSums()
      const started = (await theTasks('STOPPED')).tasks.length
      assert.equal(started, load.tokens.size, 'one token, one task')
      context.diagnostic(`seed ${SEED}: ${load.summary}`)
    } finally {
      await load.end()
    }

    async function kill(what: 'server' | 'agent'): Promise<void> {
      const wanted = load.acknowledged + 5 + Math.floor(random.next() * 25)
      const offset = random.next() * 20
      load.resume()
      await until(`${wanted} acknowledged writes`, () => load.acknowledged >= wanted || undefined)
      await new Promise((done) => setTimeout(done, offset))
      await house[what]?.end('SIGKILL')
      await (what === 'server' ? house.startServer() : house.startAgent())
    }

    async function check(): Promise<void> {
      await load.pause()
      await load.verifyRecent()
      await containers.look()
      await theSums()
    }
  },
)

async function define(family: string, script: string): Promise<void> {
  await house.api('RegisterTaskDefinition', {
    family,
    containerDefinitions: [
      { name: 'app', image: IMAGE, cpu: 8, memory: 16, command: ['sh', '-c', script] },
    ],
  })
}

async function theTasks(desiredStatus: string): Promise<{ tasks: Task[] }> {
  const all: Task[] = []
  let nextToken: string | undefined
  do {
    const page = await house.api<{ taskArns: string[]; nextToken?: string }>('ListTasks', {
      cluster: CLUSTER,
      desiredStatus,
      nextToken,
    })
    nextToken = page.nextToken
    if (page.taskArns.length === 0) continue
    const asked = { cluster: CLUSTER, tasks: page.taskArns }
    all.push(...(await house.api<{ tasks: Task[] }>('DescribeTasks', asked)).tasks)
  } while (nextToken !== undefined)
  return { tasks: all }
}

/** Asked until it is so: reports arrive between two questions. */
async function theSums(): Promise<void> {
  let seen = ''
  await until(
    'the host holds what its live tasks reserve',
    async () => {
      const { containerInstanceArns } = await house.api<{ containerInstanceArns: string[] }>(
        'ListContainerInstances',
        { cluster: CLUSTER },
      )
      assert.equal(containerInstanceArns.length, 1, 'the agent registered once')
      const { containerInstances } = await house.api<{ containerInstances: Host[] }>(
        'DescribeContainerInstances',
        { cluster: CLUSTER, containerInstances: containerInstanceArns },
      )
      const host = containerInstances[0]!
      const live = (
        await Promise.all(['RUNNING', 'STOPPED'].map((status) => theTasks(status)))
      ).flatMap(({ tasks }) => tasks.filter(({ lastStatus }) => lastStatus !== 'STOPPED'))
      const unique = [...new Map(live.map((task) => [task.taskArn, task])).values()]
      const held = (name: string): number =>
        amount(host.registeredResources, name) - amount(host.remainingResources, name)
      const sum = (what: 'cpu' | 'memory'): number =>
        unique.reduce((total, task) => total + Number(task[what]), 0)
      seen = JSON.stringify([held('CPU'), sum('cpu'), held('MEMORY'), sum('memory')])
      return (held('CPU') === sum('cpu') && held('MEMORY') === sum('memory')) || undefined
    },
    20_000,
  ).catch((error: Error) => {
    throw new Error(`${error.message}: ${seen}`, { cause: error })
  })
}

const amount = (resources: readonly Resource[], name: string): number =>
  resources.find((resource) => resource.name === name)?.integerValue ?? Number.NaN

/** Every container that was ever seen, by the task's container that it is. */
class Containers {
  readonly #seen = new Map<string, { id: string; startedAt: string | undefined }>()

  async look(): Promise<void> {
    const now = await house.containers()
    const names = now.map(({ Labels }) => nameOf(Labels))
    assert.equal(new Set(names).size, names.length, 'no two containers for one container of a task')
    for (const { Id: id, State, Labels } of now) {
      const begin = State === 'created' ? undefined : await startedAt(id)
      const before = this.#seen.get(nameOf(Labels))
      if (before) {
        assert.equal(id, before.id, 'a container was replaced')
        if (before.startedAt !== undefined) assert.equal(begin, before.startedAt, 'restarted')
      }
      this.#seen.set(nameOf(Labels), { id, startedAt: begin })
    }
    for (const [name, { id }] of this.#seen)
      assert.ok(
        now.some(({ Id }) => Id === id),
        `${name} has vanished`,
      )
  }
}

const nameOf = (labels: Readonly<Record<string, string>>): string =>
  `${labels['com.amazonaws.ecs.task-arn']} ${labels['com.amazonaws.ecs.container-name']}`
