/**
 * The hosts of each cluster and the placers of what is placed there now, kept in step with the store: to place a task
 * costs what changed since the last one, and not what there is.
 */
import type { PlacementConstraint, PlacementStrategy } from '#contract/ecs.ts'
import { follow, type Read, view } from '#store/store.ts'

import type { Need } from '../definitions/need.ts'
import { clusterKey } from '../names/names.ts'
import { ofService } from '../names/services.ts'
import {
  type Cluster,
  type ContainerInstance,
  containerInstances,
  type Task,
  tasks,
  tasksByService,
} from '../records/records.ts'
import { type Deployment, deployments, type Service, services } from '../records/services.ts'
import { type Daemon, daemonsOf, isDaemon, isStarted } from './daemons.ts'
import { add, Groups, InstanceHost, isCounted, isOther } from './hosts.ts'
import { Placer } from './placer.ts'
import { constraintsOf } from './request.ts'

/** Placers that a cluster keeps; one holds some hundred bytes for each host. */
const PLACERS_MAX = 16
/** Changes that a placer may lag behind before it has to be made anew. */
const CHANGES_MAX = 8192

/** What is to be placed, as it was asked for. */
export type Asked = {
  readonly need: Need
  readonly fromDefinition: readonly PlacementConstraint[] | undefined
  readonly fromRequest: readonly PlacementConstraint[] | undefined
  readonly strategies: readonly PlacementStrategy[]
  /** Only there, where it is given; the empty one is that of hosts which have none. */
  readonly zone?: string | undefined
}

/** The cluster's registered container instances, as they are now. */
export const hostsOf = (tx: Read, cluster: Cluster): readonly InstanceHost[] => [
  ...hostsIn(tx, clusterKey(cluster, cluster.clusterName)).values(),
]

/** The zones that have hosts which take tasks, in order, of the cluster whose key this is. */
export const zonesIn = (tx: Read, key: string): readonly string[] =>
  tx.view(hostsByCluster).of(key).zones

/** By id those of the cluster whose key this is. */
export const hostsIn = (tx: Read, key: string): ReadonlyMap<string, InstanceHost> =>
  tx.view(hostsByCluster).of(key).hosts

/** One of them; nothing when it is not registered. */
export const hostOf = (tx: Read, cluster: Cluster, id: string): InstanceHost | undefined =>
  hostsIn(tx, clusterKey(cluster, cluster.clusterName)).get(id)

/**
 * Gives the best host, each time it is asked, of the cluster as it is then: what the transaction changed counts. Throws
 * InvalidParameterException where a constraint is none.
 */
export function placing(
  tx: Read,
  cluster: Cluster,
  asked: Asked,
  random: () => number,
): Pick<Placer<InstanceHost>, 'best' | 'refusals'> {
  const hosts = tx.view(hostsByCluster).of(clusterKey(cluster, cluster.clusterName))
  const live = hosts.placer(asked, random)
  return {
    best: () => hosts.current(live).best(),
    refusals: () => hosts.current(live).refusals(),
  }
}

const ZONE = 'ecs.availability-zone'
const zoneOf = ({ attributes }: InstanceHost): string => attributes.get(ZONE) ?? ''
const isTaking = ({ active, agentConnected }: InstanceHost): boolean => active && agentConnected

class HostsByCluster {
  readonly #tx: Read
  readonly #clusters = new Map<string, ClusterHosts>()

  constructor(tx: Read) {
    this.#tx = tx
  }

  of(key: string): ClusterHosts {
    let hosts = this.#clusters.get(key)
    if (!hosts) this.#clusters.set(key, (hosts = new ClusterHosts(this.#tx, key)))
    return hosts
  }

  instanceChanged(key: string, after: ContainerInstance | undefined): void {
    const end = key.lastIndexOf('/')
    const cluster = key.slice(0, end)
    const hosts = this.#clusters.get(cluster)
    hosts?.instanceChanged(key.slice(end + 1), after)
    if (hosts?.hosts.size === 0) this.#clusters.delete(cluster)
  }

  serviceChanged(before: Service | undefined, after: Service | undefined): void {
    const isSame =
      isDaemon(before) === isDaemon(after) &&
      before?.placementConstraints === after?.placementConstraints
    if (!isSame) this.#daemonsChanged((after ?? before) as Service)
  }

  /** What a deployment runs never changes, only whether it is the one that counts. */
  deploymentChanged(before: Deployment | undefined, after: Deployment | undefined): void {
    if (isStarted(before) !== isStarted(after))
      this.#daemonsChanged((after ?? before) as Deployment)
  }

  #daemonsChanged(of: Deployment | Service): void {
    if (this.#tx.get(services, ofService(of))?.schedulingStrategy === 'DAEMON')
      this.#clusters.get(clusterKey(of, of.clusterName))?.daemonsChanged()
  }

  taskChanged(key: string, before: Task | undefined, after: Task | undefined): void {
    const task = after ?? before
    const by = Number(isCounted(after)) - Number(isCounted(before))
    if (task && by !== 0)
      this.#clusters.get(key.slice(0, key.lastIndexOf('/')))?.groupChanged(task, by)
  }
}

const hostsByCluster = view((tx) => new HostsByCluster(tx))
follow(containerInstances, hostsByCluster, (hosts, key, _before, after) =>
  hosts.instanceChanged(key, after),
)
follow(tasks, hostsByCluster, (hosts, key, before, after) => hosts.taskChanged(key, before, after))
follow(services, hostsByCluster, (hosts, _key, before, after) =>
  hosts.serviceChanged(before, after),
)
follow(deployments, hostsByCluster, (hosts, _key, before, after) =>
  hosts.deploymentChanged(before, after),
)

/** Whether nothing changed but how many tasks run there, of which few constraints ask. */
const isSameForPlacers = (was: ContainerInstance, is: ContainerInstance): boolean =>
  was.remaining === is.remaining &&
  was.versionInfo === is.versionInfo &&
  was.ec2InstanceId === is.ec2InstanceId &&
  was.registeredAt === is.registeredAt &&
  !isOther(was, is)

type LivePlacer = {
  readonly placer: Placer<InstanceHost>
  /** What it places, but for the group. */
  readonly shape: string
  group: string
  /** By container instance: how many tasks of the group it has. Absent where nothing asks. */
  counts: Map<string, number> | undefined
  /** The number of the first change that the placer was not told of. */
  next: number
}

class ClusterHosts {
  /** By their ids. */
  readonly hosts = new Map<string, InstanceHost>()
  readonly #tx: Read
  readonly #key: string
  readonly #groups = new Map<string, Groups>()
  /** By what they place; the one that was not asked for longest is first. */
  readonly #placers = new Map<string, LivePlacer>()
  #zones: readonly string[] | undefined
  #daemons: readonly Daemon[] | undefined
  /** Container instances that changed, in order; the first one is number `#first`. */
  #changes: string[] = []
  #first = 0

  constructor(tx: Read, key: string) {
    this.#tx = tx
    this.#key = key
    for (const { row } of tx.scan(containerInstances, { prefix: `${key}/` }))
      this.#put(row.containerInstanceId, row)
  }

  get zones(): readonly string[] {
    return (this.#zones ??= [
      ...new Set([...this.hosts.values()].filter(isTaking).map(zoneOf)),
    ].toSorted())
  }

  get #dueDaemons(): readonly Daemon[] {
    return (this.#daemons ??= daemonsOf(this.#tx, this.#key))
  }

  /** What each host has left for others is to be reckoned anew. */
  daemonsChanged(): void {
    this.#daemons = undefined
    for (const id of this.hosts.keys()) this.#changed(id)
  }

  instanceChanged(id: string, after: ContainerInstance | undefined): void {
    const host = this.hosts.get(id)
    if (host && after && isSameForPlacers(host.instance, after)) {
      host.renew(after)
      if (this.#isAskedOfTasks()) this.#changed(id)
      return
    }
    this.#put(id, after)
    this.#changed(id)
  }

  /** A daemon's constraint may ask as much as a placer's. */
  #isAskedOfTasks(): boolean {
    if (this.#daemons?.length) return true
    for (const { placer } of this.#placers.values()) if (placer.asksOfTasks) return true
    return false
  }

  groupChanged(task: Task, by: number): void {
    const id = task.containerInstanceId
    this.#groups.get(id)?.add(task.group, by)
    for (const { group, counts } of this.#placers.values())
      if (counts && group === task.group) add(counts, id, by)
    this.#changed(id)
  }

  placer(asked: Asked, random: () => number): LivePlacer {
    const { group, ...need } = asked.need
    const shape = JSON.stringify({ ...asked, need })
    const name = `${group} ${shape}`
    const known = this.#placers.get(name)
    const isGood = known && known.next >= this.#first
    const live = isGood
      ? known
      : (this.#otherPlacer(shape, group) ?? this.#newPlacer(asked, shape, random))
    this.#placers.delete(name)
    this.#placers.set(name, live)
    if (this.#placers.size > PLACERS_MAX)
      this.#placers.delete(this.#placers.keys().next().value as string)
    return live
  }

  /**
   * Where there is no room for one more: the one of the same shape that has the least to be told to stand for another
   * group. It has to be told of the hosts that have tasks of either and of what it missed, a new one of all hosts.
   */
  #otherPlacer(shape: string, group: string): LivePlacer | undefined {
    if (this.#placers.size < PLACERS_MAX) return undefined
    const next = this.#first + this.#changes.length
    let cheapest:
      | { readonly name: string; readonly live: LivePlacer; readonly cost: number }
      | undefined
    for (const [name, live] of this.#placers) {
      if (live.shape !== shape || live.next < this.#first) continue
      const cost = next - live.next + (live.counts?.size ?? 0)
      if (!cheapest || cost < cheapest.cost) cheapest = { name, live, cost }
    }
    if (!cheapest) return undefined
    const { name, live, cost } = cheapest
    const { placer, counts: before } = live
    if (before) {
      const counts = this.#countsOf(group)
      if (cost + counts.size > this.hosts.size) return undefined
      for (const id of before.keys()) if (!counts.has(id)) placer.set(id, this.hosts.get(id))
      for (const [id, count] of counts) placer.set(id, this.hosts.get(id), count)
      live.counts = counts
    }
    live.group = group
    this.#placers.delete(name)
    return live
  }

  /** The placer, told of all that changed. */
  current(live: LivePlacer): Placer<InstanceHost> {
    const { placer, counts } = live
    for (let at = live.next - this.#first; at < this.#changes.length; at += 1) {
      const id = this.#changes[at] as string
      if (id !== this.#changes[at + 1]) placer.set(id, this.hosts.get(id), counts?.get(id))
    }
    live.next = this.#first + this.#changes.length
    return placer
  }

  #newPlacer(asked: Asked, shape: string, random: () => number): LivePlacer {
    const { need, fromDefinition, fromRequest, strategies, zone } = asked
    const constraints = constraintsOf(fromDefinition, fromRequest)
    if (zone !== undefined)
      constraints.push({
        type: 'memberOf',
        holds: ({ attributes }) => (attributes.get(ZONE) ?? '') === zone,
      })
    const placer = new Placer<InstanceHost>(need, constraints, strategies, random)
    const isAsked =
      strategies.some(({ type }) => type === 'spread') ||
      constraints.some(({ type }) => type === 'distinctInstance')
    const counts = isAsked ? this.#countsOf(need.group) : undefined
    for (const [id, host] of this.hosts) placer.set(id, host, counts?.get(id))
    const next = this.#first + this.#changes.length
    return { placer, shape, counts, group: need.group, next }
  }

  #countsOf(group: string): Map<string, number> {
    const counts = new Map<string, number>()
    if (group.startsWith('service:')) {
      for (const { row } of this.#tx.find(tasksByService, `${this.#key}/${group}`))
        if (isCounted(row)) add(counts, row.containerInstanceId, 1)
    } else
      for (const [id, { groupCounts }] of this.hosts) add(counts, id, groupCounts.get(group) ?? 0)
    return counts
  }

  #put(id: string, instance: ContainerInstance | undefined): void {
    if (isOther(this.hosts.get(id)?.instance, instance)) this.#zones = undefined
    if (!instance || instance.status === 'INACTIVE') {
      this.hosts.delete(id)
      this.#groups.delete(id)
      return
    }
    let groups = this.#groups.get(id)
    if (!groups) this.#groups.set(id, (groups = new Groups(this.#tx, instance)))
    this.hosts.set(id, new InstanceHost(instance, groups, () => this.#dueDaemons))
  }

  #changed(id: string): void {
    if (this.#placers.size === 0) return
    this.#changes.push(id)
    if (this.#changes.length < 2 * CHANGES_MAX) return
    this.#changes = this.#changes.slice(CHANGES_MAX)
    this.#first += CHANGES_MAX
  }
}
