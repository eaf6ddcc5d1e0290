import type { DescribeClustersRequest, DescribeClustersResponse } from '#contract/ecs.ts'
import type { Operation } from '#room/operation.ts'

import {
  clusterArn,
  clusterKey,
  clusterName,
  DEFAULT_CLUSTER,
  included,
  invalidParameter,
} from '../names/names.ts'
import { clusters } from '../records/records.ts'
import { EVERYTHING, toCluster } from '../views/cluster.ts'

const CLUSTERS_MAX = 100

export const DescribeClusters: Operation<DescribeClustersRequest, DescribeClustersResponse> = {
  access: (_tx, input, { caller }) => [
    {
      resources: (input.clusters ?? [DEFAULT_CLUSTER]).map((one) =>
        clusterArn(caller, clusterName(caller, one)),
      ),
    },
  ],
  run(tx, input, { caller }) {
    const asked = input.clusters?.length ? input.clusters : [DEFAULT_CLUSTER]
    if (asked.length > CLUSTERS_MAX)
      throw invalidParameter('Clusters cannot be greater than 100 items.')
    const include = included(input.include, [...EVERYTHING])
    const names = [...new Set(asked.map((identifier) => clusterName(caller, identifier)))]
    const found = names.map((name) => ({
      name,
      cluster: tx.get(clusters, clusterKey(caller, name)),
    }))
    return {
      clusters: found.flatMap(({ cluster }) => (cluster ? [toCluster(tx, cluster, include)] : [])),
      failures: found
        .filter(({ cluster }) => !cluster)
        .map(({ name }) => ({ arn: clusterArn(caller, name), reason: 'MISSING' })),
    }
  },
}
