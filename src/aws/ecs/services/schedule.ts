/**
 * One step of a service towards what it should be, in one transaction: what it sees, what the plan says, what becomes
 * of its deployment, and what its users are told. A bigger plan is done in several steps.
 */
import { canonicalJson } from '#kernel/fingerprint.ts'
import type { Read, Write } from '#store/store.ts'

import { taskKey } from '../names.ts'
import { tasks } from '../records.ts'
import { together } from '../tasks/change.ts'
import { stopTask } from '../tasks/stop.ts'
import { keptUp, take } from './advance.ts'
import { deploymentsOf, OPEN, serviceDeploymentsOf } from './begin.ts'
import { tell, type Teller } from './events.ts'
import { HEALTH_FAILED, inService, ofService, SHARE } from './names.ts'
import { type DaemonPlan, planDaemon } from './plan-daemon.ts'
import {
  bounds,
  type Plan,
  planReplicas,
  type SeenTask,
  type Situation,
  type Stop,
} from './plan.ts'
import { isRebalanced } from './rebalancing.ts'
import {
  type Deployment,
  deployments,
  type Service,
  type ServiceDeployment,
  serviceDeployments,
  services,
  type TaskSet,
  taskSets,
} from './records.ts'
import { mayScaleUp, nextStep, type Step } from './rollout.ts'
import { see, type Seen } from './situation.ts'
import { daemonHosts, shareIdOf, type Started, startTasks } from './start-tasks.ts'
import { computedDesired, taskSetsOf } from './task-sets.ts'
import { tellStability, tellSteady, tellTroubles } from './troubles.ts'
import type { World } from './world.ts'
import { imbalance, zonesOf } from './zones.ts'

/**
 * Tasks that one transaction starts or stops where nothing else is said; a task is up to six records. A step looks at all
 * tasks of the service, which is why it is not shorter, and holds the thread, which is why it is not longer.
 */
export const TASKS_PER_STEP = 80
const stepOf = ({ tasksPerStep = TASKS_PER_STEP }: World): number => tasksPerStep
/** Task ids that one event names. */
const IDS_PER_EVENT = 10
/** Stages may follow each other at once, but never for ever. */
const STEPS_MAX = 20
/** A service that waits for a host looks again now and then, should it have missed one. */
const LOOK_AGAIN_MS = 60_000

/** What is to come: in how many milliseconds to look again, and whether it waits for room on a host. */
export type Outlook = { readonly again: number | undefined; readonly waitsForHosts: boolean }

const DONE: Outlook = { again: undefined, waitsForHosts: false }

const minimum = (...times: readonly (number | undefined)[]): number | undefined => {
  const known = times.filter((time) => time !== undefined)
  return known.length === 0 ? undefined : Math.min(...known)
}
const sooner = (one: Outlook, other: Partial<Outlook>): Outlook => ({
  again: minimum(one.again, other.again),
  waitsForHosts: one.waitsForHosts || other.waitsForHosts === true,
})

export function schedule(tx: Write, key: string, world: World): Outlook {
  const service = tx.get(services, key)
  if (!service || service.status === 'INACTIVE') return DONE
  if (service.status === 'DRAINING') return drain(tx, service, world)
  if (service.deploymentController === 'EXTERNAL') return external(tx, service, world)
  const deployment = deploymentsOf(tx, service).find(({ status }) => status === 'PRIMARY')
  return deployment ? rolling(tx, service, deployment, world) : DONE
}

/** All tasks of a deleted service stop at once; it is gone when none is left that was not asked to. */
function drain(tx: Write, service: Service, world: World): Outlook {
  const seen = see(tx, service, world)
  const live = seen.tasks.filter(({ isStopping }) => !isStopping)
  stopTasks(tx, service, live.slice(0, stepOf(world)).map(asScale), world)
  if (live.length > stepOf(world)) return { ...DONE, again: 0 }
  for (const deployment of deploymentsOf(tx, service))
    if (deployment.status !== 'INACTIVE')
      tx.patch(deployments, inService(service, deployment.deploymentId), { status: 'INACTIVE' })
  for (const open of serviceDeploymentsOf(tx, service))
    if (OPEN.has(open.status))
      tx.patch(serviceDeployments, inService(service, open.serviceDeploymentId), {
        status: 'STOPPED',
        statusReason: 'The service was deleted.',
        stoppedAt: world.now,
        finishedAt: world.now,
        updatedAt: world.now,
      })
  for (const taskSet of taskSetsOf(tx, service))
    tx.delete(taskSets, inService(service, taskSet.taskSetId))
  tx.patch(services, ofService(service), { status: 'INACTIVE', inactiveAt: world.now })
  return DONE
}

/** Each task set of an external controller has its share of the desired count. */
function external(tx: Write, service: Service, world: World): Outlook {
  const seen = see(tx, service, world)
  const known = taskSetsOf(tx, service)
  const ids = new Set(known.map(({ taskSetId }) => taskSetId))
  const strays = seen.tasks.filter(({ shareId, isStopping }) => !ids.has(shareId) && !isStopping)
  stopTasks(tx, service, strays.slice(0, stepOf(world)).map(asScale), world)
  let outlook: Outlook = { again: seen.changesIn, waitsForHosts: false }
  for (const taskSet of known) {
    if (isDrained(taskSet, seen)) {
      tx.delete(taskSets, inService(service, taskSet.taskSetId))
      continue
    }
    const situation: Situation = {
      desired: computedDesired(service, taskSet),
      min: 0,
      max: Infinity,
      primary: taskSet.taskSetId,
      mayStart: isUnthrottled(taskSet, world.now),
      isStalled: false,
      cannotPlace: false,
      tasks: seen.tasks.filter(({ shareId }) => shareId === taskSet.taskSetId),
      order: seen.order,
    }
    const plan = planReplicas(situation)
    outlook = sooner(outlook, act(tx, service, taskSet, { plan, seen, situation }, world))
    if (plan.isSteady && taskSet.throttle)
      tx.patch(taskSets, inService(service, taskSet.taskSetId), { throttle: undefined })
    tellStability(tx, taskSet, plan.isSteady, world)
  }
  return outlook
}

/** A deleted task set is no more once the end of its last task is confirmed. */
const isDrained = ({ status, taskSetId }: TaskSet, { tasks }: Seen): boolean =>
  status === 'DRAINING' && !tasks.some(({ shareId }) => shareId === taskSetId)

function rolling(tx: Write, service: Service, newest: Deployment, world: World): Outlook {
  const seen = see(tx, service, world)
  let deployment = newest
  for (let steps = 0; steps < STEPS_MAX; steps += 1) {
    const open = begun(tx, service, deployment, world)
    const { share, isHeld } = shareToRun(tx, service, deployment, open)
    const planned = planOf(tx, service, { share, isHeld }, seen, world)
    const isItself = share === deployment
    if (isItself) deployment = healthSeen(tx, service, deployment, seen)
    const step: Step = open
      ? nextStep(open, deployment, {
          now: world.now,
          isSteady: planned.plan.isSteady && isItself,
          desired: service.desiredCount,
          alarms: open.alarms.status === 'MONITORING' ? newAlarms(open, world) : [],
        })
      : { do: 'wait' }
    if (step.do === 'wait') {
      const until = step.until === undefined ? undefined : step.until - world.now
      const again = minimum(seen.changesIn, planned.changesIn, until)
      if (share.rolloutState === 'FAILED' && service.desiredCount === 0)
        closeDrained(tx, service, seen)
      const isSteady = planned.plan.isSteady && !open
      if (isSteady && share.throttle)
        tx.patch(deployments, inService(service, share.deploymentId), { throttle: undefined })
      const acted = act(tx, service, share, planned, world)
      tellSteady(tx, service, isSteady, world)
      return sooner(acted, { again })
    }
    take(tx, step, { service, open: open as ServiceDeployment, deployment }, world)
    deployment = deploymentsOf(tx, service).find(({ status }) => status === 'PRIMARY') ?? deployment
  }
  return { again: 0, waitsForHosts: false }
}

/** A service that was scaled to nothing after a failure has nothing left to drain, and can be deleted. */
function closeDrained(tx: Write, service: Service, { tasks }: Seen): void {
  if (tasks.length > 0) return
  for (const { deploymentId, status } of deploymentsOf(tx, service))
    if (status === 'ACTIVE')
      tx.patch(deployments, inService(service, deploymentId), { status: 'INACTIVE' })
}

/** The way that the deployment is on, if it is on one; it is IN_PROGRESS from the first look at it. */
function begun(
  tx: Write,
  service: Service,
  { serviceDeploymentId }: Deployment,
  world: World,
): ServiceDeployment | undefined {
  const { now } = world
  const key = inService(service, serviceDeploymentId)
  const open = tx.get(serviceDeployments, key)
  if (!open || !OPEN.has(open.status)) return undefined
  const { deploymentConfiguration } = service
  if (open.startedAt !== undefined) {
    // What users change while it goes on acts on it: how else would one that hangs be helped?
    if (open.deploymentConfiguration === deploymentConfiguration) return open
    if (isEqual(open.deploymentConfiguration, deploymentConfiguration)) return open
    const watches = deploymentConfiguration.deploymentCircuitBreaker?.enable ?? false
    return tx.patch(serviceDeployments, key, {
      deploymentConfiguration,
      breaker: { status: watches ? 'MONITORING' : 'DISABLED' },
      updatedAt: now,
    }) as ServiceDeployment
  }
  return tx.patch(serviceDeployments, key, {
    startedAt: now,
    updatedAt: now,
    alarms: { ...open.alarms, ignored: inAlarm(open, world) },
    ...(open.status === 'PENDING' && { status: 'IN_PROGRESS' }),
  }) as ServiceDeployment
}

/** Before a deployment may start its own tasks, those of the one before it are kept up. */
function shareToRun(
  tx: Read,
  service: Service,
  deployment: Deployment,
  open: ServiceDeployment | undefined,
): Running {
  if (!open || mayScaleUp(open)) return { share: deployment, isHeld: false }
  const before = keptUp(tx, service, deployment)
  return before ? { share: before, isHeld: false } : { share: deployment, isHeld: true }
}
/** The share that is kept up; it is held where it must not start yet and there is none before it. */
type Running = { readonly share: Deployment; readonly isHeld: boolean }

/** A task that became healthy forgives the failures before it, unless the circuit breaker is told to remember. */
function healthSeen(tx: Write, service: Service, deployment: Deployment, seen: Seen): Deployment {
  if (deployment.rolloutState !== 'IN_PROGRESS') return deployment
  const healthyCount = seen.tasks.filter(
    ({ shareId, state, isStopping }) =>
      shareId === deployment.deploymentId && state === 'HEALTHY' && !isStopping,
  ).length
  if (healthyCount === deployment.healthyCount) return deployment
  const { deploymentCircuitBreaker: breaker } = service.deploymentConfiguration
  const forgives = healthyCount > deployment.healthyCount && (breaker?.resetOnHealthyTask ?? true)
  return tx.patch(deployments, inService(service, deployment.deploymentId), {
    healthyCount,
    ...(forgives && { failures: 0 }),
  }) as Deployment
}

type Planned = {
  readonly plan: Plan | DaemonPlan
  readonly seen: Seen
  /** Absent for daemons, which make no place for each other. */
  readonly situation?: Situation
  /** In how many milliseconds the plan is another one though nothing happens. */
  readonly changesIn?: number | undefined
}

function planOf(
  tx: Write,
  service: Service,
  { share, isHeld }: Running,
  seen: Seen,
  { now }: World,
): Planned {
  const isStalled = isHeld || share.rolloutState === 'FAILED'
  const state = {
    primary: share.deploymentId,
    mayStart: !isStalled && isUnthrottled(share, now),
    isStalled,
    tasks: seen.tasks,
  }
  if (service.schedulingStrategy === 'DAEMON') {
    const { changesIn, ...where } = daemonHosts(tx, service, share, now)
    const { hosts } = where
    if (service.desiredCount !== hosts.length)
      tx.patch(services, ofService(service), { desiredCount: hosts.length })
    const { minimumHealthyPercent } = service.deploymentConfiguration
    const inUse = seen.inUseByOthers()
    const plan = planDaemon({ ...state, ...where, minimumHealthyPercent, inUse })
    return { plan, seen, changesIn }
  }
  const situation: Situation = {
    ...state,
    desired: service.desiredCount,
    ...bounds(service.desiredCount, service.deploymentConfiguration),
    cannotPlace: false,
    order: seen.order,
    zones: isRebalanced(service) ? zonesOf(tx, service) : undefined,
  }
  return { plan: planReplicas(situation), seen, situation }
}

const inAlarm = ({ deploymentConfiguration }: ServiceDeployment, { signals }: World) =>
  signals?.alarms(deploymentConfiguration.alarms?.alarmNames ?? []) ?? []

/** An alarm that was on when the deployment began says nothing of it. */
const newAlarms = (open: ServiceDeployment, world: World): readonly string[] =>
  inAlarm(open, world).filter((name) => !open.alarms.ignored.includes(name))

const isEqual = (one: object, other: object): boolean => canonicalJson(one) === canonicalJson(other)

const isUnthrottled = ({ throttle }: Deployment | TaskSet, now: number): boolean =>
  throttle === undefined || throttle.until <= now

/** Starts and stops what the plan says, as much as one transaction carries, and tells of it. */
function act(
  tx: Write,
  service: Service,
  share: Deployment | TaskSet,
  { plan, seen, situation }: Planned,
  world: World,
): Outlook {
  const teller = 'taskSetId' in share ? share : service
  const tasksPerStep = stepOf(world)
  const starts = Math.min(plan.start, tasksPerStep)
  let started: Started = { tasks: [] }
  if (starts > 0) {
    const where =
      'startOn' in plan ? { on: plan.startOn.slice(0, tasksPerStep) } : { count: starts }
    started = startTasks(tx, service, share, where, world)
    tellTasks(tx, teller, ['has started', 'tasks'], taskIdsOf(started), world)
  }
  const balances =
    plan.moveTo !== undefined && move(tx, service, share, plan.moveTo, { seen, world })
  const stops = [...plan.stop]
  // What found no host may find one where something older makes place.
  if (started.refusals && situation)
    stops.push(...makePlace(situation, started, share, new Set(stops.map(({ task }) => task.id))))
  const now = stops.slice(0, Math.max(0, tasksPerStep - started.tasks.length))
  stopTasks(tx, teller, now, world)
  tellTroubles(tx, teller, { plan, started, throttle: share.throttle }, world)
  const isMore = stops.length > now.length || (starts < plan.start && !started.refusals)
  const mayFit = started.refusals !== undefined || (plan.moveTo !== undefined && !balances)
  const throttled = share.throttle ? Math.max(0, share.throttle.until - world.now) : undefined
  return {
    again: isMore ? 0 : minimum(throttled || undefined, mayFit ? LOOK_AGAIN_MS : undefined),
    waitsForHosts: started.refusals !== undefined,
  }
}

/** Starts one task in the zone that has too few. A zone without room is no trouble: the service runs as it is. */
function move(
  tx: Write,
  service: Service,
  share: Deployment | TaskSet,
  zone: string,
  { seen, world }: { readonly seen: Seen; readonly world: World },
): boolean {
  const { tasks } = startTasks(tx, service, share, { count: 1, zone }, world)
  if (tasks.length === 0) return false
  tell(tx, service, imbalance(zonesOf(tx, service), seen), {
    now: world.now,
    id: world.ids.uuid(),
  })
  tellTasks(tx, service, ['has started', 'tasks'], taskIdsOf({ tasks }), world)
  return true
}

function makePlace(
  situation: Situation,
  started: Started,
  share: Deployment | TaskSet,
  stopped: ReadonlySet<string>,
): readonly Stop[] {
  const fresh = started.tasks.map(({ taskId, containerInstanceId }): SeenTask => ({
    id: taskId,
    shareId: shareIdOf(share),
    state: 'STARTING',
    isStopping: false,
    isLeaving: false,
    isProtected: false,
    hostId: containerInstanceId,
  }))
  const tasks = situation.tasks.map((task) =>
    stopped.has(task.id) ? { ...task, isStopping: true } : task,
  )
  return planReplicas({ ...situation, tasks: [...tasks, ...fresh], cannotPlace: true }).stop
}

function stopTasks(tx: Write, teller: Teller, stops: readonly Stop[], { now, ids }: World): void {
  const running: string[] = []
  together(tx, (all) => {
    for (const { task, why } of stops) {
      const row = tx.get(tasks, taskKey(teller, teller.clusterName, task.id))
      if (!row) continue
      const stoppedReason =
        why === 'SCALE'
          ? `Scaling activity initiated by (deployment ${SHARE}${task.shareId})`
          : HEALTH_FAILED
      const moment = { now, id: ids.uuid() }
      stopTask(all, row, { stopCode: 'ServiceSchedulerInitiated', stoppedReason }, moment)
      if (why === 'UNHEALTHY')
        tell(tx, teller, `(task ${task.id}) failed container health checks.`, moment)
      if (row.lastStatus === 'RUNNING') running.push(task.id)
    }
  })
  tellTasks(tx, teller, ['has stopped', 'running tasks'], running, { now, ids })
}

const asScale = (task: SeenTask): Stop => ({ task, why: 'SCALE' })

const taskIdsOf = ({ tasks }: Started): string[] => tasks.map(({ taskId }) => taskId)

function tellTasks(
  tx: Write,
  teller: Teller,
  [did, what]: readonly [string, string],
  taskIds: readonly string[],
  { now, ids }: World,
): void {
  for (let at = 0; at < taskIds.length; at += IDS_PER_EVENT) {
    const some = taskIds.slice(at, at + IDS_PER_EVENT)
    const named = some.map((id) => `(task ${id})`).join(' ')
    tell(tx, teller, `${did} ${some.length} ${what}: ${named}.`, { now, id: ids.uuid() })
  }
}
