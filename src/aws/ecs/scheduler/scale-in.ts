/** Which tasks of a service go first when there are too many: those whose end leaves the rest best spread or packed. */
import type { PlacementStrategy } from '#contract/ecs.ts'

/** A task and the container instance that it is on, as scale-in sees them. */
export type Placed = {
  readonly id: string
  /** What a spread looks at: the instance's own id for `instanceId` and `host`, else the attribute's value. */
  readonly valueOf: (field: string) => string
  /** What is left on the instance, of `cpu` or `memory`. */
  readonly remaining: (field: string) => number
}

/** Without a strategy a service is spread over zones, and in each over container instances. */
const DEFAULT: readonly PlacementStrategy[] = [
  { type: 'spread', field: 'attribute:ecs.availability-zone' },
  { type: 'spread', field: 'instanceId' },
]

/** The candidates, the one to go first at the front. `all` are the service's tasks that count, candidates among them. */
export function scaleInOrder(
  candidates: readonly Placed[],
  all: readonly Placed[],
  strategies: readonly PlacementStrategy[],
): readonly Placed[] {
  return order(candidates, all, strategies.length > 0 ? strategies : DEFAULT)
}

function order(
  candidates: readonly Placed[],
  all: readonly Placed[],
  [first, ...rest]: readonly PlacementStrategy[],
): readonly Placed[] {
  if (!first || candidates.length < 2) return candidates
  const { type, field = '' } = first
  if (type === 'binpack') {
    // The instance that has most left is the nearest to being empty.
    const finer = order(candidates, all, rest)
    const name = field.toLowerCase()
    return finer.toSorted((one, other) => other.remaining(name) - one.remaining(name))
  }
  if (type !== 'spread') return order(candidates, all, rest)
  const groups = groupBy(candidates, field)
  const whole = groupBy(all, field)
  // Each one taken makes its group smaller by one, and the next is taken from the group that is largest then.
  return [...groups]
    .flatMap(([value, members]) =>
      order(members, whole.get(value) ?? [], rest).map((task, at) => ({
        task,
        size: (whole.get(value)?.length ?? 0) - at,
      })),
    )
    .toSorted((one, other) => other.size - one.size)
    .map(({ task }) => task)
}

function groupBy(tasks: readonly Placed[], field: string): Map<string, Placed[]> {
  const groups = new Map<string, Placed[]>()
  for (const task of tasks) {
    const value = task.valueOf(field)
    const group = groups.get(value)
    if (group) group.push(task)
    else groups.set(value, [task])
  }
  return groups
}
