/**
 * One step of a service towards what it should be, in one transaction: what it sees, what the plan says, what becomes
 * of its deployment, and what its users are told. A bigger plan is done in several steps.
 */
import { canonicalJson } from '#kernel/fingerprint.ts'
import type { Write } from '#store/store.ts'

import { inService, ofService } from '../names/services.ts'
import {
  type Deployment,
  type Service,
  type ServiceDeployment,
  serviceDeployments,
  services,
  type TaskSet,
  taskSets,
} from '../records/services.ts'
import { act, asScale, type Planned, stepOf, stopTasks } from './act.ts'
import { advance, keptUp } from './advance.ts'
import { stopOpen } from './end.ts'
import { OPEN, taskSetsOf } from './find.ts'
import { DONE, minimum, type Outlook, sooner } from './outlook.ts'
import { planDaemon } from './plan-daemon.ts'
import { bounds, planReplicas, type Situation } from './plan.ts'
import { isRebalanced } from './rebalancing.ts'
import { mayScaleUp, nextStep, rehooked, type Step } from './rollout.ts'
import { see, type Seen } from './situation.ts'
import { ServiceSnapshot } from './snapshot.ts'
import { daemonHosts } from './start-tasks.ts'
import { computedDesired } from './task-sets.ts'
import { tellStability, tellSteady } from './troubles.ts'
import type { World } from './world.ts'
import { tellEven, zonesOf } from './zones.ts'

/** Stages may follow each other at once, but never for ever. */
const STEPS_MAX = 20

export function schedule(tx: Write, key: string, world: World): Outlook {
  const service = tx.get(services, key)
  if (!service || service.status === 'INACTIVE') return DONE
  if (service.status === 'DRAINING') return drain(tx, service, world)
  if (service.deploymentController === 'EXTERNAL') return external(tx, service, world)
  return rolling(tx, new ServiceSnapshot(tx, service), world)
}

/** All tasks of a deleted service stop at once; it is gone when none is left that was not asked to. */
function drain(tx: Write, service: Service, world: World): Outlook {
  const seen = see(tx, service, world)
  const live = seen.tasks.filter(({ isStopping }) => !isStopping)
  stopTasks(tx, service, live.slice(0, stepOf(world)).map(asScale), world)
  if (live.length > stepOf(world)) return { ...DONE, again: 0 }
  const snapshot = new ServiceSnapshot(tx, service)
  for (const deployment of snapshot.deployments)
    if (deployment.status !== 'INACTIVE') snapshot.change(deployment, { status: 'INACTIVE' })
  stopOpen(tx, service, 'The service was deleted.', world.now)
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
    const desired = computedDesired(service, taskSet)
    const own = seen.tasks.filter(({ shareId }) => shareId === taskSet.taskSetId)
    const situation: Situation = {
      desired,
      // A controller's percentages are the defaults, and act where hosts are to be left (AWS, DeploymentConfiguration).
      min: own.some(({ isLeaving }) => isLeaving) ? desired : 0,
      max: Infinity,
      primary: taskSet.taskSetId,
      mayStart: isUnthrottled(taskSet, world.now),
      isStalled: false,
      cannotPlace: false,
      tasks: own,
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

function rolling(tx: Write, snapshot: ServiceSnapshot, world: World): Outlook {
  const { service } = snapshot
  const seen = see(tx, service, world)
  for (let steps = 0; steps < STEPS_MAX; steps += 1) {
    let { primary: deployment } = snapshot
    if (!deployment) return DONE
    const open = begun(tx, snapshot, deployment, world)
    const { share, isHeld } = shareToRun(snapshot, deployment, open)
    const planned = planOf(tx, service, { share, isHeld, isOpen: open !== undefined }, seen, world)
    const isItself = share === deployment
    if (isItself) deployment = healthSeen(snapshot, deployment, seen)
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
        closeDrained(snapshot, seen)
      const isSteady = planned.plan.isSteady && !open
      if (isSteady && share.throttle) snapshot.change(share, { throttle: undefined })
      const acted = act(tx, service, share, planned, world)
      const isAtRest = isSteady && !acted.isMoving
      if (isAtRest) tellEven(tx, service, planned, world)
      tellSteady(tx, service, isAtRest, world)
      return sooner(acted, { again })
    }
    advance(tx, step, { snapshot, open: open as ServiceDeployment, deployment }, world)
  }
  return { again: 0, waitsForHosts: false }
}

/** A service that was scaled to nothing after a failure has nothing left to drain, and can be deleted. */
function closeDrained(snapshot: ServiceSnapshot, { tasks }: Seen): void {
  if (tasks.length > 0) return
  for (const deployment of snapshot.deployments)
    if (deployment.status === 'ACTIVE') snapshot.change(deployment, { status: 'INACTIVE' })
}

/** The way that the deployment is on, if it is on one; it is IN_PROGRESS from the first look at it. */
function begun(
  tx: Write,
  snapshot: ServiceSnapshot,
  deployment: Deployment,
  world: World,
): ServiceDeployment | undefined {
  const { now } = world
  const open = snapshot.wayOf(deployment)
  if (!open || !OPEN.has(open.status)) return undefined
  const key = inService(open, open.serviceDeploymentId)
  const { deploymentConfiguration } = snapshot.service
  if (open.startedAt !== undefined) {
    // What users change while it goes on acts on it: how else would one that hangs be helped?
    if (open.deploymentConfiguration === deploymentConfiguration) return open
    if (isEqual(open.deploymentConfiguration, deploymentConfiguration)) return open
    const watches = deploymentConfiguration.deploymentCircuitBreaker?.enable ?? false
    return tx.patch(serviceDeployments, key, {
      deploymentConfiguration,
      hooks: rehooked(open, deploymentConfiguration),
      // What it has already told stays told.
      ...(open.breaker.status !== 'TRIGGERED' && {
        breaker: { status: watches ? 'MONITORING' : 'DISABLED' },
      }),
      updatedAt: now,
    })
  }
  return tx.patch(serviceDeployments, key, {
    startedAt: now,
    updatedAt: now,
    alarms: { ...open.alarms, ignored: inAlarm(open, world) },
    ...(open.status === 'PENDING' && { status: 'IN_PROGRESS' }),
  })
}

/** Before a deployment may start its own tasks, those of the one before it are kept up. */
function shareToRun(
  snapshot: ServiceSnapshot,
  deployment: Deployment,
  open: ServiceDeployment | undefined,
): Running {
  if (!open || mayScaleUp(open)) return { share: deployment, isHeld: false }
  const before = keptUp(snapshot, deployment)
  return before ? { share: before, isHeld: false } : { share: deployment, isHeld: true }
}
/** The share that is kept up; it is held where it must not start yet and there is none before it. */
type Running = { readonly share: Deployment; readonly isHeld: boolean }

/** A task that became healthy forgives the failures before it, unless the circuit breaker is told to remember. */
function healthSeen(snapshot: ServiceSnapshot, deployment: Deployment, seen: Seen): Deployment {
  if (deployment.rolloutState !== 'IN_PROGRESS') return deployment
  const healthyCount = seen.tasks.filter(
    ({ shareId, state, isStopping }) =>
      shareId === deployment.deploymentId && state === 'HEALTHY' && !isStopping,
  ).length
  if (healthyCount === deployment.healthyCount) return deployment
  const { deploymentCircuitBreaker: breaker } = snapshot.service.deploymentConfiguration
  const forgives = healthyCount > deployment.healthyCount && (breaker?.resetOnHealthyTask ?? true)
  return snapshot.change(deployment, { healthyCount, ...(forgives && { failures: 0 }) })
}

function planOf(
  tx: Write,
  service: Service,
  { share, isHeld, isOpen }: Running & { readonly isOpen: boolean },
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
    // Zones are evened out between deployments.
    zones: !isOpen && isRebalanced(service) ? zonesOf(tx, service) : undefined,
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
