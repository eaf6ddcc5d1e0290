/** Whether a container that ended by itself is started once more, by its restart policy. */
import type { AcsContainer } from '#wire/task.ts'

import type { Observed } from '../engine.ts'
import type { KnownContainer, KnownTask } from './task.ts'

const ATTEMPT_PERIOD_SECONDS = 300

/** How a container ended that is about to be started once more. */
export type Ended = {
  readonly exitCode: number
  /** Milliseconds since the epoch. */
  readonly finishedAt: number
  readonly reason?: string | undefined
}

/**
 * A container must have run for the policy's period since it was last started: one that ends earlier is over for good.
 * A task that is to stop restarts nothing.
 */
export function mayRestart(
  task: KnownTask,
  container: AcsContainer | undefined,
  known: KnownContainer,
  { exitCode, finishedAt }: Ended,
): boolean {
  const policy = container?.restartPolicy
  if (!policy?.enabled || task.desired === 'STOPPED') return false
  if (policy.ignoredExitCodes?.includes(exitCode)) return false
  const startedAt = known.restartedAt ?? known.startedAt ?? finishedAt
  // The engine may note a start a little later than the end of what ended at once.
  const ranMs = Math.max(0, finishedAt - startedAt)
  return ranMs >= (policy.restartAttemptPeriod ?? ATTEMPT_PERIOD_SECONDS) * 1000
}

/** Whether the engine shows more of a container than the end that is known: it runs, or has run again. */
export function hasRunSince({ finishedAt }: Ended, seen: Observed): boolean {
  return seen.state === 'running' || (seen.finishedAt ?? 0) > finishedAt
}
