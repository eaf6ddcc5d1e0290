/** The zones of a service's hosts, and how its tasks lie in them. */
import type { Read } from '#store/store.ts'

import { clusterKey, taskKey } from '../names.ts'
import { clusters, tasks } from '../records.ts'
import { hostsOf } from '../scheduler/cluster-hosts.ts'
import type { SeenTask, Zones } from './plan.ts'
import type { Service } from './records.ts'
import type { Seen } from './situation.ts'

const ZONE = 'ecs.availability-zone'

/** A zone counts while a host in it takes tasks. Asked only of a service that may have to be evened out. */
export function zonesOf(tx: Read, service: Service): Zones {
  let known: readonly string[] | undefined
  return {
    get all() {
      return (known ??= zonesOfHosts(tx, service))
    },
    of: (task: SeenTask) =>
      tx.get(tasks, taskKey(service, service.clusterName, task.id))?.availabilityZone ?? '',
  }
}

function zonesOfHosts(tx: Read, service: Service): readonly string[] {
  const cluster = tx.get(clusters, clusterKey(service, service.clusterName))
  const hosts = cluster ? hostsOf(tx, cluster) : []
  const taking = hosts.filter(({ active, agentConnected }) => active && agentConnected)
  return [...new Set(taking.map(({ attributes }) => attributes.get(ZONE) ?? ''))].toSorted()
}

/** AWS's words for a service that is being evened out. */
export function imbalance(zones: Zones, { tasks: seen }: Seen): string {
  const counts = zones.all.map(
    (zone) => `${seen.filter((task) => zones.of(task) === zone).length} tasks in ${zone}`,
  )
  return `is not AZ balanced with ${counts.join(', ')}. AZ Rebalancing in progress.`
}
