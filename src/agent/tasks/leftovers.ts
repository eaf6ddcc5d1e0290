/** Which tasks that are over are cleaned up before their time: of a service in a crash loop only the newest are worth a look. Pure. */
import { isStopped, type KnownTask } from './task.ts'

/** How many tasks of one service keep what they left behind until their time. */
export const LEFTOVERS_PER_SERVICE_MAX = 10

/** A task is over when the control plane knows that it has ended. */
export const isOver = (task: KnownTask): boolean =>
  isStopped(task) && task.reported.status === 'STOPPED'

const SERVICE = 'service:'

/** Tasks of the same service as this one that are over, beyond the newest. What users started stays until its time. */
export function tooMany(tasks: Iterable<KnownTask>, { definition }: KnownTask): KnownTask[] {
  const { group } = definition
  if (!group?.startsWith(SERVICE)) return []
  return [...tasks]
    .filter((task) => task.definition.group === group && isOver(task))
    .toSorted((one, other) => (other.stoppedAt ?? 0) - (one.stoppedAt ?? 0))
    .slice(LEFTOVERS_PER_SERVICE_MAX)
}
