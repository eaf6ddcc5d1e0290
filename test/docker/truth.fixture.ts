/** What must be true of a house after a crash, as its API and the engine tell it. */
import assert from 'node:assert/strict'

import { type House, startedAt, until } from '../parity/house.ts'

type Task = {
  taskArn: string
  lastStatus: string
  cpu: string
  memory: string
  group: string
  startedBy?: string
  stoppedReason?: string
  containers: { runtimeId?: string; exitCode?: number; reason?: string }[]
}
type Host = { registeredResources: Resource[]; remainingResources: Resource[] }
type Resource = { name: string; integerValue: number }

export async function theTasks(
  house: House,
  cluster: string,
  desiredStatus: string,
): Promise<{ tasks: Task[] }> {
  const all: Task[] = []
  let nextToken: string | undefined
  do {
    const page = await house.api<{ taskArns: string[]; nextToken?: string }>('ListTasks', {
      cluster,
      desiredStatus,
      nextToken,
    })
    nextToken = page.nextToken
    if (page.taskArns.length === 0) continue
    const asked = { cluster, tasks: page.taskArns }
    all.push(...(await house.api<{ tasks: Task[] }>('DescribeTasks', asked)).tasks)
  } while (nextToken !== undefined)
  return { tasks: all }
}

/** What the host holds is what its live tasks reserve. Asked until it is so: reports arrive between two questions. */
export async function theSums(house: House, cluster: string): Promise<void> {
  let seen = ''
  await until(
    'the host holds what its live tasks reserve',
    async () => {
      const { containerInstanceArns } = await house.api<{ containerInstanceArns: string[] }>(
        'ListContainerInstances',
        { cluster },
      )
      assert.equal(containerInstanceArns.length, 1, 'the agent registered once')
      const { containerInstances } = await house.api<{ containerInstances: Host[] }>(
        'DescribeContainerInstances',
        { cluster, containerInstances: containerInstanceArns },
      )
      const host = containerInstances[0]!
      const live = (
        await Promise.all(['RUNNING', 'STOPPED'].map((status) => theTasks(house, cluster, status)))
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
export class Containers {
  readonly #house: House
  readonly #seen = new Map<string, { id: string; startedAt: string | undefined }>()

  constructor(house: House) {
    this.#house = house
  }

  async look(): Promise<void> {
    const now = await this.#house.containers()
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
    // One that had not started when its task was stopped is of no use to anybody, and is removed.
    for (const [name, { id, startedAt: begin }] of this.#seen)
      assert.ok(begin === undefined || now.some(({ Id }) => Id === id), `${name} has vanished`)
  }
}

const nameOf = (labels: Readonly<Record<string, string>>): string =>
  `${labels['com.amazonaws.ecs.task-arn']} ${labels['com.amazonaws.ecs.container-name']}`
