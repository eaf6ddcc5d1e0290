/** Resources and condition keys that ECS's operations share, from the Service Authorization Reference. */
import type { Caller } from '#kernel/principal.ts'
import type { Context } from '#room/room.ts'
import type { Read } from '#store/store.ts'

import { findDefinition } from './definitions/find.ts'
import {
  clusterArn,
  clusterName,
  DEFAULT_CLUSTER,
  definitionArn,
  definitionIn,
  idIn,
} from './names.ts'

/** For operations that AWS gives no resource. */
export const anyResource = (): { readonly resources: readonly string[] } => ({ resources: ['*'] })

const arnOf = (caller: Caller, cluster: string | undefined): string =>
  clusterArn(caller, clusterName(caller, cluster))

/** The cluster is the resource. */
export const theCluster = (
  _tx: Read,
  input: { readonly cluster?: string | undefined },
  { caller }: Context,
): { readonly resources: readonly string[] } => ({ resources: [arnOf(caller, input.cluster)] })

/** The condition `ecs:cluster` of operations whose resource is in a cluster. */
export const inCluster = (
  caller: Caller,
  cluster: string | undefined,
): { readonly 'ecs:cluster': string } => ({
  'ecs:cluster': arnOf(caller, cluster ?? DEFAULT_CLUSTER),
})

/** ARNs of the tasks or container instances that a request names by id or ARN; bad identifiers are refused here. */
export function named(
  caller: Caller,
  cluster: string | undefined,
  identifiers: readonly string[],
  type: 'task' | 'container-instance',
): string[] {
  const name = clusterName(caller, cluster)
  return identifiers.map((identifier) => {
    const id = idIn(caller, name, identifier, type)
    return `arn:aws:ecs:${caller.region}:${caller.accountId}:${type}/${name}/${id ?? identifier}`
  })
}

/**
 * The task definition that is to run, its latest revision resolved before the question is asked. One that was
 * deregistered or deleted since is for the operation to judge: a client token may have used it already. Then the
 * revision that the request names is asked about, or all of the family where it names none.
 */
export function theDefinition(
  tx: Read,
  input: { readonly taskDefinition: string; readonly cluster?: string | undefined },
  { caller }: Context,
): {
  readonly resources: readonly string[]
  readonly conditions: Readonly<Record<string, string>>
} {
  const meant =
    findDefinition(tx, caller, input.taskDefinition) ?? definitionIn(caller, input.taskDefinition)
  const { family, revision = '*' } = meant
  return {
    resources: [definitionArn(caller, family, revision)],
    conditions: inCluster(caller, input.cluster),
  }
}
