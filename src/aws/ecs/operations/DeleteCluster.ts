import type { DeleteClusterRequest, DeleteClusterResponse } from '#contract/ecs.ts'
import { Fault } from '#kernel/fault.ts'
import type { Operation } from '#room/room.ts'

import { theCluster } from '../access.ts'
import { activeCluster, clusterKey } from '../names.ts'
import { clusterCounts, clusters, tasksByDesired } from '../records.ts'
import { EVERYTHING, toCluster } from '../views/cluster.ts'

/** The cluster stays describable as INACTIVE; its name is free again. */
export const DeleteCluster: Operation<DeleteClusterRequest, DeleteClusterResponse> = {
  action: 'ecs:DeleteCluster',
  access: theCluster,
  run(tx, input, { caller }) {
    const cluster = activeCluster(tx, caller, input.cluster)
    const key = clusterKey(caller, cluster.clusterName)
    if ((tx.get(clusterCounts, key)?.registeredContainerInstancesCount ?? 0) > 0)
      throw new Fault(
        'ClusterContainsContainerInstancesException',
        'The Cluster cannot be deleted while Container Instances are active or draining.',
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
