/** Does what a plan says, as much as one transaction carries, and tells of it in AWS's words. */
import type { Write } from '#store/store.ts'

import { taskKey } from '../names/names.ts'
import { HEALTH_FAILED, SHARE } from '../names/services.ts'
import { type Task, tasks } from '../records/records.ts'
import type { Deployment, Service, TaskSet } from '../records/services.ts'
import { together } from '../tasks/change.ts'
import { stopTask } from '../tasks/stop.ts'
import { tell, type Teller } from './events.ts'
import { minimum, type Outlook } from './outlook.ts'
import type { DaemonPlan } from './plan-daemon.ts'
import { type Plan, planReplicas, type SeenTask, type Situation, type Stop } from './plan.ts'
import type { Seen } from './situation.ts'
import { shareIdOf, type Started, startTasks } from './start-tasks.ts'
import { tellTroubles } from './troubles.ts'
import type { World } from './world.ts'
import { noticeBalancing, tellMove, tellZoneFull } from './zones.ts'

/**
 * Tasks that one transaction starts or stops where nothing else is said; a task is up to six records. A step looks at all
 * tasks of the service, which is why it is not shorter, and holds the thread, which is why it is not longer.
 */
export const TASKS_PER_STEP = 80
export const stepOf = ({ tasksPerStep = TASKS_PER_STEP }: World): number => tasksPerStep
/** Task ids that one event names. */
const IDS_PER_EVENT = 10
/** A service that waits for a host looks again now and then, should it have missed one. */
const LOOK_AGAIN_MS = 60_000

export type Planned = {
  readonly plan: Plan | DaemonPlan
  readonly seen: Seen
  /** Absent for daemons, which make no place for each other. */
  readonly situation?: Situation
  /** In how many milliseconds the plan is another one though nothing happens. */
  readonly changesIn?: number | undefined
}
/** `isMoving`: a task was started only to even out the zones. */
export type Acted = Outlook & { readonly isMoving: boolean }

export function act(
  tx: Write,
  service: Service,
  share: Deployment | TaskSet,
  { plan, seen, situation }: Planned,
  world: World,
): Acted {
  const teller = 'taskSetId' in share ? share : service
  const tasksPerStep = stepOf(world)
  const starts = Math.min(plan.start, tasksPerStep)
  let started: Started = { tasks: [] }
  if (starts > 0) {
    const where =
      'startOn' in plan ? { on: plan.startOn.slice(0, tasksPerStep) } : { count: starts }
    started = startTasks(tx, service, share, where, world)
    tellTasks(tx, teller, ['has started', 'tasks'], idsOf(started.tasks), world)
  }
  const isMoving =
    plan.moveTo !== undefined && move(tx, service, share, plan.moveTo, { seen, world })
  const stops = [...plan.stop]
  // What found no host may find one where something older makes place.
  if (started.refusals && situation)
    stops.push(...makePlace(situation, started, share, new Set(stops.map(({ task }) => task.id))))
  const now = stops.slice(0, Math.max(0, tasksPerStep - started.tasks.length))
  stopTasks(tx, teller, now, world)
  tellTroubles(tx, teller, { plan, started, throttle: share.throttle }, world)
  const isMore = stops.length > now.length || (starts < plan.start && !started.refusals)
  const mayFit = started.refusals !== undefined || (plan.moveTo !== undefined && !isMoving)
  const throttled = share.throttle ? Math.max(0, share.throttle.until - world.now) : undefined
  return {
    again: isMore ? 0 : minimum(throttled || undefined, mayFit ? LOOK_AGAIN_MS : undefined),
    waitsForHosts: started.refusals !== undefined,
    isMoving,
  }
}

/** Starts one task in the zone that has too few. Where that has no room the service runs as it is. */
function move(
  tx: Write,
  service: Service,
  share: Deployment | TaskSet,
  zone: string,
  { seen, world }: { readonly seen: Seen; readonly world: World },
): boolean {
  const { tasks: started, refusals } = startTasks(tx, service, share, { count: 1, zone }, world)
  if (started.length === 0) {
    tellZoneFull(tx, service, zone, refusals ?? [], world)
    return false
  }
  tellMove(tx, service, seen, world)
  const words = ['has started', `tasks in ${zone} to AZ Rebalance`] as const
  tellTasks(tx, service, words, idsOf(started), world)
  noticeBalancing(tx, service, 'TASKS_STARTED', world)
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
  const seen = situation.tasks.map((task) =>
    stopped.has(task.id) ? { ...task, isStopping: true } : task,
  )
  return planReplicas({ ...situation, tasks: [...seen, ...fresh], cannotPlace: true }).stop
}

export function stopTasks(tx: Write, teller: Teller, stops: readonly Stop[], world: World): void {
  /** The tasks that stop, by what is told of them. */
  const told = new Map<string, { readonly words: Words; readonly ids: string[] }>()
  together(tx, (all) => {
    for (const stop of stops) {
      const { task, why } = stop
      const row = tx.get(tasks, taskKey(teller, teller.clusterName, task.id))
      if (!row) continue
      const moment = { now: world.now, id: world.ids.uuid() }
      const stoppedReason = reasonOf(stop, world)
      stopTask(all, row, { stopCode: 'ServiceSchedulerInitiated', stoppedReason }, moment)
      if (why === 'UNHEALTHY')
        tell(tx, teller, `(task ${task.id}) failed container health checks.`, moment)
      if (row.lastStatus !== 'RUNNING' && why !== 'LOST') continue
      const words = wordsOf(stop, row, world)
      const name = words.join(' ')
      const known = told.get(name) ?? { words, ids: [] }
      known.ids.push(task.id)
      told.set(name, known)
    }
  })
  for (const { words, ids } of told.values()) tellTasks(tx, teller, words, ids, world)
  if (stops.some(({ why }) => why === 'BALANCE'))
    noticeBalancing(tx, teller, 'TASKS_STOPPED', world)
}

/** The stop of a task where there are to be fewer. */
export const asScale = (task: SeenTask): Stop => ({ task, why: 'SCALE' })

function reasonOf({ task, why }: Stop, world: World): string {
  if (why === 'UNHEALTHY') return HEALTH_FAILED
  if (why === 'LOST') return `Container instance ${task.hostId} ${outOfReach(world)}.`
  return `Scaling activity initiated by (deployment ${SHARE}${task.shareId})`
}

type Words = readonly [did: string, what: string]

function wordsOf({ task, why }: Stop, { availabilityZone }: Task, world: World): Words {
  if (why === 'LOST')
    return [
      'has given up',
      `tasks on (container-instance ${task.hostId}), which ${outOfReach(world)}`,
    ]
  if (why === 'BALANCE')
    return ['has stopped', `running tasks in ${availabilityZone} due to AZ rebalancing`]
  return ['has stopped', 'running tasks']
}

const outOfReach = ({ lostAfterMs = 0 }: World): string =>
  `has been out of reach for more than ${lostAfterMs / 1000} seconds`

const idsOf = (started: readonly Task[]): string[] => started.map(({ taskId }) => taskId)

function tellTasks(
  tx: Write,
  teller: Teller,
  [did, what]: Words,
  taskIds: readonly string[],
  { now, ids }: World,
): void {
  for (let at = 0; at < taskIds.length; at += IDS_PER_EVENT) {
    const some = taskIds.slice(at, at + IDS_PER_EVENT)
    const named = some.map((id) => `(task ${id})`).join(' ')
    tell(tx, teller, `${did} ${some.length} ${what}: ${named}.`, { now, id: ids.uuid() })
  }
}
