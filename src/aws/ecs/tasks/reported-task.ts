/** The task that an agent reports of. */
import { parseArn } from '#kernel/arn.ts'
import type { Caller } from '#kernel/principal.ts'
import type { Context, Question } from '#room/operation.ts'
import { gravesOf } from '#store/graves.ts'
import type { Read } from '#store/store.ts'

import { inCluster } from '../access.ts'
import { clusterName, containerInstanceArn, invalidParameter } from '../names/names.ts'
import type { Task } from '../records/records.ts'
import { findTask } from './find.ts'

/**
 * InvalidParameterException is what makes agents forget a report: a task that is not known here never will be. The
 * task's own ARN says its cluster; the request's cluster is only a hint.
 */
export function reportedTask(
  tx: Read,
  caller: Caller,
  input: { readonly cluster?: string | undefined; readonly task?: string | undefined },
): Task {
  const { task: identifier = '' } = input
  const [, inArn] = parseArn(identifier, 'ecs')?.resource.split('/') ?? []
  const cluster = clusterName(caller, inArn ?? input.cluster)
  if (identifier !== '')
    // A host may confirm the end of a task whose account was reset meanwhile.
    for (const tenant of [caller.tenant, ...gravesOf(tx, caller.accountId)]) {
      const task = findTask(tx, { ...caller, tenant }, cluster, identifier)
      if (task) return task
    }
  throw invalidParameter('The referenced task was not found.')
}

/** For authorization: the host that the task is on, because a machine reports of its own tasks only. */
export const theReportingHost = (
  tx: Read,
  input: { readonly cluster?: string | undefined; readonly task?: string | undefined },
  { caller }: Context,
): readonly Question[] => [
  {
    resources: [containerInstanceArn(reportedTask(tx, caller, input))],
    conditions: inCluster(caller, input.cluster),
  },
]
