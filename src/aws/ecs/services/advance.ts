/** Takes a rolling deployment from step to step, and back to the last one that was COMPLETED where it failed. */
import type { Write } from '#store/store.ts'

import { inService, SHARE } from '../names/services.ts'
import { type Deployment, type ServiceDeployment, serviceDeployments } from '../records/services.ts'
import { sharesNow, unanswered } from './end.ts'
import { noticeDeployment, tell } from './events.ts'
import type { Step } from './rollout.ts'
import type { ServiceSnapshot } from './snapshot.ts'
import type { World } from './world.ts'

type Rollout = {
  readonly snapshot: ServiceSnapshot
  readonly open: ServiceDeployment
  readonly deployment: Deployment
}

/** Makes the step true. `wait` changes nothing. */
export function advance(tx: Write, step: Step, rollout: Rollout, world: World): void {
  const { snapshot, open, deployment } = rollout
  const { service } = snapshot
  const { now, ids } = world
  const patch = (fields: Partial<ServiceDeployment>): void =>
    void tx.patch(serviceDeployments, inService(service, open.serviceDeploymentId), {
      ...fields,
      // What a service deployment ended with is what is told of it from now on.
      ...(fields.finishedAt !== undefined && sharesNow(snapshot, open)),
      ...((fields.finishedAt !== undefined || fields.rollback) && {
        hooks: unanswered(open.hooks),
      }),
      updatedAt: now,
    })
  switch (step.do) {
    case 'wait':
      return
    case 'enter':
      return patch({ stage: step.stage, stageSince: now })
    case 'pause':
      return patch({ hooks: [...open.hooks, { ...step.hook, hookId: `ecs-pause-${ids.hex(32)}` }] })
    case 'expire':
      return patch({
        hooks: open.hooks.map((hook) =>
          hook.hookId === step.hookId ? { ...hook, status: 'TIMED_OUT' } : hook,
        ),
      })
    case 'complete':
      return complete(tx, rollout, world, patch)
    case 'abort':
      settle(tx, rollout, 'FAILED', 'ECS deployment was stopped by the user.', world)
      tell(
        tx,
        service,
        `(deployment ${SHARE}${deployment.deploymentId}) deployment failed: it was stopped by the user.`,
        { now, id: ids.uuid() },
      )
      return patch({ status: 'STOPPED', stoppedAt: now, finishedAt: now })
    case 'fail':
      return fail(tx, step, rollout, world, patch)
  }
}

type Patch = (fields: Partial<ServiceDeployment>) => void
type Failed = Extract<Step, { do: 'fail' }>

/** The deployment is what the service is now; older ones are history. */
function complete(tx: Write, rollout: Rollout, world: World, patch: Patch): void {
  const { snapshot, open, deployment } = rollout
  const { now, ids } = world
  const name = `${SHARE}${deployment.deploymentId}`
  settle(tx, rollout, 'COMPLETED', `ECS deployment ${name} completed.`, world)
  for (const older of snapshot.deployments)
    if (older.status === 'ACTIVE') snapshot.change(older, { status: 'INACTIVE', updatedAt: now })
  tell(tx, snapshot.service, `(deployment ${name}) deployment completed.`, { now, id: ids.uuid() })
  patch({
    status: open.rollback ? 'ROLLBACK_SUCCESSFUL' : 'SUCCESSFUL',
    finishedAt: now,
    ...(open.breaker.status === 'MONITORING' && { breaker: { status: 'MONITORING_COMPLETE' } }),
    ...(open.alarms.status === 'MONITORING' && {
      alarms: { ...open.alarms, status: 'MONITORING_COMPLETE' },
    }),
  })
}

const DETECTORS: Readonly<Record<Failed['by'], { readonly who: string; readonly what: string }>> = {
  BREAKER: { who: 'ECS deployment circuit breaker', what: 'tasks failed to start.' },
  ALARM: { who: 'ECS deployment alarm', what: 'an alarm is in ALARM.' },
  USER: { who: 'ECS deployment', what: 'a rollback was asked for.' },
  HOOK: { who: 'ECS deployment lifecycle hook', what: 'a pause was not continued.' },
  CHOICE: { who: 'ECS deployment lifecycle hook', what: 'a pause was ended by a rollback.' },
}

const NO_WAY_BACK = 'There is no completed deployment to roll back to.'

function fail(tx: Write, step: Failed, rollout: Rollout, world: World, patch: Patch): void {
  const { snapshot, open, deployment } = rollout
  const { service } = snapshot
  const { now, ids } = world
  const { who, what } = DETECTORS[step.by]
  const reason = `${who}: ${what}`
  settle(tx, rollout, 'FAILED', reason, world)
  const name = `${SHARE}${deployment.deploymentId}`
  tell(tx, service, `(deployment ${name}) deployment failed: ${what}`, { now, id: ids.uuid() })
  const triggered: Partial<ServiceDeployment> = {
    statusReason: reason,
    ...(step.by === 'BREAKER' && { breaker: { status: 'TRIGGERED' } }),
    ...(step.by === 'ALARM' && {
      alarms: { ...open.alarms, status: 'TRIGGERED', triggered: step.alarms ?? [] },
    }),
  }
  const back = step.rollback && !open.rollback ? lastCompleted(snapshot, deployment) : undefined
  if (!back) {
    const ended = { ...triggered, stoppedAt: now, finishedAt: now }
    if (!step.rollback) return patch({ ...ended, status: 'STOPPED' })
    return patch({ ...ended, status: 'ROLLBACK_FAILED', statusReason: `${reason} ${NO_WAY_BACK}` })
  }
  const to = `${SHARE}${back.deploymentId}`
  tell(tx, service, `rolling back to deployment ${to}.`, { now, id: ids.uuid() })
  snapshot.change(deployment, { status: 'ACTIVE' })
  // It is IN_PROGRESS again: a rollback target that is used up until it has completed once more.
  const again = snapshot.change(back, {
    status: 'PRIMARY',
    rolloutState: 'IN_PROGRESS',
    rolloutStateReason: `${who}: rolling back to deploymentId ${to}.`,
    serviceDeploymentId: open.serviceDeploymentId,
    failures: 0,
    healthyCount: 0,
    throttle: undefined,
    completedAt: undefined,
    updatedAt: now,
  })
  noticeDeployment(tx, again, { now, id: ids.uuid() })
  patch({
    ...triggered,
    status: 'ROLLBACK_IN_PROGRESS',
    stage: 'SCALE_UP',
    stageSince: now,
    rollback: { reason, startedAt: now, revisionId: back.revisionId },
  })
}

/** Where a deployment that fails goes back to: the newest that was ever COMPLETED and has not been used up. */
function lastCompleted({ deployments }: ServiceSnapshot, than: Deployment): Deployment | undefined {
  return deployments
    .filter(
      ({ completedAt, deploymentId }) =>
        completedAt !== undefined && deploymentId !== than.deploymentId,
    )
    .toSorted((one, other) => (other.completedAt ?? 0) - (one.completedAt ?? 0))[0]
}

/**
 * What is kept up until a newer deployment may start its own tasks: of those that have not been replaced yet the one that
 * was COMPLETED, or that the service was going back to.
 */
export function keptUp(snapshot: ServiceSnapshot, than: Deployment): Deployment | undefined {
  const createdAt = (one: Deployment): number => snapshot.wayOf(one)?.createdAt ?? 0
  return snapshot.deployments
    .filter(
      (one) =>
        one.status === 'ACTIVE' &&
        one.deploymentId !== than.deploymentId &&
        (one.completedAt !== undefined ||
          snapshot.wayOf(one)?.rollback?.revisionId === one.revisionId),
    )
    .toSorted((one, other) => createdAt(other) - createdAt(one))[0]
}

/** Keeps what has become of the deployment, and makes it known. */
function settle(
  tx: Write,
  { snapshot, deployment }: Rollout,
  rolloutState: 'COMPLETED' | 'FAILED',
  rolloutStateReason: string,
  { now, ids }: World,
): void {
  const after = snapshot.change(deployment, {
    rolloutState,
    rolloutStateReason,
    updatedAt: now,
    ...(rolloutState === 'COMPLETED' && { completedAt: now }),
  })
  noticeDeployment(tx, after, { now, id: ids.uuid() })
}
