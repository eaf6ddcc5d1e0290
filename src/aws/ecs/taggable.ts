/** The resources that have tags, found by ARN. */
import type { Tag } from '#contract/ecs.ts'
import { parseArn } from '#kernel/arn.ts'
import type { Caller } from '#kernel/principal.ts'
import type { Read, Write } from '#store/store.ts'

import { findDefinition } from './definitions/find.ts'
import {
  activeCluster,
  clusterKey,
  containerInstanceArn,
  definitionKey,
  invalidParameter,
  ofInstance,
  ofTask,
} from './names/names.ts'
import { inService, ofService } from './names/services.ts'
import { clusters, containerInstances, taskDefinitions, tasks } from './records/records.ts'
import { services, taskSets } from './records/services.ts'
import { findService, findTaskSet } from './services/find.ts'
import { findInstance, findTask } from './tasks/find.ts'

export type Taggable = {
  readonly tags: readonly Tag[]
  readonly set: (tx: Write, tags: readonly Tag[]) => void
  /** The container instance that it is or runs on. */
  readonly host?: string
}

const IN_CLUSTER: ReadonlySet<string> = new Set([
  'task',
  'container-instance',
  'service',
  'task-set',
])
const LATER = ['capacity-provider', 'daemon', 'daemon-task-definition', 'gateway']

export function taggable(tx: Read, caller: Caller, arn: string): Taggable {
  const found = find(tx, caller, arn)
  if (!found) throw invalidParameter('The specified resource could not be found.')
  return found
}

function find(tx: Read, caller: Caller, arn: string): Taggable | undefined {
  const resource = parseArn(arn, 'ecs')?.resource
  const [type = '', first = '', second] = resource?.split('/') ?? []
  if (resource === undefined || LATER.includes(type))
    throw invalidParameter(`Invalid resource ARN: ${arn.slice(0, 255)}`)
  // The ARN that AWS gave before 2018 says nothing of the cluster.
  if (IN_CLUSTER.has(type) && second === undefined)
    throw invalidParameter('Long arn format must be used for tagging operations')
  switch (type) {
    case 'cluster': {
      const { clusterName, tags } = activeCluster(tx, caller, arn)
      return {
        tags,
        set: (write, next) =>
          write.patch(clusters, clusterKey(caller, clusterName), { tags: next }),
      }
    }
    case 'task-definition': {
      const row = findDefinition(tx, caller, arn)
      if (!row || row.status === 'DELETE_IN_PROGRESS') return undefined
      const key = definitionKey(caller, row.family, row.revision)
      return {
        tags: row.tags,
        set: (write, next) => write.patch(taskDefinitions, key, { tags: next }),
      }
    }
    case 'task': {
      const row = findTask(tx, caller, first, arn)
      if (!row || row.desiredStatus === 'STOPPED') return undefined
      const set = (write: Write, next: readonly Tag[]) =>
        write.patch(tasks, ofTask(row), { tags: next })
      return { tags: row.tags, set, host: containerInstanceArn(row) }
    }
    case 'container-instance': {
      const cluster = activeCluster(tx, caller, first)
      const row = cluster && findInstance(tx, caller, cluster, arn)
      if (!row || row.status === 'INACTIVE') return undefined
      const set = (write: Write, next: readonly Tag[]) =>
        write.patch(containerInstances, ofInstance(row), { tags: next })
      return { tags: row.tags, set, host: containerInstanceArn(row) }
    }
    case 'service': {
      const row = findService(tx, caller, first, arn)
      if (row?.status !== 'ACTIVE') return undefined
      const set = (write: Write, next: readonly Tag[]) =>
        write.patch(services, ofService(row), { tags: next })
      return { tags: row.tags, set }
    }
    case 'task-set': {
      const service = findService(tx, caller, first, second ?? '')
      const row = service && findTaskSet(tx, caller, service, arn)
      if (!row || row.status === 'DRAINING') return undefined
      const set = (write: Write, next: readonly Tag[]) =>
        write.patch(taskSets, inService(row, row.taskSetId), { tags: next })
      return { tags: row.tags, set }
    }
    default:
      throw invalidParameter(`Invalid resource ARN: ${arn.slice(0, 255)}`)
  }
}
