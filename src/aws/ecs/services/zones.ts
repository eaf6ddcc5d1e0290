/** The zones of a service's hosts, and how its tasks lie in them. */
import type { Read } from '#store/store.ts'

import { clusterKey, taskKey } from '../names.ts'
import { tasks } from '../records.ts'
import { zonesIn } from '../scheduler/cluster-hosts.ts'
import type { SeenTask, Zones } from './plan.ts'
import type { Service } from './records.ts'
import type { Seen } from './situation.ts'

/** A zone counts while a host in it takes tasks. Asked only of a service that may have to be evened out. */
export function zonesOf(tx: Read, service: Service): Zones {
  return {
    get all() {
      return zonesIn(tx, clusterKey(service, service.clusterName))
    },
    of: (task: SeenTask) =>
      tx.get(tasks, taskKey(service, service.clusterName, task.id))?.availabilityZone ?? '',
  }
}

/** AWS's words for a service that is being evened out. */
export function imbalance(zones: Zones, { tasks: seen }: Seen): string {
  const counts = zones.all.map(
    (zone) => `${seen.filter((task) => zones.of(task) === zone).length} tasks in ${zone}`,
  )
  return `is not AZ balanced with ${counts.join(', ')}. AZ Rebalancing in progress.`
}
