/** Names of ECS: ARNs, record keys, and how the API's identifiers (short names or ARNs) are read. */
import { formatArn, parseArn } from '#kernel/arn.ts'
import { Fault } from '#kernel/fault.ts'
import type { Caller } from '#kernel/principal.ts'
import type { Read } from '#store/store.ts'

import {
  type Cluster,
  clusters,
  type ContainerInstance,
  type Owned,
  type Task,
} from '../records/records.ts'
import type { UnbuiltName } from '../unbuilt.ts'

export const scopeOf = (of: { readonly tenant: string; readonly region: string }): string =>
  `${of.tenant}/${of.region}`

export const clusterKey = (of: Owned | Caller, name: string): string => `${scopeOf(of)}/${name}`
export const taskKey = (of: Owned | Caller, cluster: string, id: string): string =>
  `${scopeOf(of)}/${cluster}/${id}`
export const containerInstanceKey = taskKey
const REVISION_DIGITS = 7
export const definitionKey = (of: Owned | Caller, family: string, revision: number): string =>
  `${scopeOf(of)}/${family}/${String(revision).padStart(REVISION_DIGITS, '0')}`
export const familyKey = (of: Owned | Caller, family: string): string => `${scopeOf(of)}/${family}`

type Place = { readonly accountId: string; readonly region: string }
const arn = (of: Place, resource: string): string =>
  formatArn({ service: 'ecs', region: of.region, account: of.accountId, resource })
export const clusterArn = (of: Place, name: string): string => arn(of, `cluster/${name}`)
export const taskArn = (of: Place & { clusterName: string; taskId: string }): string =>
  arn(of, `task/${of.clusterName}/${of.taskId}`)
/** `place` is the container's among its task's. */
export const containerArn = (
  of: Place & { clusterName: string; taskId: string },
  place: number,
): string => arn(of, `container/${of.clusterName}/${of.taskId}/${containerId(of.taskId, place)}`)

/** A UUID of its own for each container, made of its task's id: so no record need hold it. */
function containerId(taskId: string, place: number): string {
  const at = (start: number, end: number): string => taskId.slice(start, end)
  const last = (Number.parseInt(at(28, 32), 16) ^ place).toString(16).padStart(4, '0')
  return `${at(0, 8)}-${at(8, 12)}-4${at(13, 16)}-8${at(17, 20)}-${at(20, 28)}${last}`
}
export const containerInstanceArn = (
  of: Place & { clusterName: string; containerInstanceId: string },
): string => arn(of, `container-instance/${of.clusterName}/${of.containerInstanceId}`)
/** `*` stands for every revision. */
export const definitionArn = (of: Place, family: string, revision: number | '*'): string =>
  arn(of, `task-definition/${family}:${revision}`)

/** The key of a task on a host, whose key this is, from the task's ARN. */
export const taskKeyOnHost = (hostKey: string, arn: string): string =>
  `${hostKey.slice(0, hostKey.lastIndexOf('/'))}/${arn.slice(arn.lastIndexOf('/') + 1)}`

export const ofTask = (task: Task): string => taskKey(task, task.clusterName, task.taskId)
export const ofInstance = (instance: ContainerInstance): string =>
  containerInstanceKey(instance, instance.clusterName, instance.containerInstanceId)

export const invalidParameter = (message: string): Fault =>
  new Fault('InvalidParameterException', message)
/** Of a member that nothing would act on yet. */
export const unavailable = (name: UnbuiltName): Fault =>
  invalidParameter(`This parameter is not available in this release of Berth: ${name}.`)
export const clientException = (message: string): Fault => new Fault('ClientException', message)

const NAME = /^[A-Za-z0-9_-]{1,255}$/
export const DEFAULT_CLUSTER = 'default'

/** The resource part of an ARN of this caller's account and region, or the identifier itself when it is none. */
export function localResource(caller: Caller, identifier: string, type: string): string {
  if (!identifier.startsWith('arn:')) return identifier
  const parsed = parseArn(identifier, 'ecs')
  if (!parsed) throw invalidParameter(`Invalid identifier: ${identifier.slice(0, 255)}`)
  if (parsed.region !== caller.region)
    throw invalidParameter(
      `Invalid identifier: Identifier is for ${parsed.region}. Your region is ${caller.region}.`,
    )
  if (parsed.account !== caller.accountId)
    throw invalidParameter(
      `Invalid identifier: Identifier is for ${parsed.account}. Your accountId is ${caller.accountId}`,
    )
  if (!parsed.resource.startsWith(`${type}/`))
    throw invalidParameter(
      `Invalid identifier: Unexpected resource type ${parsed.resource.split('/')[0]}, expected ${type}`,
    )
  return parsed.resource.slice(type.length + 1)
}

/** The cluster's short name; nothing is looked up. Absent means `default`, as everywhere in ECS. */
export function clusterName(caller: Caller, identifier: string | undefined): string {
  const name = localResource(caller, identifier ?? DEFAULT_CLUSTER, 'cluster')
  if (!NAME.test(name))
    throw invalidParameter('Invalid cluster identifier. Please use a valid name or ARN.')
  return name
}

/** The cluster that the request names, which must be there and active. */
export function activeCluster(tx: Read, caller: Caller, identifier: string | undefined): Cluster {
  const cluster = tx.get(clusters, clusterKey(caller, clusterName(caller, identifier)))
  if (!cluster) throw new Fault('ClusterNotFoundException', 'Cluster not found.')
  if (cluster.status !== 'ACTIVE')
    throw new Fault('ClusterNotFoundException', 'The referenced cluster was inactive.')
  return cluster
}

const ID_LENGTHS = [32, 36]
/** The id in a short id, or in a long or old ARN; `undefined` for an ARN of another cluster. */
export function idIn(
  caller: Caller,
  cluster: string,
  identifier: string,
  type: 'task' | 'container-instance',
): string | undefined {
  const resource = localResource(caller, identifier, type)
  const [first = '', second] = resource.split('/')
  const id = second ?? first
  if (!ID_LENGTHS.includes(id.length)) {
    const what = type === 'task' ? 'taskId' : 'containerInstanceId'
    throw invalidParameter(`${what} length should be one of [${ID_LENGTHS.join(',')}]`)
  }
  return second !== undefined && first !== cluster ? undefined : id
}

/** A `family`, `family:revision` or ARN, taken apart; the revision is absent where the text has none. */
export function definitionIn(
  caller: Caller,
  identifier: string,
): { readonly family: string; readonly revision: number | undefined } {
  const resource = localResource(caller, identifier, 'task-definition')
  const [family = '', revision, more] = resource.split(':')
  if (!NAME.test(family) || more !== undefined)
    throw invalidParameter('Family contains invalid characters.')
  if (revision === undefined) return { family, revision: undefined }
  if (!/^\d{1,7}$/.test(revision) || Number(revision) < 1)
    throw invalidParameter(`Invalid revision number. Number: ${revision.slice(0, 20)}`)
  return { family, revision: Number(revision) }
}

/** Refuses a value that AWS's enum does not have: a filter that nobody knows would silently find nothing. */
export function checkEnum(name: string, value: string | undefined, known: readonly string[]): void {
  if (value !== undefined && !known.includes(value))
    throw invalidParameter(`${name} should be one of [${known.join(',')}].`)
}

/** What a Describe operation is asked to include; `known` is what it can be asked. */
export function included(
  include: readonly string[] | undefined,
  known: readonly string[] = ['TAGS'],
): ReadonlySet<string> {
  for (const one of include ?? []) checkEnum('include', one, known)
  return new Set(include)
}

/** Refuses what is not a whole number between the bounds, both included. */
export function checkWhole(name: string, value: number, min: number, max: number): void {
  if (!Number.isInteger(value) || value < min || value > max)
    throw invalidParameter(`${name} must be between ${min} and ${max}.`)
}

export const LAUNCH_TYPES = ['EC2', 'FARGATE', 'EXTERNAL', 'MANAGED_INSTANCES']
