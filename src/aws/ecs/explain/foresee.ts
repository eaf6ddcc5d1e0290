/**
 * What will become of a service if hosts do as they are told: the scheduler itself is let run, in a transaction that is
 * never kept, and every task that it starts runs and is healthy, every one that it stops ends after its stop timeout. So a
 * plan is not like what then happens, it is what then happens. Other services are taken to stay as they are.
 */
import type { Read, Write } from '#store/store.ts'

import { containerInstanceArn, definitionArn, taskArn } from '../names/names.ts'
import { groupOf, inService, ofService, serviceKey } from '../names/services.ts'
import { type Task, tasksByService } from '../records/records.ts'
import { type Service, serviceDeployments, serviceEvents, services } from '../records/services.ts'
import { unbuiltMembers } from '../scheduler/unbuilt.ts'
import { OPEN, primaryOf, taskSetsOf } from '../services/find.ts'
import { minimum, type Outlook } from '../services/outlook.ts'
import { schedule } from '../services/schedule.ts'
import { see } from '../services/situation.ts'
import { launchOf } from '../services/start-tasks.ts'
import { STUCK } from '../services/troubles.ts'
import type { World } from '../services/world.ts'
import { changeTask } from '../tasks/change.ts'
import { endsBy, isReachable } from './stopping.ts'

/** A plan is made while nothing else is done, so it may not be endless. */
const TASKS_MAX = 2_000
const ROUNDS_MAX = 2_000
const HORIZON_MS = 24 * 60 * 60_000

export type ForeseenStep = {
  readonly afterMs: number
  readonly starts: readonly {
    readonly containerInstanceArn: string
    readonly taskDefinitionArn: string
  }[]
  readonly stops: readonly { readonly taskArn: string; readonly reason: string }[]
}
export type End =
  | 'STEADY'
  | 'STUCK'
  | 'WAITS_FOR_HOSTS'
  | 'PAUSED'
  | 'FAILED'
  | 'HAS_FAILED'
  | 'WAITS'
  | 'INACTIVE'
  | 'TOO_FAR'
export type Foreseen = {
  readonly steps: readonly ForeseenStep[]
  readonly end: End
  readonly afterMs: number
  /** What the service's events would say. */
  readonly events: readonly string[]
  /** Members of its task definition that ask for what is not in this release. */
  readonly unbuilt: readonly string[]
}

/** `tx` must be a rehearsal. */
export function foresee(tx: Write, key: string, world: World): Foreseen {
  const eventsBefore = new Set(eventsOf(tx, key).map(({ key: at }) => at))
  const steps: ForeseenStep[] = []
  const begun: Begun = { failed: failedOf(tx, key), until: world.now + HORIZON_MS }
  let now = world.now
  const told = (end: End): Foreseen => ({
    steps,
    end,
    afterMs: now - world.now,
    events: newEvents(tx, key, eventsBefore),
    unbuilt: unbuiltOf(tx, key),
  })
  let outlook: Outlook = { again: undefined, waitsForHosts: false }
  for (let round = 0; round < ROUNDS_MAX && now < begun.until; round += 1) {
    const before = tasksOf(tx, key)
    if (before.size > TASKS_MAX) break
    outlook = schedule(tx, key, { ...world, now })
    const step = stepOf(before, tasksOf(tx, key), now - world.now)
    if (step) steps.push(step)
    const moved = obey(tx, key, { ...world, now })
    if (step || moved || outlook.again === 0) continue
    const stopsIn = nextEnd(tx, key, now)
    const end = endOf(tx, key, { ...outlook, stopsIn }, { ...world, now, ...begun })
    const again = minimum(outlook.again, stopsIn)
    if (end !== undefined || again === undefined)
      return told(end ?? (isStuck(tx, key) ? 'STUCK' : 'WAITS'))
    now += again
    // What has ended by then is known when the scheduler looks.
    obey(tx, key, { ...world, now })
  }
  return told('TOO_FAR')
}

/** The service's tasks that have not ended, as they are now. */
function tasksOf(tx: Read, key: string): ReadonlyMap<string, Task> {
  const service = tx.get(services, key)
  if (!service) return new Map()
  const group = serviceKey(service, service.clusterName, groupOf(service.serviceName))
  return new Map([...tx.find(tasksByService, group)].map(({ key: at, row }) => [at, row]))
}

function stepOf(
  before: ReadonlyMap<string, Task>,
  after: ReadonlyMap<string, Task>,
  afterMs: number,
): ForeseenStep | undefined {
  const starts = [...after].filter(([key]) => !before.has(key)).map(([, task]) => task)
  const stops = [...after]
    .filter(
      ([key, task]) =>
        task.desiredStatus === 'STOPPED' && before.get(key)?.desiredStatus === 'RUNNING',
    )
    .map(([, task]) => task)
  if (starts.length + stops.length === 0) return undefined
  return {
    afterMs,
    starts: starts.map((task) => ({
      containerInstanceArn: containerInstanceArn(task),
      taskDefinitionArn: definitionArn(task, task.family, task.revision),
    })),
    stops: stops.map((task) => ({ taskArn: taskArn(task), reason: task.stoppedReason ?? '' })),
  }
}

/** Hosts that can be told do what they were told. Returns whether there was anything to do. */
function obey(tx: Write, key: string, { now, ids }: World): boolean {
  let moved = false
  for (const task of tasksOf(tx, key).values()) {
    const fields = obeyed(tx, task, now)
    if (!fields) continue
    changeTask(tx, task, fields, { now, id: ids.uuid() })
    moved = true
  }
  return moved
}

function obeyed(tx: Read, task: Task, now: number): Partial<Task> | undefined {
  if (!isReachable(tx, task)) return undefined
  if (task.desiredStatus === 'STOPPED')
    return (endsBy(tx, task) ?? Infinity) <= now
      ? { lastStatus: 'STOPPED', stoppedAt: now, executionStoppedAt: now }
      : undefined
  const isUp = task.lastStatus === 'RUNNING'
  const isKnown = task.containers.every(({ healthStatus }) => healthStatus !== 'UNKNOWN')
  if (isUp && isKnown) return undefined
  return {
    lastStatus: 'RUNNING',
    ...(!isUp && { startedAt: now }),
    healthStatus: 'HEALTHY',
    containers: task.containers.map((container) => ({
      ...container,
      lastStatus: 'RUNNING',
      healthStatus: container.healthStatus === 'UNKNOWN' ? 'HEALTHY' : container.healthStatus,
    })),
  }
}

/** In how long the next task that was asked to end has. */
function nextEnd(tx: Read, key: string, now: number): number | undefined {
  const ends = [...tasksOf(tx, key).values()].flatMap((task) => endsBy(tx, task) ?? [])
  return ends.length > 0 ? Math.min(...ends) - now : undefined
}

/** The deployment that had failed before the plan began, and when the plan ends. */
type Begun = { readonly failed: string | undefined; readonly until: number }

function failedOf(tx: Read, key: string): string | undefined {
  const service = tx.get(services, key)
  const primary = service && primaryOf(tx, service)
  return primary?.rolloutState === 'FAILED' ? primary.deploymentId : undefined
}

function unbuiltOf(tx: Read, key: string): readonly string[] {
  const service = tx.get(services, key)
  const shares = service ? [primaryOf(tx, service) ?? [], taskSetsOf(tx, service)].flat() : []
  const needs = shares.flatMap((share) => launchOf(tx, service as Service, share)?.need ?? [])
  return [...new Set(needs.flatMap(unbuiltMembers))]
}

const isStuck = (tx: Read, key: string): boolean => STUCK in (tx.get(services, key)?.toldAt ?? {})

/** Where the service has come to; nothing where only time has to pass. */
function endOf(
  tx: Read,
  key: string,
  outlook: Outlook & { readonly stopsIn: number | undefined },
  world: World & Begun,
): End | undefined {
  const service = tx.get(services, key)
  if (!service || service.status === 'INACTIVE') return 'INACTIVE'
  // An end may make room, or let another come.
  if (outlook.stopsIn !== undefined) return undefined
  const primary = primaryOf(tx, service)
  if (primary?.rolloutState === 'FAILED')
    return primary.deploymentId === world.failed ? 'HAS_FAILED' : 'FAILED'
  if (isPaused(tx, service, primary?.serviceDeploymentId, world.until)) return 'PAUSED'
  if (outlook.waitsForHosts) {
    // A task that is healthy in a while lets another go, which may make the place that is waited for.
    const { changesIn } = see(tx, service, world)
    return changesIn === undefined ? 'WAITS_FOR_HOSTS' : undefined
  }
  return isSteady(tx, service) ? 'STEADY' : undefined
}

function isSteady(tx: Read, service: Service): boolean {
  if (service.deploymentController === 'ECS') return service.isSteady
  return taskSetsOf(tx, service).every(({ stabilityStatus }) => stabilityStatus === 'STEADY_STATE')
}

/** Whether it waits for somebody: a pause that continues by itself before `until` does not. */
function isPaused(tx: Read, service: Service, id: string | undefined, until: number): boolean {
  const open = id === undefined ? undefined : tx.get(serviceDeployments, inService(service, id))
  return (
    open !== undefined &&
    OPEN.has(open.status) &&
    open.hooks.some(
      ({ stage, status, timeoutAction, expiresAt }) =>
        stage === open.stage &&
        status === 'AWAITING_ACTION' &&
        (timeoutAction === 'ROLLBACK' || expiresAt >= until),
    )
  )
}

const eventsOf = (tx: Read, key: string) => {
  const service = tx.get(services, key)
  return service ? [...tx.scan(serviceEvents, { prefix: `${ofService(service)}/` })] : []
}
const newEvents = (tx: Read, key: string, before: ReadonlySet<string>): string[] =>
  eventsOf(tx, key)
    .filter(({ key: at }) => !before.has(at))
    .map(({ row }) => row.message)
