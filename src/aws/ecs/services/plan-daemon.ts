/** One task on each container instance that a daemon service belongs on. Pure, as plan.ts. */
import { heldBack, type Plan, type SeenTask, type Stop, type Why } from './plan.ts'

export type DaemonSituation = {
  readonly minimumHealthyPercent: number
  readonly primary: string
  readonly mayStart: boolean
  readonly isStalled: boolean
  /** The container instances that it belongs on. */
  readonly hosts: readonly string[]
  /** Those of them that cannot be told anything now: what they have they keep. */
  readonly outOfReach: ReadonlySet<string>
  /** Those of these that may be back in a moment: nothing waits for the others. */
  readonly away: ReadonlySet<string>
  /** Draining ones on which something else still runs: the daemon is the last to go. */
  readonly inUse: ReadonlySet<string>
  readonly tasks: readonly SeenTask[]
}
/** A daemon's tasks are started on the container instances named. */
export type DaemonPlan = Plan & {
  readonly startOn: readonly string[]
  /** Something is to start where nothing can be told at the moment: whether it finds room is not known. */
  readonly isAway: boolean
}

export function planDaemon(now: DaemonSituation): DaemonPlan {
  const mayStart = now.mayStart && !now.isStalled
  const min = Math.ceil((now.hosts.length * now.minimumHealthyPercent) / 100)
  const live = now.tasks.filter(({ isStopping }) => !isStopping)
  const { served, sick, unwanted, older, held } = sorted(now, live)
  const free = older.filter(({ isProtected }) => !isProtected)
  const stop: Stop[] = []
  const end = (tasks: readonly SeenTask[], why: Why, count = Infinity): void => {
    for (const task of tasks.slice(0, Math.max(0, count))) stop.push({ task, why })
  }
  // Without anything to take its place, an unhealthy one is better than none.
  if (!now.isStalled) end(sick, 'UNHEALTHY')
  end(unwanted, 'SCALE')
  // What goes for another reason is not there to make up for those that are replaced.
  const healthy = live.filter(isHealthy).length - unwanted.filter(isHealthy).length
  if (mayStart) {
    end(
      free.filter(({ state }) => state === 'STARTING' || state === 'UNHEALTHY'),
      'SCALE',
    )
    if (healthy >= min)
      end(
        free.filter(({ state }) => state === 'WARMING'),
        'SCALE',
      )
    end(free.filter(isHealthy), 'SCALE', healthy - min)
  }
  const occupied = new Set(now.tasks.map(({ hostId }) => hostId))
  const empty = now.hosts.filter((host) => !occupied.has(host))
  const isForgotten = (host: string): boolean => now.outOfReach.has(host) && !now.away.has(host)
  const startOn = mayStart ? empty.filter((host) => !now.outOfReach.has(host)) : []
  const isMoving =
    startOn.length + stop.length + now.tasks.length - live.length > 0 ||
    live.some(({ state }) => state === 'STARTING' || state === 'WARMING')
  const kept = held + older.length - free.length
  return {
    start: startOn.length,
    startOn,
    stop,
    isStuck: free.length > 0 && !isMoving && mayStart,
    held: kept,
    heldBack: heldBack(kept, live, { desired: now.hosts.length, isMoving }),
    // Where what ends is not replaced nothing is steady.
    isSteady:
      !now.isStalled &&
      empty.every(isForgotten) &&
      now.tasks.length === served &&
      live.every((task) => isForgotten(task.hostId) || isDone(task, now.primary)),
    isAway: empty.some((host) => now.away.has(host)),
  }
}

const isHealthy = ({ state }: SeenTask): boolean => state === 'HEALTHY'
const isDone = (task: SeenTask, primary: string): boolean =>
  isHealthy(task) && task.shareId === primary

type Sorted = {
  /** Container instances that have a task which may stay. */
  readonly served: number
  readonly sick: readonly SeenTask[]
  /** Where the daemon does not belong, or a second one. */
  readonly unwanted: readonly SeenTask[]
  /** Daemons in their place, and of another deployment than they should be. */
  readonly older: readonly SeenTask[]
  /** Protected where they do not belong. */
  readonly held: number
}

function sorted(now: DaemonSituation, live: readonly SeenTask[]): Sorted {
  const belongs = new Set(now.hosts)
  const served = new Set<string>()
  const sick: SeenTask[] = []
  const unwanted: SeenTask[] = []
  const older: SeenTask[] = []
  let held = 0
  for (const task of live)
    if (!belongs.has(task.hostId) || task.isLeaving) {
      if (task.isProtected) held += 1
      else if (!now.inUse.has(task.hostId)) unwanted.push(task)
    } else if (task.shareId !== now.primary) older.push(task)
    else if (served.has(task.hostId)) unwanted.push(task)
    else if (task.state === 'UNHEALTHY') sick.push(task)
    else served.add(task.hostId)
  return { served: served.size, sick, unwanted, older, held }
}
