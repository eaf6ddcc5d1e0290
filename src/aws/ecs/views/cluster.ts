/** A cluster as the API shows it. */
import type * as Api from '#contract/ecs.ts'
import type { Read } from '#store/store.ts'

import { clusterArn, clusterKey } from '../names/names.ts'
import { type Cluster, clusterCounts } from '../records/records.ts'
import { countServices } from '../services/find.ts'

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
  const active = countServices(tx, cluster, 'ACTIVE')
  return {
    clusterArn: clusterArn(cluster, cluster.clusterName),
    clusterName: cluster.clusterName,
    status: cluster.status,
    registeredContainerInstancesCount: counts?.registeredContainerInstancesCount ?? 0,
    runningTasksCount: running,
    pendingTasksCount: pending,
    activeServicesCount: active,
    statistics: include.has('STATISTICS')
      ? statistics({ running, pending, active, draining: countServices(tx, cluster, 'DRAINING') })
      : [],
    tags: include.has('TAGS') ? cluster.tags : [],
    settings: include.has('SETTINGS') ? cluster.settings : [],
    ...(include.has('CONFIGURATIONS') &&
      cluster.configuration && { configuration: cluster.configuration }),
    capacityProviders: [],
    defaultCapacityProviderStrategy: [],
    ...(include.has('ATTACHMENTS') && { attachments: [] }),
  }
}

type Counts = Readonly<Record<'running' | 'pending' | 'active' | 'draining', number>>

/** All tasks of this build run on registered container instances, so the other launch types count none. */
const statistics = ({ running, pending, active, draining }: Counts): Api.KeyValuePair[] =>
  Object.entries({
    runningEC2TasksCount: running,
    runningFargateTasksCount: 0,
    pendingEC2TasksCount: pending,
    pendingFargateTasksCount: 0,
    activeEC2ServiceCount: active,
    activeFargateServiceCount: 0,
    drainingEC2ServiceCount: draining,
    drainingFargateServiceCount: 0,
  }).map(([name, value]) => ({ name, value: String(value) }))
