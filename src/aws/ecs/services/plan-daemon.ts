/** One task on each container instance that a daemon service belongs on. Pure, as plan.ts. */
import { NOTHING, type Plan, type SeenTask, type Stop, type Why } from './plan.ts'

export type DaemonSituation = {
  readonly minimumHealthyPercent: number
  readonly primary: string
  readonly mayStart: boolean
  readonly isStalled: boolean
  /** The container instances that it belongs on. */
  readonly hosts: readonly string[]
  /** Draining ones on which something else still runs: the daemon is the last to go. */
  readonly inUse: ReadonlySet<string>
  readonly tasks: readonly SeenTask[]
}
/** A daemon's tasks are started on the container instances named. */
export type DaemonPlan = Plan & { readonly startOn: readonly string[] }

export function planDaemon(now: DaemonSituation): DaemonPlan {
  if (now.isStalled) return { ...NOTHING, startOn: [] }
  const min = Math.ceil((now.hosts.length * now.minimumHealthyPercent) / 100)
  const belongs = new Set(now.hosts)
  const live = now.tasks.filter(({ isStopping }) => !isStopping)
  const healthy = live.filter(({ state }) => state === 'HEALTHY').length
  const occupied = new Set(now.tasks.map(({ hostId }) => hostId))
  const stop: Stop[] = []
  const end = (tasks: readonly SeenTask[], why: Why, count = Infinity): void => {
    for (const task of tasks.slice(0, Math.max(0, count))) stop.push({ task, why })
  }
  const served = new Set<string>()
  const surplus: SeenTask[] = []
  for (const task of live)
    if (belongs.has(task.hostId) && !task.isLeaving && task.shareId === now.primary)
      if (served.has(task.hostId)) surplus.push(task)
      else if (task.state === 'UNHEALTHY') end([task], 'UNHEALTHY')
      else served.add(task.hostId)
  const misplaced = live.filter(
    (task) => (task.isLeaving || !belongs.has(task.hostId)) && !now.inUse.has(task.hostId),
  )
  const older = live.filter(
    (task) => belongs.has(task.hostId) && !task.isLeaving && task.shareId !== now.primary,
  )
  end([...surplus, ...misplaced], 'SCALE')
  const inPlace = now.mayStart ? older : []
  end(
    inPlace.filter(({ state }) => state === 'STARTING' || state === 'UNHEALTHY'),
    'SCALE',
  )
  if (healthy >= min)
    end(
      inPlace.filter(({ state }) => state === 'WARMING'),
      'SCALE',
    )
  end(
    inPlace.filter(({ state }) => state === 'HEALTHY'),
    'SCALE',
    healthy - min,
  )
  const startOn = now.mayStart ? now.hosts.filter((host) => !occupied.has(host)) : []
  return {
    start: startOn.length,
    startOn,
    stop,
    isStuck: false,
    held: 0,
    isSteady:
      now.tasks.length === now.hosts.length &&
      served.size === now.hosts.length &&
      live.every(({ state, shareId }) => state === 'HEALTHY' && shareId === now.primary),
  }
}
