/** Services on real containers, seen with real clients: the scheduler's promises in the time that they really take. */
import assert from 'node:assert/strict'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'

import { ECSClient, waitUntilServicesStable } from '@aws-sdk/client-ecs'

import { systemIds } from '#system/system.ts'

import { House, KEYS, REGION, run, startedAt, until } from '../parity/house.ts'
import { patient } from '../patience.ts'
import { docker, importImage, removeImage } from './engine.fixture.ts'
import { Registry } from './registry.fixture.ts'

const IMAGE = `berth-services-test-${systemIds.hex(8)}:1`
const MISSING = 'berth-services-test-missing:1'
const FOREVER = ['sh', '-c', 'trap "exit 0" TERM; while :; do sleep 0.1; done']
/** Healthy five seconds after it has started, and not unhealthy because a machine is slow. */
const HEALTHY = {
  healthCheck: { command: ['CMD', '/bin/true'], interval: 5, timeout: 60, retries: 10 },
}
/** How long a crash loop is watched; the whole ten minutes are for whoever has them. */
const WATCHED_MS = Number(process.env['BERTH_CRASH_LOOP_SECONDS'] ?? 75) * 1000
const LIMIT = { timeout: patient(180_000 + WATCHED_MS) }

type Service = {
  readonly status: string
  readonly runningCount: number
  readonly pendingCount: number
  readonly desiredCount: number
  readonly deployments: readonly {
    readonly id: string
    readonly status: string
    readonly rolloutState: string
    readonly rolloutStateReason: string
    readonly taskDefinition: string
    readonly failedTasks: number
  }[]
  readonly events: readonly { readonly message: string }[]
}
type Task = {
  readonly taskArn: string
  readonly lastStatus: string
  readonly group: string
  readonly taskDefinitionArn: string
  readonly stopCode?: string
  readonly stoppedReason?: string
  readonly containers: readonly { readonly runtimeId?: string; readonly exitCode?: number }[]
}

/** One service in a house of its own or of several. */
class Watched {
  readonly house: House
  readonly name: string

  constructor(house: House, name: string) {
    this.house = house
    this.name = name
  }

  async define(container: object = {}): Promise<string> {
    const { taskDefinition } = await this.house.api<{ taskDefinition: { revision: number } }>(
      'RegisterTaskDefinition',
      {
        family: this.name,
        containerDefinitions: [
          {
            name: 'app',
            image: IMAGE,
            cpu: 1,
            memory: 16,
            command: FOREVER,
            stopTimeout: 2,
            ...container,
          },
        ],
      },
    )
    return `${this.name}:${taskDefinition.revision}`
  }

  create(more: object): Promise<unknown> {
    return this.house.api('CreateService', {
      serviceName: this.name,
      taskDefinition: this.name,
      ...more,
    })
  }

  update(more: object): Promise<unknown> {
    return this.house.api('UpdateService', { service: this.name, ...more })
  }

  async describe(): Promise<Service> {
    const { services } = await this.house.api<{ services: Service[] }>('DescribeServices', {
      services: [this.name],
    })
    return services[0] as Service
  }

  /** `aws ecs wait services-stable`, as people type it. */
  async waitByCli(): Promise<Service> {
    const args = ['--endpoint-url', this.house.endpoint, 'ecs', 'wait', 'services-stable']
    const named = ['--cluster', 'default', '--services', this.name]
    const { code, stderr } = await run('aws', [...args, ...named], this.house.env)
    assert.equal(code, 0, stderr)
    return this.isStable()
  }

  async waitBySdk(): Promise<Service> {
    const client = new ECSClient({
      endpoint: this.house.endpoint,
      region: REGION,
      credentials: KEYS,
    })
    const options = { client, maxWaitTime: patient(200), minDelay: 1, maxDelay: 2 }
    const { state } = await waitUntilServicesStable(options, { services: [this.name] })
    client.destroy()
    assert.equal(String(state), 'SUCCESS')
    return this.isStable()
  }

  /** Trap 4: exactly one deployment, running equals desired. */
  async isStable(): Promise<Service> {
    const service = await this.describe()
    assert.equal(service.deployments.length, 1)
    assert.equal(service.runningCount, service.desiredCount)
    assert.equal((await this.tasks()).length, service.desiredCount)
    return service
  }

  /** Its tasks that are wanted and not over. */
  async tasks(desiredStatus = 'RUNNING'): Promise<Task[]> {
    const { taskArns } = await this.house.api<{ taskArns: string[] }>('ListTasks', {
      serviceName: this.name,
      desiredStatus,
    })
    if (taskArns.length === 0) return []
    const { tasks } = await this.house.api<{ tasks: Task[] }>('DescribeTasks', { tasks: taskArns })
    return tasks
  }

  /** Every change of its tasks so far, in the order in which they happened. */
  async history(): Promise<Task[]> {
    const { stdout } = await this.house.berth('events', '--data', this.house.data)
    return stdout
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as { detail: Task }).detail)
      .filter(({ group }) => group === `service:${this.name}`)
  }

  /** The service's containers that the engine has, by whether they run. */
  async containers(): Promise<{ readonly running: number; readonly all: number }> {
    const all = (await this.house.containers()).filter(
      ({ Labels }) => Labels['com.amazonaws.ecs.task-definition-family'] === this.name,
    )
    return { running: all.filter(({ State }) => State === 'running').length, all: all.length }
  }

  async delete(): Promise<void> {
    await this.house.api('DeleteService', { service: this.name, force: true })
    await until(`${this.name} is INACTIVE and nothing of it runs`, async () => {
      const { status } = await this.describe()
      const { running } = await this.containers()
      return status === 'INACTIVE' && running === 0 ? true : undefined
    })
  }
}

/** How many were RUNNING at least and had not ended at most, at any moment after the first `from` changes. */
function extremes(history: readonly Task[], from: number): { least: number; most: number } {
  const now = new Map<string, string>()
  let [least, most] = [Infinity, 0]
  for (const [at, { taskArn, lastStatus }] of history.entries()) {
    now.set(taskArn, lastStatus)
    if (at < from) continue
    const statuses = [...now.values()]
    least = Math.min(least, statuses.filter((status) => status === 'RUNNING').length)
    most = Math.max(most, statuses.filter((status) => status !== 'STOPPED').length)
  }
  return { least, most }
}

let house: House
before(async () => {
  await importImage(IMAGE, ['LABEL berth.local=true'])
  house = await House.start({ agent: true })
})
after(async () => {
  await house?.stop()
  await removeImage(IMAGE)
})

/** All at once: what they do most is to wait. */
describe('services on real containers', { concurrency: true }, () => {
  journeys()
  healing()
  loops()
  misfits()
})

function journeys(): void {
  test(
    'traps 4, 5: create, scale, update and rollback come to a stable service for every waiter',
    LIMIT,
    async () => {
      const web = new Watched(house, 'journey')
      await web.define(HEALTHY)
      await web.create({
        desiredCount: 2,
        deploymentConfiguration: { deploymentCircuitBreaker: { enable: true, rollback: true } },
      })
      const created = await web.waitByCli()
      assert.equal(created.runningCount, 2)
      await web.update({ desiredCount: 3 })
      await web.waitBySdk()
      const second = await web.define(HEALTHY)
      await web.update({ taskDefinition: second })
      const updated = await web.waitByCli()
      assert.ok(updated.deployments[0]?.taskDefinition.endsWith(second))
      assert.equal(updated.deployments[0]?.rolloutState, 'COMPLETED')
      const before = (await web.tasks()).map(({ taskArn }) => taskArn).toSorted()
      await web.update({ taskDefinition: await web.define({ image: MISSING }) })
      await until(
        'the circuit breaker has rolled back',
        async () => {
          const { deployments } = await web.describe()
          const [primary] = deployments
          const isBack = primary?.taskDefinition.endsWith(second)
          return isBack && deployments.length === 1 && primary?.rolloutState === 'COMPLETED'
            ? true
            : undefined
        },
        200_000,
      )
      await web.waitBySdk()
      const after = (await web.tasks()).map(({ taskArn }) => taskArn).toSorted()
      assert.deepEqual(after, before, 'what ran before the rollback still runs')
      await web.delete()
      assert.equal((await web.describe()).status, 'INACTIVE')
    },
  )

  test(
    'trap 21: rolling update of four tasks with min 50 and max 100, two at a time',
    LIMIT,
    async () => {
      const web = new Watched(house, 'two-at-a-time')
      await web.define(HEALTHY)
      await web.create({
        desiredCount: 4,
        deploymentConfiguration: { minimumHealthyPercent: 50, maximumPercent: 100 },
      })
      await web.waitBySdk()
      await until('it is steady', async () => {
        const { deployments } = await web.describe()
        return deployments[0]?.rolloutState === 'COMPLETED' ? true : undefined
      })
      const from = (await web.history()).length
      const revision = await web.define(HEALTHY)
      await web.update({ taskDefinition: revision })
      await web.waitBySdk()
      const history = await web.history()
      assert.deepEqual(extremes(history, from), { least: 2, most: 4 })
      const started = new Set(history.slice(from).map(({ taskArn }) => taskArn))
      assert.equal(started.size, 8, 'four ended and four began')
      for (const task of await web.tasks()) assert.ok(task.taskDefinitionArn.endsWith(revision))
      await web.delete()
    },
  )
}

function healing(): void {
  test('a container that is killed is replaced within seconds', LIMIT, async () => {
    const web = new Watched(house, 'killed')
    await web.define()
    await web.create({ desiredCount: 2 })
    await web.waitBySdk()
    const [victim] = await web.tasks()
    await docker('POST', `/containers/${victim?.containers[0]?.runtimeId}/kill`)
    await until(
      'another one runs',
      async () => {
        const tasks = await web.tasks()
        const others = tasks.filter(
          ({ taskArn, lastStatus }) => taskArn !== victim?.taskArn && lastStatus === 'RUNNING',
        )
        return others.length === 2 ? true : undefined
      },
      15_000,
    )
    await web.delete()
  })
}

function loops(): void {
  const broken: readonly (readonly [name: string, container: object, most: number])[] = [
    ['image-missing', { image: MISSING }, 5],
    ['exits-at-once', { command: ['/bin/true'] }, 8],
    ['exits-after-a-while', { command: ['sh', '-c', 'sleep 20; exit 1'] }, 5],
    ['out-of-memory', { command: ['sh', '-c', 'dd if=/dev/zero of=/dev/null bs=64M'] }, 8],
  ]
  for (const [name, container, most] of broken)
    test(`trap 2: ${name} backs off and leaves nothing behind`, LIMIT, async () => {
      const web = new Watched(house, name)
      await web.define(container)
      await web.create({ desiredCount: 1 })
      const begin = Date.now()
      const attempts = async (): Promise<number> =>
        new Set((await web.history()).map(({ taskArn }) => taskArn)).size
      await until(
        'it was watched for long enough, and tried again',
        async () => {
          const { running } = await web.containers()
          assert.ok(running <= 1, `${running} containers at once`)
          const isTriedAgain = (await attempts()) >= 2
          return isTriedAgain && Date.now() > begin + WATCHED_MS ? true : undefined
        },
        WATCHED_MS + 30_000,
      )
      const made = await attempts()
      // However long it was watched: after the first ones there is at most one a minute.
      const allowed = most + Math.ceil((Date.now() - begin) / 60_000)
      assert.ok(made <= allowed, `${made} attempts, of ${allowed}`)
      assert.ok((await web.containers()).all <= 12, 'only what the newest left is kept')
      await web.delete()
    })
}

function misfits(): void {
  test('what needs a port that is taken, or fits on no host, says so', LIMIT, async () => {
    const holder = createServer().listen(0, '0.0.0.0')
    const { port } = await new Promise<{ port: number }>((done) =>
      holder.once('listening', () => done(holder.address() as { port: number })),
    )
    try {
      const taken = new Watched(house, 'port-taken')
      await taken.define({ portMappings: [{ containerPort: 80, hostPort: port }] })
      await taken.create({ desiredCount: 1 })
      const large = new Watched(house, 'too-large')
      await large.define({ memory: 900_000 })
      await large.create({ desiredCount: 1 })
      await until('the port is told', async () => {
        const [task] = await taken.tasks('STOPPED')
        return task?.stopCode === 'TaskFailedToStart' ? true : undefined
      })
      const message = await until('the memory is told', async () => {
        const { events } = await large.describe()
        return events.find(({ message }) => message.includes('insufficient memory available'))
      })
      assert.match(message.message, /^\(service too-large\) was unable to place a task because/)
      const { stdout } = await house.berth('why', 'too-large', '--data', house.data)
      assert.match(stdout, /✗ memory: needs 900000 MiB, has \d+ MiB/)
      const input = JSON.stringify({ service: 'too-large', desiredCount: 2 })
      const planned = await house.berth('plan', 'update-service', input, '--data', house.data)
      assert.match(planned.stdout, /no host takes what is missing/)
      await taken.delete()
      await large.delete()
    } finally {
      holder.close()
    }
  })
}

test(
  'trap 9: server and agent restart in the middle of a deployment: it only takes longer',
  LIMIT,
  async () => {
    const own = await House.start({ agent: true })
    try {
      const web = new Watched(own, 'restarted')
      await web.define(HEALTHY)
      await web.create({ desiredCount: 3 })
      await web.waitBySdk()
      const old = await web.tasks()
      await web.update({ taskDefinition: await web.define(HEALTHY) })
      await until('new ones run beside old ones', async () => {
        const tasks = await web.tasks()
        return tasks.filter(({ lastStatus }) => lastStatus === 'RUNNING').length > 3
          ? true
          : undefined
      })
      const running = (await web.tasks()).filter(({ lastStatus }) => lastStatus === 'RUNNING')
      const begun = new Map<string, string>()
      for (const { taskArn, containers } of running)
        begun.set(taskArn, await startedAt(containers[0]?.runtimeId ?? ''))
      await own.server.end('SIGKILL')
      await own.agent?.end('SIGKILL')
      await own.startServer()
      await own.startAgent()
      await web.waitBySdk()
      for (const { taskArn, containers } of await web.tasks()) {
        const before = begun.get(taskArn)
        if (before !== undefined)
          assert.equal(await startedAt(containers[0]?.runtimeId ?? ''), before)
      }
      const started = new Set((await web.history()).map(({ taskArn }) => taskArn))
      assert.equal(started.size, old.length + 3, 'no task was started for nothing')
      await web.delete()
    } finally {
      await own.stop()
    }
  },
)

test(
  'the sample scheduler starts one task where it should be and none elsewhere, and again changes nothing',
  LIMIT,
  async () => {
    const own = new Watched(house, 'by-hand')
    await own.define()
    const { containerInstanceArns } = await house.api<{ containerInstanceArns: string[] }>(
      'ListContainerInstances',
      {},
    )
    const [host = ''] = containerInstanceArns
    const attribute = { name: 'stack', value: 'prod', targetId: host }
    await house.api('PutAttributes', { attributes: [attribute] })
    const script = join(import.meta.dirname, '../../examples/custom-scheduler.sh')
    const schedule = async (): Promise<string> => {
      const { code, stdout, stderr } = await run('sh', [script, 'by-hand', 'stack'], house.env)
      assert.equal(code, 0, stderr)
      return stdout.trim()
    }
    assert.equal(await schedule(), `start by-hand on ${host}`)
    assert.equal(await schedule(), '')
    await house.api('DeleteAttributes', { attributes: [{ name: 'stack', targetId: host }] })
    assert.match(await schedule(), /^stop arn:/)
  },
)

test(
  'a tag that is pushed anew changes nothing of a revision that runs, and all of the next',
  LIMIT,
  async () => {
    const registry = await Registry.start()
    try {
      const image = await registry.push('consistent:1', 'first')
      const web = new Watched(house, 'consistent')
      await web.define({ image, ...HEALTHY })
      await web.create({ desiredCount: 1 })
      await web.waitBySdk()
      await registry.push('consistent:1', 'second')
      await web.update({ desiredCount: 2 })
      await web.waitBySdk()
      assert.deepEqual(await markers(web), ['first', 'first'])
      await web.update({ forceNewDeployment: true })
      await until(
        'the new revision alone runs',
        async () => {
          const { deployments } = await web.describe()
          return deployments.length === 1 && deployments[0]?.rolloutState === 'COMPLETED'
            ? true
            : undefined
        },
        120_000,
      )
      assert.deepEqual(await markers(web), ['second', 'second'])
      await web.delete()
    } finally {
      await registry.stop()
    }
  },
)

async function markers(web: Watched): Promise<string[]> {
  const ids = (await web.tasks()).map(({ containers }) => containers[0]?.runtimeId ?? '')
  const found = await Promise.all(ids.map((id) => docker('GET', `/containers/${id}/json`)))
  return (found as { Config: { Env: string[] } }[]).map(
    ({ Config }) => Config.Env.find((pair) => pair.startsWith('MARKER='))?.slice(7) ?? '',
  )
}
