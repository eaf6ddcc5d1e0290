/** A container instance as placement sees it. */
import { oncePer } from '#kernel/once-per.ts'
import type { Read } from '#store/store.ts'

import { containerInstanceArn, ofInstance } from '../names/names.ts'
import {
  type ContainerInstance,
  type Resources,
  type Task,
  tasksByInstance,
} from '../records/records.ts'
import { type Daemon, lessDaemons } from './daemons.ts'
import type { Host } from './place.ts'

/** What a container instance's record says at once, and what of its tasks only some constraints and strategies ask. */
export class InstanceHost implements Host {
  readonly #groups: Groups
  readonly #daemons: () => readonly Daemon[]
  #instance: ContainerInstance

  /** For the daemons there may be that are to come first, room is kept. */
  constructor(
    instance: ContainerInstance,
    groups: Groups,
    daemons: () => readonly Daemon[] = noDaemons,
  ) {
    this.#instance = instance
    this.#groups = groups
    this.#daemons = daemons
  }

  /** The same one with all the room that it has: for what itself comes first, or is put there by hand. */
  get whole(): InstanceHost {
    return new InstanceHost(this.#instance, this.#groups)
  }

  get instance(): ContainerInstance {
    return this.#instance
  }

  /** The record is another one, and says the same of all but how many tasks run there. */
  renew(instance: ContainerInstance): void {
    this.#instance = instance
  }

  get arn(): string {
    return containerInstanceArn(this.instance)
  }

  get active(): boolean {
    return this.instance.status === 'ACTIVE'
  }

  get agentConnected(): boolean {
    return this.instance.agentConnected
  }

  get agentVersion(): string | undefined {
    return this.instance.versionInfo.agentVersion
  }

  get ec2InstanceId(): string {
    return this.instance.ec2InstanceId
  }

  get registeredAt(): number {
    return this.instance.registeredAt
  }

  get runningTasksCount(): number {
    return this.instance.runningTasksCount
  }

  get remaining(): Resources {
    const daemons = this.#daemons()
    return daemons.length === 0
      ? this.instance.remaining
      : lessDaemons(daemons, this.whole, this.instance.registered)
  }

  get attributes(): ReadonlyMap<string, string> {
    return attributesOf(this.instance.attributes)
  }

  get taskGroups(): readonly string[] {
    return [...this.groupCounts.keys()]
  }

  get groupCounts(): ReadonlyMap<string, number> {
    return this.#groups.counts
  }
}

const NO_DAEMONS: readonly Daemon[] = []
const noDaemons = () => NO_DAEMONS

/** Every task that is placed asks all hosts for them. */
const attributesOf = oncePer(
  (attributes: ContainerInstance['attributes']): ReadonlyMap<string, string> =>
    new Map(attributes.map(({ name, value }) => [name, value ?? ''])),
)

/** How many tasks of each group a container instance has: counted when it is first asked, kept in step from then on. */
export class Groups {
  readonly #tx: Read
  readonly #key: string
  #counts: Map<string, number> | undefined

  constructor(tx: Read, instance: ContainerInstance) {
    this.#tx = tx
    this.#key = ofInstance(instance)
  }

  get counts(): ReadonlyMap<string, number> {
    if (!this.#counts) {
      this.#counts = new Map()
      for (const { row } of this.#tx.find(tasksByInstance, this.#key))
        if (isCounted(row)) add(this.#counts, row.group, 1)
    }
    return this.#counts
  }

  add(group: string, by: number): void {
    if (this.#counts) add(this.#counts, group, by)
  }
}

/** Whether a task is one of its group's on its container instance: until it is asked to stop. */
export const isCounted = (task: Task | undefined): boolean =>
  task?.desiredStatus === 'RUNNING' && task.lastStatus !== 'STOPPED'

/** Whether a host came, went, or became another one: more than what runs on it. */
export const isOther = (was?: ContainerInstance, is?: ContainerInstance): boolean =>
  was?.status !== is?.status ||
  was?.agentConnected !== is?.agentConnected ||
  was?.attributes !== is?.attributes

/** Adds to a count that is there only while it is not zero. */
export function add(counts: Map<string, number>, what: string, by: number): void {
  const count = (counts.get(what) ?? 0) + by
  if (count === 0) counts.delete(what)
  else counts.set(what, count)
}
