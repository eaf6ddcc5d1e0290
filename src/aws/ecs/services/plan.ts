/**
 * How many tasks a service starts and which it stops, now. Pure: the same situation gives the same plan, for the
 * scheduler that acts and for whoever asks what it would do.
 *
 * Healthy tasks are never fewer than `min` by its doing, and tasks that have not ended never more than `max`. What is
 * missing is started first; a healthy task is stopped early only where there is no room to start its replacement.
 */

/** What the scheduler sees of a task that has not ended. */
export type SeenTask = {
  readonly id: string
  readonly shareId: string
  /** WARMING: it runs, and whether it is healthy is not known yet. */
  readonly state: 'STARTING' | 'WARMING' | 'HEALTHY' | 'UNHEALTHY'
  /** It was asked to stop and its host has not confirmed it. */
  readonly isStopping: boolean
  /** It has to go from where it is: its container instance is draining or lost, or is no place for it any longer. */
  readonly isLeaving: boolean
  /** Its container instance counts as lost. */
  readonly isLost?: boolean
  readonly isProtected: boolean
  readonly hostId: string
}

/** BALANCE: another zone has one more in its place. LOST: its host has been out of reach for too long. */
export type Why = 'SCALE' | 'UNHEALTHY' | 'BALANCE' | 'LOST'
export type Stop = { readonly task: SeenTask; readonly why: Why }
/**
 * Orders tasks that could be stopped as well as each other: the one that goes first is first. `among` are those that
 * stay, the candidates with them.
 */
export type Order = (
  candidates: readonly SeenTask[],
  among: readonly SeenTask[],
) => readonly SeenTask[]

/** Zones that have hosts, and the one of a task. */
export type Zones = {
  readonly all: readonly string[]
  readonly of: (task: SeenTask) => string
  /** Whether a task was moved for their sake, and they are not even yet. */
  readonly isBalancing: boolean
}

export type Situation = {
  readonly desired: number
  readonly min: number
  readonly max: number
  /** The share that is to have all the tasks; the tasks of all others are to go. */
  readonly primary: string
  /** Whether it may start tasks now: not when it has failed, is paused, or is throttled. */
  readonly mayStart: boolean
  /** It has failed or is held, and nothing takes its place: nothing starts, and only what is too much goes. */
  readonly isStalled: boolean
  /** No host could take what was missing, just now. */
  readonly cannotPlace: boolean
  readonly tasks: readonly SeenTask[]
  readonly order: Order
  /** Present where the service is kept in balance over its zones. */
  readonly zones?: Zones | undefined
}

export type Plan = {
  /** Tasks of the primary share to start. */
  readonly start: number
  readonly stop: readonly Stop[]
  /** Tasks are to come or go, the percentages allow neither, and nothing that is under way will change that. */
  readonly isStuck: boolean
  /** Tasks that would be stopped were they not protected. */
  readonly held: number
  /** What protection keeps from being done, where it is all that does. */
  readonly heldBack?: 'SCALE_IN' | 'REPLACEMENT' | undefined
  /** All that should run does and is healthy, and nothing else does. */
  readonly isSteady: boolean
  /** The zone in which one more task is to start, so that the fullest can give one up. */
  readonly moveTo?: string
  /** Whether it is steady and even over its zones; absent where nobody keeps it so. */
  readonly isEven?: boolean
}

export const NOTHING: Plan = { start: 0, stop: [], isStuck: false, held: 0, isSteady: false }

/** The bounds of a rolling deployment: min rounds up, max rounds down. */
export const bounds = (
  desired: number,
  { minimumHealthyPercent, maximumPercent }: Percentages,
): { readonly min: number; readonly max: number } => ({
  min: Math.ceil((desired * minimumHealthyPercent) / 100),
  max: Math.floor((desired * maximumPercent) / 100),
})
type Percentages = { readonly minimumHealthyPercent: number; readonly maximumPercent: number }

export function planReplicas(now: Situation): Plan {
  if (now.isStalled) return planStalled(now)
  const { desired, min, max, order } = now
  const live = now.tasks.filter(({ isStopping }) => !isStopping)
  const own = live.filter(({ shareId, isLeaving }) => shareId === now.primary && !isLeaving)
  const kept = own.filter(({ state }) => state !== 'UNHEALTHY')
  const sick = own.filter(({ state }) => state === 'UNHEALTHY')
  const going = live.filter(({ shareId, isLeaving }) => shareId !== now.primary || isLeaving)
  const good = kept.filter(isHealthy).length
  const healthy = good + going.filter(isHealthy).length
  const warming = live.filter(isWarming).length

  const missing = Math.max(0, desired - kept.length)
  const room = Math.max(0, max - now.tasks.length)
  const start = now.mayStart && !now.cannotPlace ? Math.min(missing, room) : 0
  const dismissed = dismissable(order(going, live), surplusOf(now, kept))

  const stop: Stop[] = []
  const end = (tasks: readonly SeenTask[], why: Why, count: number): void => {
    for (const task of tasks.slice(0, Math.max(0, count))) stop.push(stopOf(task, why))
  }
  // What is not healthy counts for nothing, so that nothing is lost by its end. What may become so is lost by it, but
  // not to a service that is to have no more than those that stay.
  end(dismissed.worthless, 'SCALE', Infinity)
  end(order(sick, own), 'UNHEALTHY', good + sick.length - desired)
  // Places that something healthy has to leave before what is missing can start; what is ending leaves some by itself.
  const isBlocked = now.cannotPlace || (now.mayStart && start < missing)
  const ending = now.tasks.length - live.length
  const wanted = (): number => (isBlocked ? missing - start - ending - stop.length : 0)
  if (wanted() > 0 && ending === 0 && stop.length === 0) end(order(sick, own), 'UNHEALTHY', 1)
  if (healthy >= min) {
    const staying = warming - dismissed.worthless.filter(isWarming).length
    end(dismissed.warming, 'SCALE', Math.max(healthy + staying - desired, wanted()))
    const why = now.zones?.isBalancing && kept.length - desired === 1 ? 'BALANCE' : 'SCALE'
    end(dismissed.healthy, why, Math.max(healthy - desired, Math.min(healthy - min, wanted())))
  }

  const isSteady = now.tasks.length === desired && good === desired
  const uneven = isSteady ? emptyZone(now.zones, kept) : undefined
  const moveTo = now.mayStart && room > 0 ? uneven : undefined
  const isMoving = start + stop.length + ending > 0 || live.some(isUndecided)
  const isUnfinished = missing > 0 || going.length > 0
  return {
    start,
    stop,
    isStuck: isUnfinished && !isMoving && now.mayStart && !now.cannotPlace && dismissed.held === 0,
    held: dismissed.held,
    heldBack: heldBack(dismissed.held, live, { desired, isMoving }),
    isSteady,
    ...(moveTo !== undefined && { moveTo }),
    ...(now.zones && { isEven: isSteady && uneven === undefined }),
  }
}

/** No more tasks than wanted, of whatever share: what is of no use goes first, then what has to leave its host. */
function planStalled({ desired, min, primary, tasks, order }: Situation): Plan {
  const live = tasks.filter(({ isStopping }) => !isStopping)
  const ordered = order(
    live.filter(({ isProtected }) => !isProtected),
    live,
  )
  // What ran before stays rather than what has failed.
  const isNew = ({ shareId }: SeenTask): boolean => shareId === primary
  const free = [...ordered.filter(isNew), ...ordered.filter((task) => !isNew(task))]
  const excess = Math.max(0, live.length - desired)
  const spare = Math.max(0, live.filter(isHealthy).length - min)
  const inState = (wanted: SeenTask['state']) => free.filter(({ state }) => state === wanted)
  const healthy = inState('HEALTHY')
  const leaving = healthy.filter(({ isLeaving }) => isLeaving)
  const settled = [...leaving, ...healthy.filter(({ isLeaving }) => !isLeaving)].slice(0, spare)
  const chosen = [
    ...inState('UNHEALTHY'),
    ...inState('STARTING'),
    ...inState('WARMING'),
    ...settled,
  ].slice(0, excess)
  // A host that drains is left as far as the minimum lets it, though nothing starts elsewhere.
  const left = leaving.slice(0, spare).filter((task) => !chosen.includes(task))
  const stop = [...chosen, ...left].map((task) => stopOf(task, 'SCALE'))
  const held = live.length - free.length > 0 ? Math.max(0, excess - stop.length) : 0
  const isMoving = stop.length > 0 || tasks.length > live.length
  return { ...NOTHING, stop, held, heldBack: heldBack(held, live, { desired, isMoving }) }
}

/** More protected tasks than there are to be are too many for scale; fewer are in the way of what replaces them. */
export function heldBack(
  held: number,
  live: readonly SeenTask[],
  { desired, isMoving }: { readonly desired: number; readonly isMoving: boolean },
): Plan['heldBack'] {
  if (held === 0 || isMoving) return undefined
  const kept = live.filter(({ isProtected }) => isProtected).length
  return kept > desired ? 'SCALE_IN' : 'REPLACEMENT'
}

/** A host that is lost is why its tasks go, whatever else may be. */
const stopOf = (task: SeenTask, why: Why): Stop => ({ task, why: task.isLost ? 'LOST' : why })

const isHealthy = ({ state }: SeenTask): boolean => state === 'HEALTHY'
const isWarming = ({ state }: SeenTask): boolean => state === 'WARMING'
const isUndecided = ({ state }: SeenTask): boolean => state === 'STARTING' || state === 'WARMING'

/** The tasks that could stay but are too many: the least settled go first. */
function surplusOf(
  { desired, order, zones }: Situation,
  kept: readonly SeenTask[],
): readonly SeenTask[] {
  const count = kept.length - desired
  if (count <= 0) return []
  // One more than wanted, started to even out the zones: it stays, and the fullest zone gives one up.
  const newest = kept.filter(isUndecided)
  if (count === 1 && newest.length === 1 && emptyZone(zones, kept.filter(isHealthy)) !== undefined)
    return order(
      kept.filter((task) => isHealthy(task) && !task.isProtected),
      kept,
    ).slice(0, 1)
  let among = kept
  const chosen: SeenTask[] = []
  for (const state of ['STARTING', 'WARMING', 'HEALTHY'] as const) {
    const free = among.filter((task) => task.state === state && !task.isProtected)
    chosen.push(...order(free, among))
    among = among.filter((task) => !free.includes(task))
  }
  // Protected ones are named too, so that it is known how many were held.
  return [...chosen, ...among].slice(0, count)
}

/** The zone with the fewest tasks, where another has at least two more; nothing where they are even. */
function emptyZone(zones: Zones | undefined, tasks: readonly SeenTask[]): string | undefined {
  if (!zones) return undefined
  const counts = new Map(zones.all.map((zone) => [zone, 0]))
  for (const task of tasks) counts.set(zones.of(task), (counts.get(zones.of(task)) ?? 0) + 1)
  const ordered = [...counts].toSorted(([, one], [, other]) => one - other)
  const [emptiest, fullest] = [ordered[0], ordered.at(-1)]
  return emptiest && fullest && fullest[1] - emptiest[1] > 1 ? emptiest[0] : undefined
}

type Dismissable = {
  readonly worthless: readonly SeenTask[]
  readonly warming: readonly SeenTask[]
  readonly healthy: readonly SeenTask[]
  readonly held: number
}

function dismissable(going: readonly SeenTask[], surplus: readonly SeenTask[]): Dismissable {
  const isFree = ({ isProtected }: SeenTask): boolean => !isProtected
  const leaving = going.filter(isFree)
  const spare = surplus.filter(isFree)
  const all = [...leaving, ...spare]
  const isWorthless = ({ state }: SeenTask): boolean =>
    state === 'STARTING' || state === 'UNHEALTHY'
  return {
    worthless: [...all.filter(isWorthless), ...spare.filter(isWarming)],
    warming: leaving.filter(isWarming),
    healthy: all.filter(isHealthy),
    held: going.length + surplus.length - all.length,
  }
}
