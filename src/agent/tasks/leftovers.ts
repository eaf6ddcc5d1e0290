/** Which tasks that are over are cleaned up before their time: of a crash loop only the newest are worth a look. Pure. */
import { isStopped, type KnownTask } from './task.ts'

/** How many tasks of one family keep what they left behind until their time. */
export const LEFTOVERS_PER_FAMILY_MAX = 10

/** A task is over when the control plane knows that it has ended. */
export const isOver = (task: KnownTask): boolean =>
  isStopped(task) && task.reported.status === 'STOPPED'

/** The tasks of the family that are over, beyond the newest. */
export function tooMany(tasks: Iterable<KnownTask>, family: string | undefined): KnownTask[] {
  return [...tasks]
    .filter((task) => task.definition.family === family && isOver(task))
    .toSorted((one, other) => (other.stoppedAt ?? 0) - (one.stoppedAt ?? 0))
    .slice(LEFTOVERS_PER_FAMILY_MAX)
}
