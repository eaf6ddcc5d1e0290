/**
 * Why a task, a service or a deployment is where it is: what it waits for, since when, and for what fits on no host
 * every host with every predicate and its numbers.
 */
import { parseArn } from '#kernel/arn.ts'
import { scopeOf } from '#room/owned.ts'
import type { Read, Write } from '#store/store.ts'

import { containerInstanceArn, containerInstanceKey, taskArn, taskKey } from '../names/names.ts'
import {
  HEALTH_FAILED,
  inService,
  ofService,
  serviceArn,
  SHARE,
  shareOf,
} from '../names/services.ts'
import { containerInstances, type Task, tasks, tasksByStop } from '../records/records.ts'
import {
  type Deployment,
  deployments,
  type Service,
  type ServiceDeployment,
  serviceDeployments,
  services,
  type TaskSet,
  taskSets,
} from '../records/services.ts'
import { hostsOf } from '../scheduler/cluster-hosts.ts'
import { constraintsOf } from '../scheduler/request.ts'
import { unbuiltMembers } from '../scheduler/unbuilt.ts'
import { OPEN, primaryOf, taskSetsOf } from '../services/find.ts'
import { bounds, type SeenTask } from '../services/plan.ts'
import { bakedAt } from '../services/rollout.ts'
import { schedule } from '../services/schedule.ts'
import { see } from '../services/situation.ts'
import { daemonHosts, launchOf, shareIdOf } from '../services/start-tasks.ts'
import { computedDesired } from '../services/task-sets.ts'
import { PLACEMENT, TROUBLES } from '../services/troubles.ts'
import type { World } from '../services/world.ts'
import { examine, type Examined } from './hosts.ts'

/** Ends of tasks, the newest first, among which one of the service is looked for. */
const ENDS_MAX = 1_000
/** Protected tasks that are told with how long they are. */
const PROTECTED_NAMED = 5
const HOSTS_NAMED = 5

export type Why = {
  readonly subject: string
  readonly says: readonly string[]
  /** What it would need of a host; present where no host takes it. */
  readonly hosts?: readonly Examined[]
}
/** Where a name without an ARN is looked for. */
export type Place = { readonly tenant: string; readonly region: string; readonly cluster: string }

/** `tx` must be a rehearsal: the scheduler itself is asked. Nothing where nothing has this name. */
export function why(tx: Write, name: string, place: Place, world: World): Why | undefined {
  const { type, cluster, id } = named(name, place.cluster)
  const prefix = `${scopeOf(place)}/${cluster}/`
  if (type === 'service' || type === undefined) {
    const service = tx.get(services, `${prefix}${id}`)
    if (service) return whyService(tx, service, world)
  }
  if (type === 'task' || type === undefined) {
    const task = tx.get(tasks, `${prefix}${id}`)
    if (task) return whyTask(tx, task, world)
  }
  if (type === 'deployment' || type === undefined)
    for (const { row } of tx.scan(deployments, { prefix }))
      if (row.deploymentId === id || row.serviceDeploymentId === id) {
        const service = tx.get(services, ofService(row))
        if (service) return whyDeployment(tx, service, row, world)
      }
  if (type === 'deployment' || type === 'task-set' || type === undefined)
    for (const { row } of tx.scan(taskSets, { prefix }))
      if (row.taskSetId === id) {
        const service = tx.get(services, ofService(row))
        if (service) return whyTaskSet(tx, service, row, world)
      }
  return undefined
}

type Named = { readonly type: string | undefined; readonly cluster: string; readonly id: string }

function named(name: string, cluster: string): Named {
  if (name.startsWith(SHARE)) return { type: 'deployment', cluster, id: name.slice(SHARE.length) }
  const resource = parseArn(name, 'ecs')?.resource
  if (resource === undefined) return { type: undefined, cluster, id: name }
  const parts = resource.split('/')
  const [kind = '', of = cluster] = parts
  const type = kind === 'service-deployment' ? 'deployment' : kind
  return { type, cluster: of, id: parts.at(-1) ?? '' }
}

function whyService(tx: Write, service: Service, world: World): Why {
  const primary = primaryOf(tx, service)
  const taskSets = taskSetsOf(tx, service)
  const says = [
    `${service.status}: ${service.desiredCount} wanted`,
    ...(primary ? stateOf(tx, service, primary, world) : []),
    ...taskSets.flatMap((taskSet) => setSays(tx, service, taskSet, world)),
  ]
  const share = primary ?? taskSets.find(isWaiting)
  says.push(...unbuiltSays(tx, service, share))
  return { subject: serviceArn(service), says, ...unplaced(tx, service, share, world) }
}

/** Whether its events say that no host takes its next task. */
const isWaiting = ({ toldAt }: TaskSet): boolean => PLACEMENT in toldAt

function whyTaskSet(tx: Write, service: Service, taskSet: TaskSet, world: World): Why {
  const subject = `${serviceArn(service)} ${SHARE}${taskSet.taskSetId}`
  return {
    subject,
    says: [...setSays(tx, service, taskSet, world), ...unbuiltSays(tx, service, taskSet)],
    ...unplaced(tx, service, taskSet, world),
  }
}

const setSays = (tx: Read, service: Service, taskSet: TaskSet, world: World): string[] => [
  `${SHARE}${taskSet.taskSetId} ${taskSet.status}, ${taskSet.stabilityStatus} since ${ago(taskSet.stabilityStatusAt, world)}: ` +
    `${taskSet.runningCount} running and ${taskSet.pendingCount} starting of ${computedDesired(service, taskSet)}`,
  ...failureSays(tx, taskSet, world),
  ...toldSays(taskSet, world),
]

const toldSays = ({ toldAt }: Service | TaskSet, world: World): string[] =>
  Object.entries(toldAt).flatMap(([about, at]) => {
    const trouble = TROUBLES[about]
    return trouble === undefined ? [] : [`its events say since ${ago(at, world)}: ${trouble}`]
  })

/** In the place of its failing tasks others start after a pause, unless nothing does any more. */
function failureSays(tx: Read, share: Deployment | TaskSet, world: World): string[] {
  const { throttle } = share
  const failed = 'failedTasks' in share ? share.failedTasks : 0
  const isOver = 'rolloutState' in share && share.rolloutState === 'FAILED'
  const waits = throttle && throttle.until > world.now && !isOver
  return [
    ...(failed > 0 ? [`${failed} tasks failed`] : []),
    ...(waits
      ? [
          `${throttle.rounds} rounds of launches failed in a row: the next is in ${span(throttle.until - world.now)}`,
        ]
      : []),
    ...(failed > 0 || throttle ? newestEnd(tx, share, world) : []),
  ]
}

/** How the newest of its tasks ended that nobody asked to; nothing where that is long ago. */
function newestEnd(tx: Read, share: Deployment | TaskSet, world: World): string[] {
  let looked = 0
  for (const { row } of tx.scan(tasksByStop, { reverse: true })) {
    if ((looked += 1) > ENDS_MAX) break
    const isOwn = row.tenant === share.tenant && shareOf(row)?.shareId === shareIdOf(share)
    if (isOwn && !isAsked(row)) return [`the newest, task ${row.taskId}`, ...endOf(row, world)]
  }
  return []
}

const isAsked = ({ stopCode, stoppedReason }: Task): boolean =>
  stopCode === 'UserInitiated' ||
  (stopCode === 'ServiceSchedulerInitiated' && stoppedReason !== HEALTH_FAILED)

const endOf = ({ stoppedAt, stoppedReason, containers }: Task, world: World): string[] => [
  `stopped ${ago(stoppedAt ?? world.now, world)}: ${stoppedReason ?? 'no reason'}`,
  ...containers.map(
    ({ name, exitCode, reason }) =>
      `container ${name}: ${exitCode === undefined ? 'no exit code' : `exit code ${exitCode}`}${reason ? `, ${reason}` : ''}`,
  ),
]

function whyDeployment(tx: Write, service: Service, deployment: Deployment, world: World): Why {
  const name = `${SHARE}${deployment.deploymentId}`
  const says = [
    `${deployment.status} ${deployment.rolloutState} since ${ago(deployment.updatedAt, world)}: ${deployment.rolloutStateReason}`,
    ...(deployment.status === 'PRIMARY' ? stateOf(tx, service, deployment, world) : []),
    ...unbuiltSays(tx, service, deployment),
  ]
  const isCurrent = deployment.status === 'PRIMARY'
  return {
    subject: `${serviceArn(service)} ${name}`,
    says,
    ...(isCurrent && unplaced(tx, service, deployment, world)),
  }
}

/** What the newest deployment waits for. */
function stateOf(tx: Write, service: Service, deployment: Deployment, world: World): string[] {
  const seen = see(tx, service, world)
  const own = seen.tasks.filter(({ shareId }) => shareId === deployment.deploymentId)
  const count = (state: string): number =>
    own.filter((task) => task.state === state && !task.isStopping).length
  const others = seen.tasks.filter(({ shareId }) => shareId !== deployment.deploymentId).length
  const stopping = seen.tasks.filter(({ isStopping }) => isStopping).length
  const says = [
    `${count('HEALTHY')} healthy, ${count('WARMING')} running and not known to be healthy yet, ` +
      `${count('STARTING')} starting, ${count('UNHEALTHY')} unhealthy; ${others} of older deployments, ${stopping} stopping`,
  ]
  const isReplica = service.schedulingStrategy === 'REPLICA'
  if (isReplica && !service.isSteady && deployment.rolloutState !== 'FAILED')
    says.push(boundsOf(service, seen.tasks))
  says.push(...protectedSays(tx, service, seen.tasks, world))
  if (!isReplica) says.push(...daemonSays(tx, service, deployment, { all: seen.tasks, world }))
  says.push(...failureSays(tx, deployment, world))
  if (deployment.rolloutState === 'FAILED')
    says.push(
      'it has failed: nothing is started, and what ends is not replaced, until there is another deployment ' +
        '(update-service with --force-new-deployment or another task definition)',
    )
  const open = tx.get(serviceDeployments, inService(service, deployment.serviceDeploymentId))
  if (open && OPEN.has(open.status)) says.push(...stageOf(open, world))
  if (service.isSteady) says.push('it is in a steady state')
  else if (seen.changesIn !== undefined && seen.tasks.some(isWarming))
    says.push(`the next task counts as healthy, or not, in ${span(seen.changesIn)}`)
  return [...says, ...toldSays(service, world)]
}

/** What a daemon waits for, and what it does not. */
function daemonSays(
  tx: Read,
  service: Service,
  deployment: Deployment,
  { all, world }: { readonly all: readonly SeenTask[]; readonly world: World },
): string[] {
  const staying = all.filter(({ isLeaving, isStopping }) => isLeaving && !isStopping).length
  const { outOfReach, away, changesIn } = daemonHosts(tx, service, deployment, world.now)
  const gone = [...outOfReach].filter((host) => !away.has(host))
  const named = (hosts: readonly string[]): string =>
    `${hosts.slice(0, HOSTS_NAMED).join(', ')}${hosts.length > HOSTS_NAMED ? ' and others' : ''}`
  const says: string[] = []
  if (staying > 0)
    says.push(`${staying} on draining hosts: each leaves when the last of the others there has`)
  if (away.size > 0)
    says.push(
      `out of reach, and waited for, the first for ${span(changesIn ?? 0)}: ${named([...away])}`,
    )
  if (gone.length > 0) says.push(`out of reach, and not waited for: ${named(gone)}`)
  return says
}

/** What the percentages allow, and how near to it the service is. */
function boundsOf(
  { desiredCount, deploymentConfiguration }: Service,
  all: readonly SeenTask[],
): string {
  const { min, max } = bounds(desiredCount, deploymentConfiguration)
  const healthy = all.filter(({ state, isStopping }) => state === 'HEALTHY' && !isStopping).length
  return `at least ${min} are kept healthy and at most ${max} run at once: ${healthy} are healthy, ${all.length} have not ended`
}

const isWarming = ({ state, isStopping }: SeenTask): boolean => state === 'WARMING' && !isStopping

function protectedSays(
  tx: Read,
  service: Service,
  all: readonly SeenTask[],
  world: World,
): readonly string[] {
  const held = all.filter(({ isProtected }) => isProtected)
  if (held.length === 0) return []
  const each = held.slice(0, PROTECTED_NAMED).map(({ id }) => {
    const until = tx.get(tasks, taskKey(service, service.clusterName, id))?.protectedUntil
    return `task ${id} for ${span((until ?? world.now) - world.now)}`
  })
  const more = held.length > each.length ? ' and others' : ''
  return [`${held.length} protected, not to be ended for scale: ${each.join(', ')}${more}`]
}

function stageOf(open: ServiceDeployment, world: World): string[] {
  const pauses = open.hooks
    .filter(({ stage, status }) => stage === open.stage && status === 'AWAITING_ACTION')
    .map(
      ({ hookId, expiresAt, timeoutAction }) =>
        `paused by hook ${hookId}: continue-service-deployment, or ${timeoutAction} in ${span(expiresAt - world.now)}`,
    )
  const bakes =
    open.stage === 'BAKE_TIME' && world.now < bakedAt(open)
      ? [`it bakes for ${span(bakedAt(open) - world.now)} more`]
      : []
  return [`in stage ${open.stage} since ${ago(open.stageSince, world)}`, ...bakes, ...pauses]
}

/** What its task definition asks for and no host can give, whatever it has. */
function unbuiltSays(
  tx: Read,
  service: Service,
  share: Deployment | TaskSet | undefined,
): readonly string[] {
  const what = share && launchOf(tx, service, share)
  const members = what ? unbuiltMembers(what.need) : []
  return members.length === 0
    ? []
    : [`its task definition asks for what is not in this release: ${members.join(', ')}`]
}

/** Where the scheduler, asked now, finds no host: all of them, and what each lacks. */
function unplaced(
  tx: Write,
  service: Service,
  deployment: Deployment | TaskSet | undefined,
  world: World,
): { readonly hosts?: readonly Examined[] } {
  if (!deployment || service.status !== 'ACTIVE') return {}
  if (!schedule(tx, ofService(service), world).waitsForHosts) return {}
  const what = launchOf(tx, service, deployment)
  if (!what) return {}
  const asked = [...(what.definition.placementConstraints ?? []), ...service.placementConstraints]
  const constraints = constraintsOf(asked).map((constraint, at) => ({
    ...constraint,
    says: asked[at]?.expression ?? '',
  }))
  const isDaemon = service.schedulingStrategy === 'DAEMON'
  const hosts = hostsOf(tx, what.cluster).map((host) =>
    examine(isDaemon ? host.whole : host, host.whole, what.need, constraints),
  )
  return { hosts }
}

function whyTask(tx: Write, task: Task, world: World): Why {
  const { now } = world
  const key = containerInstanceKey(task, task.clusterName, task.containerInstanceId)
  const host = tx.get(containerInstances, key)
  const says = [`${task.lastStatus}, wanted ${task.desiredStatus}, version ${task.version}`]
  const share = shareOf(task)
  if (share) says.push(`of service ${share.serviceName}, ${SHARE}${share.shareId}`)
  if (task.protectedUntil !== undefined && task.protectedUntil > now)
    says.push(`protected from scale-in for ${span(task.protectedUntil - now)}`)
  if (task.lastStatus === 'STOPPED')
    return { subject: taskArn(task), says: [...says, ...endOf(task, world)] }
  const connected = host?.agentConnected ? 'agent connected' : 'agent not connected'
  says.push(`on ${containerInstanceArn(task)}, ${host?.status ?? 'gone'}, ${connected}`)
  if (task.desiredStatus === 'STOPPED')
    says.push(
      `asked to stop ${ago(task.stoppingAt ?? now, world)} (${task.stoppedReason ?? ''}): its host has not confirmed it`,
    )
  else if (task.lastStatus === 'PENDING')
    says.push(`waits for its host to start it since ${ago(task.createdAt, world)}`)
  else
    says.push(`running since ${ago(task.startedAt ?? task.createdAt, world)}, ${task.healthStatus}`)
  return { subject: taskArn(task), says }
}

const UNITS = [
  ['h', 3_600_000],
  ['min', 60_000],
] as const
/** In the largest unit of which there are two. */
function span(ms: number): string {
  const unit = UNITS.find(([, length]) => ms >= 2 * length)
  return unit ? `${Math.round(ms / unit[1])} ${unit[0]}` : `${Math.max(0, Math.round(ms / 1000))} s`
}
const ago = (at: number, { now }: World): string => `${span(now - at)} ago`
