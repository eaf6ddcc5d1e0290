/** Resources and condition keys that ECS's operations share, from the Service Authorization Reference. */
import type { Caller } from '#kernel/principal.ts'
import type { Context, Question } from '#room/operation.ts'
import type { Read } from '#store/store.ts'

import { findDefinition } from './definitions/find.ts'
import {
  clusterArn,
  clusterName,
  DEFAULT_CLUSTER,
  definitionArn,
  definitionIn,
  idIn,
  taskArn,
} from './names/names.ts'

/** For operations that AWS gives no resource. */
export const anyResource = (): readonly Question[] => [{ resources: ['*'] }]

const arnOf = (caller: Caller, cluster: string | undefined): string =>
  clusterArn(caller, clusterName(caller, cluster))

/** The cluster is the resource. */
export const theCluster = (
  _tx: Read,
  input: { readonly cluster?: string | undefined },
  { caller }: Context,
): readonly Question[] => [{ resources: [arnOf(caller, input.cluster)] }]

/** The condition `ecs:cluster` of operations whose resource is in a cluster. */
export const inCluster = (
  caller: Caller,
  cluster: string | undefined,
): { readonly 'ecs:cluster': string } => ({
  'ecs:cluster': arnOf(caller, cluster ?? DEFAULT_CLUSTER),
})

type Tags = readonly { readonly key?: string | undefined; readonly value?: string | undefined }[]

/** Who creates something with tags must be allowed to tag it too. */
export function tagging(
  tags: Tags | undefined,
  createAction: string,
  resource: string,
): readonly Question[] {
  if (!tags?.length) return []
  const requested = tags.map(({ key = '', value = '' }) => [`aws:RequestTag/${key}`, value])
  return [
    {
      action: 'ecs:TagResource',
      resources: [resource],
      conditions: {
        ...(Object.fromEntries(requested) as Readonly<Record<string, string>>),
        'aws:TagKeys': tags.map(({ key = '' }) => key),
        'ecs:CreateAction': createAction,
      },
    },
  ]
}

type Roles = {
  readonly taskRoleArn?: string | undefined
  readonly executionRoleArn?: string | undefined
}

/** Who has a task act in a role must be allowed to hand it on. */
export function passing({ accountId }: Caller, ...named: readonly Roles[]): readonly Question[] {
  const roles = named.flatMap((one) => [one.taskRoleArn, one.executionRoleArn])
  const resources = new Set(
    roles
      .filter((role) => role !== undefined)
      .map((role) => (role.startsWith('arn:') ? role : `arn:aws:iam::${accountId}:role/${role}`)),
  )
  if (resources.size === 0) return []
  return [
    {
      action: 'iam:PassRole',
      resources: [...resources],
      conditions: { 'iam:PassedToService': 'ecs-tasks.amazonaws.com' },
    },
  ]
}

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
  input: Launch,
  { caller }: Context,
  action: 'RunTask' | 'StartTask',
): readonly Question[] {
  const found = findDefinition(tx, caller, input.taskDefinition)
  const { family, revision = '*' } = found ?? definitionIn(caller, input.taskDefinition)
  const { overrides = {}, tags, cluster } = input
  const roles: Roles = {
    taskRoleArn: overrides.taskRoleArn ?? found?.definition.taskRoleArn,
    executionRoleArn: overrides.executionRoleArn ?? found?.definition.executionRoleArn,
  }
  return [
    {
      resources: [definitionArn(caller, family, revision)],
      conditions: inCluster(caller, cluster),
    },
    ...passing(caller, roles),
    ...tagging(
      tags,
      action,
      taskArn({ ...caller, clusterName: clusterName(caller, cluster), taskId: '*' }),
    ),
  ]
}

type Launch = {
  readonly taskDefinition: string
  readonly cluster?: string | undefined
  readonly overrides?: Roles | undefined
  readonly tags?: Tags | undefined
}
