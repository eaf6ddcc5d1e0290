/** Container instances as placement sees them. */
import { oncePer } from '#kernel/once-per.ts'
import type { Read } from '#store/store.ts'

import { clusterKey, containerInstanceArn, ofInstance } from '../names.ts'
import {
  type Cluster,
  type ContainerInstance,
  containerInstances,
  type Resources,
  tasksByInstance,
} from '../records.ts'
import type { Host } from './place.ts'

/** The cluster's registered container instances. Good until the transaction changes one of them. */
export function hostsOf(tx: Read, cluster: Cluster): InstanceHost[] {
  const hosts: InstanceHost[] = []
  const prefix = `${clusterKey(cluster, cluster.clusterName)}/`
  for (const { row } of tx.scan(containerInstances, { prefix }))
    if (row.status !== 'INACTIVE') hosts.push(new InstanceHost(tx, row))
  return hosts
}

/** What a container instance's record says at once, and what of its tasks only some constraints and strategies ask. */
export class InstanceHost implements Host {
  readonly instance: ContainerInstance
  readonly #tx: Read
  #groupCounts: ReadonlyMap<string, number> | undefined

  constructor(tx: Read, instance: ContainerInstance) {
    this.#tx = tx
    this.instance = instance
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
    return this.instance.remaining
  }

  get attributes(): ReadonlyMap<string, string> {
    return attributesOf(this.instance.attributes)
  }

  get taskGroups(): readonly string[] {
    return [...this.groupCounts.keys()]
  }

  get groupCounts(): ReadonlyMap<string, number> {
    return (this.#groupCounts ??= countGroups(this.#tx, this.instance))
  }
}

/** Every task that is placed asks all hosts for them. */
const attributesOf = oncePer(
  (attributes: ContainerInstance['attributes']): ReadonlyMap<string, string> =>
    new Map(attributes.map(({ name, value }) => [name, value ?? ''])),
)

function countGroups(tx: Read, instance: ContainerInstance): ReadonlyMap<string, number> {
  const counts = new Map<string, number>()
  for (const { row } of tx.find(tasksByInstance, ofInstance(instance)))
    if (row.desiredStatus === 'RUNNING') counts.set(row.group, (counts.get(row.group) ?? 0) + 1)
  return counts
}
