/** A cluster as the API shows it. */
import type * as Api from '#contract/ecs.ts'
import type { Read } from '#store/store.ts'

import { clusterArn, clusterKey } from '../names.ts'
import { type Cluster, clusterCounts } from '../records.ts'

/** What DescribeClusters can be asked to include. */
export type Include = ReadonlySet<string>
export const EVERYTHING: Include = new Set([
  'ATTACHMENTS',
  'CONFIGURATIONS',
  'SETTINGS',
  'STATISTICS',
  'TAGS',
])

export function toCluster(tx: Read, cluster: Cluster, include: Include): Api.Cluster {
  const counts = tx.get(clusterCounts, clusterKey(cluster, cluster.clusterName))
  const running = counts?.runningTasksCount ?? 0
  const pending = counts?.pendingTasksCount ?? 0
  return {
    clusterArn: clusterArn(cluster, cluster.clusterName),
    clusterName: cluster.clusterName,
    status: cluster.status,
    registeredContainerInstancesCount: counts?.registeredContainerInstancesCount ?? 0,
    runningTasksCount: running,
    pendingTasksCount: pending,
    activeServicesCount: 0,
    statistics: include.has('STATISTICS') ? statistics(running, pending) : [],
    tags: include.has('TAGS') ? cluster.tags : [],
    settings: include.has('SETTINGS') ? cluster.settings : [],
    ...(include.has('CONFIGURATIONS') &&
      cluster.configuration && { configuration: cluster.configuration }),
    capacityProviders: [],
    defaultCapacityProviderStrategy: [],
    ...(include.has('ATTACHMENTS') && { attachments: [] }),
  }
}

/** All tasks of this build run on registered container instances, so the other launch types count none. */
const statistics = (running: number, pending: number): Api.KeyValuePair[] =>
  Object.entries({
    runningEC2TasksCount: running,
    runningFargateTasksCount: 0,
    pendingEC2TasksCount: pending,
    pendingFargateTasksCount: 0,
    activeEC2ServiceCount: 0,
    activeFargateServiceCount: 0,
    drainingEC2ServiceCount: 0,
    drainingFargateServiceCount: 0,
  }).map(([name, value]) => ({ name, value: String(value) }))
