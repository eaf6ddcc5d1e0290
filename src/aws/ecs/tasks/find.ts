/** Finds the tasks and container instances that a request names. */
import type { Caller } from '#kernel/principal.ts'
import type { Read } from '#store/store.ts'

import { containerInstanceKey, idIn, invalidParameter, taskKey } from '../names/names.ts'
import {
  type Cluster,
  type ContainerInstance,
  containerInstances,
  type Task,
  tasks,
} from '../records/records.ts'

export function findTask(
  tx: Read,
  caller: Caller,
  cluster: string,
  identifier: string,
): Task | undefined {
  const id = idIn(caller, cluster, identifier, 'task')
  return id === undefined ? undefined : tx.get(tasks, taskKey(caller, cluster, id))
}

export function findInstance(
  tx: Read,
  caller: Caller,
  cluster: Cluster,
  identifier: string,
): ContainerInstance | undefined {
  const id = idIn(caller, cluster.clusterName, identifier, 'container-instance')
  if (id === undefined) return undefined
  return tx.get(containerInstances, containerInstanceKey(caller, cluster.clusterName, id))
}

/** The container instance, which must be there and registered. */
export function theInstance(
  tx: Read,
  caller: Caller,
  cluster: Cluster,
  identifier: string,
): ContainerInstance {
  const instance = findInstance(tx, caller, cluster, identifier)
  if (!instance) throw invalidParameter('The referenced container instance was not found.')
  if (instance.status === 'INACTIVE')
    throw invalidParameter('The referenced container instance is inactive.')
  return instance
}
