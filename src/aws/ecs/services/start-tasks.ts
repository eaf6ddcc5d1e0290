/** Starts tasks of a service's share where they fit, and says in AWS's words why one fits nowhere. */
import type { PlacementStrategy, Tag, TaskOverride } from '#contract/ecs.ts'
import { lastOf } from '#room/keys.ts'
import type { Read, Write } from '#store/store.ts'

import { needOf } from '../definitions/need.ts'
import { clusterKey, definitionKey } from '../names/names.ts'
import { groupOf, inService, SHARE } from '../names/services.ts'
import {
  type Cluster,
  clusters,
  type Task,
  type TaskDefinition,
  taskDefinitions,
} from '../records/records.ts'
import {
  type Deployment,
  type Service,
  serviceRevisions,
  type TaskSet,
} from '../records/services.ts'
import { type Asked, hostOf, hostsOf, placing } from '../scheduler/cluster-hosts.ts'
import type { InstanceHost } from '../scheduler/hosts.ts'
import { type Constraint, judge, type Refusal } from '../scheduler/place.ts'
import { constraintsOf } from '../scheduler/request.ts'
import { addTags, keptTags } from '../tags.ts'
import { together } from '../tasks/change.ts'
import { launch, type Launch } from '../tasks/launch.ts'
import type { DaemonSituation } from './plan-daemon.ts'
import type { World } from './world.ts'

/** Without a strategy: over the zones, and in a zone where the service has the fewest tasks. */
const DEFAULT_STRATEGIES: readonly PlacementStrategy[] = [
  { type: 'spread', field: 'attribute:ecs.availability-zone' },
  { type: 'spread', field: 'instanceId' },
]

/** One object for all tasks that have none. */
const NO_OVERRIDES: TaskOverride = {}
const NO_TAGS: readonly Tag[] = []

export type Started = {
  readonly tasks: readonly Task[]
  /** Why the next one could not be placed; absent where all were. */
  readonly refusals?: readonly Refusal[]
}

/** The id of a share: the deployment or the task set from which tasks of a service are made. */
export const shareIdOf = (share: Deployment | TaskSet): string =>
  'deploymentId' in share ? share.deploymentId : share.taskSetId

/** Starts up to `count` tasks; or, for a daemon, one on each of the container instances named. */
export function startTasks(
  tx: Write,
  service: Service,
  share: Deployment | TaskSet,
  where: { readonly count: number; readonly zone?: string } | { readonly on: readonly string[] },
  world: World,
): Started {
  const what = launchOf(tx, service, share)
  if (!what) return { tasks: [], refusals: [] }
  return together(tx, (all) => {
    const tasks: Task[] = []
    const put = (host: InstanceHost): unknown => tasks.push(launch(all, what, host.instance, world))
    if ('on' in where) {
      const constraints = constraintsFor(service, what)
      const refusals: Refusal[] = []
      for (const id of where.on) {
        const host = hostOf(tx, what.cluster, id)?.whole
        const why = host && judge(what.need, constraints, host)
        if (host && !why) put(host)
        else if (host && why) refusals.push({ arn: host.arn, ...why })
      }
      return { tasks, ...(tasks.length < where.on.length && { refusals }) }
    }
    const { count, zone } = where
    const asked = askedOf(service, what, zone)
    const placer = placing(tx, what.cluster, asked, () => world.ids.random())
    while (tasks.length < count) {
      const host = placer.best()
      if (!host) return { tasks, refusals: placer.refusals() }
      put(host)
    }
    return { tasks }
  })
}

const askedOf = (
  { placementConstraints, placementStrategy }: Service,
  { need, definition }: Launch,
  zone: string | undefined,
): Asked => ({
  need,
  fromDefinition: definition.placementConstraints,
  fromRequest: placementConstraints,
  strategies: placementStrategy.length > 0 ? placementStrategy : DEFAULT_STRATEGIES,
  zone,
})

export type DaemonHosts = Pick<DaemonSituation, 'hosts' | 'outOfReach' | 'away'> & {
  /** In how many milliseconds nothing waits any longer for one that is away. */
  readonly changesIn: number | undefined
}
/** An agent whose connection was renewed, or whose server was, is back by then: two minutes is its longest back-off. */
const AWAY_MS = 150_000

/**
 * The container instances on which a daemon of the service belongs, whether it fits there now or not, and those of them
 * that are out of reach: a connection that is renewed changes nothing of where a daemon belongs.
 */
export function daemonHosts(
  tx: Read,
  service: Service,
  share: Deployment,
  now: number,
): DaemonHosts {
  const what = launchOf(tx, service, share)
  if (!what) return { hosts: [], outOfReach: new Set(), away: new Set(), changesIn: undefined }
  const constraints = constraintsFor(service, what)
  const belongs = hostsOf(tx, what.cluster).filter(
    (host) => host.active && constraints.every((one) => one.type !== 'memberOf' || one.holds(host)),
  )
  const idsOf = (some: readonly InstanceHost[]): string[] =>
    some.map(({ instance }) => instance.containerInstanceId)
  const outOfReach = belongs.filter(({ agentConnected }) => !agentConnected)
  const backBy = ({ instance }: InstanceHost): number => (instance.disconnectedAt ?? 0) + AWAY_MS
  const away = outOfReach.filter((host) => backBy(host) > now)
  return {
    hosts: idsOf(belongs),
    outOfReach: new Set(idsOf(outOfReach)),
    away: new Set(idsOf(away)),
    changesIn: away.length > 0 ? Math.min(...away.map(backBy)) - now : undefined,
  }
}

const constraintsFor = (service: Service, { definition }: Launch): readonly Constraint[] =>
  constraintsOf(definition.placementConstraints, service.placementConstraints)

/** What a task of the share is made from; nothing where the definition is gone. */
export function launchOf(
  tx: Read,
  service: Service,
  share: Deployment | TaskSet,
): Launch | undefined {
  const cluster = tx.get(clusters, clusterKey(service, service.clusterName))
  const row = tx.get(taskDefinitions, definitionKey(service, share.family, share.revision))
  if (!cluster || !row) return undefined
  const revision = tx.get(serviceRevisions, inService(service, share.revisionId))
  const group = groupOf(service.serviceName)
  const { definition } = row
  const digests = revision?.digests ?? {}
  return {
    cluster,
    taskDefinition: row,
    definition,
    overrides: NO_OVERRIDES,
    need: needOf(definition, group),
    group,
    startedBy: `${SHARE}${shareIdOf(share)}`,
    tags: tagsOf(service, row, cluster),
    launchType: revision?.launchType ?? service.launchType,
    ...(Object.keys(digests).length > 0 && { imageDigests: digests }),
  }
}

function tagsOf(service: Service, definition: TaskDefinition, cluster: Cluster): readonly Tag[] {
  const { propagateTags } = service
  const from = { NONE: [], SERVICE: service.tags, TASK_DEFINITION: definition.tags }[propagateTags]
  const managed: Tag[] = service.enableECSManagedTags
    ? [
        { key: 'aws:ecs:clusterName', value: cluster.clusterName },
        { key: 'aws:ecs:serviceName', value: service.serviceName },
      ]
    : []
  const all = [...addTags([], keptTags(from)), ...managed]
  return all.length > 0 ? all : NO_TAGS
}

/** Reasons in the order in which a host is asked: the host that fails later is nearer. */
const TEXTS: readonly (readonly [reason: RegExp, text: string])[] = [
  [/^INACTIVE$/, 'is not active.'],
  [/^AGENT$/, 'encountered error "AGENT".'],
  [/^ATTRIBUTE$/, 'is missing an attribute required by your task.'],
  [/^RESOURCE:CPU$/, 'has insufficient CPU units available.'],
  [/^RESOURCE:MEMORY$/, 'has insufficient memory available.'],
  [/^RESOURCE:PORTS/, 'is already using a port required by your task.'],
  [/^RESOURCE:GPU$/, 'has insufficient GPU resource available.'],
  [/./, 'encountered error'],
]
const MORE =
  'For more information, see the Troubleshooting section of the Amazon ECS Developer Guide.'

const NO_HOSTS = 'No Container Instances were found in your cluster.'
/** A notice names so many container instances and no more. */
const ARNS_PER_NOTICE = 100

const rank = ({ reason }: Refusal): number => TEXTS.findIndex(([known]) => known.test(reason))
/** The first of the hosts that fail latest. */
const closestOf = (refusals: readonly Refusal[]): Refusal | undefined => {
  let closest: Refusal | undefined
  let last = -1
  for (const one of refusals) {
    const at = rank(one)
    if (at > last) [closest, last] = [one, at]
  }
  return closest
}

/** AWS's notice that no host took a task: a word for why, and the container instances of which it is true. */
export function placementNotice(refusals: readonly Refusal[]) {
  const { reason } = closestOf(refusals) ?? { reason: NO_HOSTS }
  const arns = refusals.filter((one) => one.reason === reason).map(({ arn }) => arn)
  const containerInstanceArns = arns.slice(0, ARNS_PER_NOTICE)
  return {
    type: 'ERROR',
    name: 'SERVICE_TASK_PLACEMENT_FAILURE',
    reason,
    containerInstanceArns,
  } as const
}

/** Why no host took a task, as the service's event says it. */
export function placementFailure(refusals: readonly Refusal[]): string {
  const why =
    'was unable to place a task because no container instance met all of its requirements.'
  const closest = closestOf(refusals)
  if (!closest) return `${why} Reason: ${NO_HOSTS} ${MORE}`
  const [, text] = TEXTS[rank(closest)] as (typeof TEXTS)[number]
  const said = text === 'encountered error' ? `encountered error "${closest.reason}"` : text
  return `${why} The closest matching (container-instance ${lastOf(closest.arn)}) ${said} ${MORE}`
}
