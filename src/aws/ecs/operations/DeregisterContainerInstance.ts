import type {
  DeregisterContainerInstanceRequest,
  DeregisterContainerInstanceResponse,
} from '#contract/ecs.ts'
import type { Operation } from '#room/operation.ts'

import { inCluster, named } from '../access.ts'
import { changeInstance } from '../instances/change.ts'
import { toContainerInstance } from '../instances/view.ts'
import { activeCluster, clusterKey, invalidParameter, ofInstance } from '../names/names.ts'
import { tasksByInstance } from '../records/records.ts'
import { changeCounts } from '../tasks/change.ts'
import { theInstance } from '../tasks/find.ts'

/** By force its tasks are orphans: ECS lets go of them (the orphans reconciler), and the host keeps what runs. */
export const DeregisterContainerInstance: Operation<
  DeregisterContainerInstanceRequest,
  DeregisterContainerInstanceResponse
> = {
  access: (_tx, input, { caller }) => [
    {
      resources: named(caller, input.cluster, [input.containerInstance], 'container-instance'),
      conditions: inCluster(caller, input.cluster),
    },
  ],
  run(tx, input, { caller, now, ids }) {
    const cluster = activeCluster(tx, caller, input.cluster)
    const instance = theInstance(tx, caller, cluster, input.containerInstance)
    if (!input.force)
      for (const _task of tx.find(tasksByInstance, ofInstance(instance)))
        throw invalidParameter('Found running tasks on the instance.')
    changeCounts(tx, clusterKey(cluster, cluster.clusterName), {
      registeredContainerInstancesCount: -1,
    })
    const after = changeInstance(
      tx,
      instance,
      { status: 'INACTIVE', agentConnected: false },
      { now, id: ids.uuid() },
    )
    return { containerInstance: toContainerInstance(after) }
  },
}
