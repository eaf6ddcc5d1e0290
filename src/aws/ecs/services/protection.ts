/** Protection of a service's tasks from being ended by the scheduler: scale-in and deployments go around them. */
import type { Failure, ProtectedTask } from '#contract/ecs.ts'
import type { Caller } from '#kernel/principal.ts'
import type { Read } from '#store/store.ts'

import { clusterArn, taskArn } from '../names/names.ts'
import { shareOf } from '../names/services.ts'
import type { Task } from '../records/records.ts'
import { findTask } from '../tasks/find.ts'

/** The tasks that a service runs, of those that are named; why not, for each other. */
export function protectable(
  tx: Read,
  caller: Caller,
  cluster: string,
  identifiers: readonly string[],
): { readonly found: readonly { arn: string; task: Task }[]; readonly missing: Failure[] } {
  const found: { arn: string; task: Task }[] = []
  const missing: Failure[] = []
  const prefix = clusterArn(caller, cluster).replace(':cluster/', ':task/')
  for (const identifier of new Set(identifiers)) {
    const arn = identifier.startsWith('arn:') ? identifier : `${prefix}/${identifier}`
    const task = findTask(tx, caller, cluster, identifier)
    if (!task) missing.push({ arn, reason: 'MISSING' })
    else if (task.desiredStatus === 'STOPPED' || !shareOf(task))
      missing.push({
        arn,
        reason: 'TASK_NOT_VALID',
        detail: 'The task is not running or is not part of a service.',
      })
    else found.push({ arn, task })
  }
  return { found, missing }
}

export const isProtected = ({ protectedUntil }: Task, now: number): boolean =>
  protectedUntil !== undefined && protectedUntil > now

export const toProtectedTask = (task: Task, now: number): ProtectedTask => ({
  taskArn: taskArn(task),
  protectionEnabled: isProtected(task, now),
  ...(isProtected(task, now) && { expirationDate: new Date(task.protectedUntil as number) }),
})
