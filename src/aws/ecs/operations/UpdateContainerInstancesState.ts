import type {
  ContainerInstance,
  Failure,
  UpdateContainerInstancesStateRequest,
  UpdateContainerInstancesStateResponse,
} from '#contract/ecs.ts'
import type { Operation } from '#room/operation.ts'

import { inCluster, named } from '../access.ts'
import { changeInstance } from '../instances/change.ts'
import { toContainerInstance } from '../instances/view.ts'
import { activeCluster, invalidParameter } from '../names/names.ts'
import { findInstance } from '../tasks/find.ts'

const INSTANCES_MAX = 10
/** A DRAINING host gets no new task; standalone tasks on it run on. */
export const UpdateContainerInstancesState: Operation<
  UpdateContainerInstancesStateRequest,
  UpdateContainerInstancesStateResponse
> = {
  access: (_tx, input, { caller }) => [
    {
      resources: named(caller, input.cluster, input.containerInstances, 'container-instance'),
      conditions: inCluster(caller, input.cluster),
    },
  ],
  run(tx, input, { caller, now, ids }) {
    const cluster = activeCluster(tx, caller, input.cluster)
    const { status } = input
    if (status !== 'ACTIVE' && status !== 'DRAINING')
      throw invalidParameter(`Container instance status should be one of [ACTIVE,DRAINING].`)
    if (input.containerInstances.length === 0)
      throw invalidParameter('Container instance cannot be empty.')
    if (input.containerInstances.length > INSTANCES_MAX)
      throw invalidParameter(`Container instances cannot be greater than ${INSTANCES_MAX} items.`)
    const changed: ContainerInstance[] = []
    const failures: Failure[] = []
    for (const identifier of new Set(input.containerInstances)) {
      const instance = findInstance(tx, caller, cluster, identifier)
      if (!instance) failures.push({ arn: identifier, reason: 'MISSING' })
      else if (instance.status === 'INACTIVE')
        failures.push({ arn: identifier, reason: 'INACTIVE' })
      else {
        const after = changeInstance(tx, instance, { status }, { now, id: ids.uuid() })
        changed.push(toContainerInstance(after))
      }
    }
    return { containerInstances: changed, failures }
  },
}
