/** Asks for a task's end. The agent does it, and its report makes it true. */
import type { StopCode, Task } from '../records/records.ts'
import type { Moment, Tasks } from './change.ts'

const REASON_MAX = 1024

/** A task that is already asked to stop, or has, stays as it is. */
export function stopTask(
  all: Tasks,
  task: Task,
  why: { readonly stopCode: StopCode; readonly stoppedReason: string },
  moment: Moment,
): Task {
  if (task.desiredStatus === 'STOPPED') return task
  return all.change(
    task,
    {
      desiredStatus: 'STOPPED',
      stoppingAt: moment.now,
      stopCode: why.stopCode,
      stoppedReason: why.stoppedReason.slice(0, REASON_MAX),
    },
    moment,
  )
}
