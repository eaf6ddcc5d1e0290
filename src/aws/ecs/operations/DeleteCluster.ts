import type { DeleteClusterRequest, DeleteClusterResponse } from '#contract/ecs.ts'
import { Fault } from '#kernel/fault.ts'
import type { Operation } from '#room/operation.ts'
import type { Read } from '#store/store.ts'

import { theCluster } from '../access.ts'
import { activeCluster, clusterKey } from '../names/names.ts'
import { clusterCounts, clusters, tasksByDesired } from '../records/records.ts'
import { servicesByStatus } from '../records/services.ts'
import { EVERYTHING, toCluster } from '../views/cluster.ts'

/** The cluster stays describable as INACTIVE; its name is free again. */
export const DeleteCluster: Operation<DeleteClusterRequest, DeleteClusterResponse> = {
  access: theCluster,
  run(tx, input, { caller }) {
    const cluster = activeCluster(tx, caller, input.cluster)
    const key = clusterKey(caller, cluster.clusterName)
    if ((tx.get(clusterCounts, key)?.registeredContainerInstancesCount ?? 0) > 0)
      throw new Fault(
        'ClusterContainsContainerInstancesException',
        'The Cluster cannot be deleted while Container Instances are active or draining.',
      )
    if (['ACTIVE', 'DRAINING'].some((status) => hasService(tx, `${key}/${status}`)))
      throw new Fault(
        'ClusterContainsServicesException',
        'The Cluster cannot be deleted while Services are active.',
      )
    for (const desired of ['RUNNING', 'STOPPED'])
      for (const { row } of tx.find(tasksByDesired, `${key}/${desired}`))
        if (row.lastStatus !== 'STOPPED')
          throw new Fault(
            'ClusterContainsTasksException',
            'The Cluster cannot be deleted while Tasks are active.',
          )
    const after = tx.patch(clusters, key, { status: 'INACTIVE' })
    return { cluster: toCluster(tx, after, EVERYTHING) }
  },
}

function hasService(tx: Read, status: string): boolean {
  for (const _service of tx.find(servicesByStatus, status)) return true
  return false
}
