import type {
  ContainerInstance,
  DescribeContainerInstancesRequest,
  DescribeContainerInstancesResponse,
  Failure,
} from '#contract/ecs.ts'
import type { Operation } from '#room/operation.ts'

import { inCluster, named } from '../access.ts'
import { toContainerInstance } from '../instances/view.ts'
import { DESCRIBE_MAX } from '../limits.ts'
import { activeCluster, clusterArn, included, invalidParameter } from '../names/names.ts'
import { findInstance } from '../tasks/find.ts'

export const DescribeContainerInstances: Operation<
  DescribeContainerInstancesRequest,
  DescribeContainerInstancesResponse
> = {
  access: (_tx, input, { caller }) => [
    {
      resources: named(caller, input.cluster, input.containerInstances, 'container-instance'),
      conditions: inCluster(caller, input.cluster),
    },
  ],
  run(tx, input, { caller }) {
    const cluster = activeCluster(tx, caller, input.cluster)
    if (input.containerInstances.length === 0)
      throw invalidParameter('Container instance cannot be empty.')
    if (input.containerInstances.length > DESCRIBE_MAX)
      throw invalidParameter(`Container instances cannot be greater than ${DESCRIBE_MAX} items.`)
    const include = included(input.include, ['CONTAINER_INSTANCE_HEALTH', 'TAGS'])
    const found: ContainerInstance[] = []
    const failures: Failure[] = []
    const prefix = clusterArn(caller, cluster.clusterName).replace(
      ':cluster/',
      ':container-instance/',
    )
    for (const identifier of new Set(input.containerInstances)) {
      const instance = findInstance(tx, caller, cluster, identifier)
      if (instance) found.push(toContainerInstance(instance, include))
      else
        failures.push({
          arn: identifier.startsWith('arn:') ? identifier : `${prefix}/${identifier}`,
          reason: 'MISSING',
        })
    }
    return { containerInstances: found, failures }
  },
}
