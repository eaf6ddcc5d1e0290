/** The zones of a service's hosts, how its tasks lie in them, and what is told of their being evened out. */
import type { Read, Write } from '#store/store.ts'

import { clusterKey, taskKey } from '../names/names.ts'
import { tasks } from '../records/records.ts'
import type { Service } from '../records/services.ts'
import { zonesIn } from '../scheduler/cluster-hosts.ts'
import type { Refusal } from '../scheduler/place.ts'
import type { Moment } from '../tasks/change.ts'
import { noticeAction, noticeFirst, resolved, tell, type Teller, tellOnce } from './events.ts'
import type { Plan, SeenTask, Zones } from './plan.ts'
import type { Seen } from './situation.ts'
import { placementNotice } from './start-tasks.ts'
import type { World } from './world.ts'

/** Told once, until the service is even: that it is being evened out, and that a zone has no room for that. */
const BALANCING = 'balancing'
const ZONE_FULL = 'zone full'

/** A zone counts while a host in it takes tasks. Asked only of a service that may have to be evened out. */
export function zonesOf(tx: Read, service: Service): Zones {
  return {
    get all() {
      return zonesIn(tx, clusterKey(service, service.clusterName))
    },
    of: (task: SeenTask) =>
      tx.get(tasks, taskKey(service, service.clusterName, task.id))?.availabilityZone ?? '',
    isBalancing: BALANCING in service.toldAt,
  }
}

/** A task was started in another zone, so that the fullest can give one up. */
export function tellMove(tx: Write, service: Service, seen: Seen, world: World): void {
  const event = { type: 'INFO', name: 'SERVICE_REBALANCING_STARTED' } as const
  noticeFirst(tx, service, BALANCING, () => event, momentOf(world))
  const message = `is not AZ balanced with ${lying(tx, service, seen)}. AZ Rebalancing in progress.`
  tellOnce(tx, service, BALANCING, message, momentOf(world))
  resolved(tx, service, [ZONE_FULL])
}

/** The zone that should have one more has no room for it. */
export function tellZoneFull(
  tx: Write,
  service: Service,
  zone: string,
  refusals: readonly Refusal[],
  world: World,
): void {
  noticeFirst(tx, service, ZONE_FULL, () => placementNotice(refusals), momentOf(world))
  const message = `is unable to place a task in ${zone} because no container instance met all of its requirements.`
  tellOnce(tx, service, ZONE_FULL, message, momentOf(world))
}

/** The service is steady: whether it is even now, where it was not, or is kept even no longer. */
export function tellEven(
  tx: Write,
  service: Service,
  { plan, seen }: { readonly plan: Pick<Plan, 'isEven'>; readonly seen: Seen },
  world: World,
): void {
  if (plan.isEven === false) return
  if (plan.isEven && BALANCING in service.toldAt) {
    tell(tx, service, `is AZ balanced with ${lying(tx, service, seen)}.`, momentOf(world))
    noticeBalancing(tx, service, 'SERVICE_REBALANCING_COMPLETED', world)
  }
  resolved(tx, service, [BALANCING, ZONE_FULL])
}

/** One of AWS's `ECS Service Action` about zones. */
export const noticeBalancing = (tx: Write, teller: Teller, name: string, world: World): void =>
  noticeAction(tx, teller, { type: 'INFO', name }, momentOf(world))

const momentOf = ({ now, ids }: World): Moment => ({ now, id: ids.uuid() })

function lying(tx: Read, service: Service, { tasks: seen }: Seen): string {
  const zones = zonesOf(tx, service)
  const counts = zones.all.map(
    (zone) => `${seen.filter((task) => zones.of(task) === zone).length} tasks in ${zone}`,
  )
  return counts.join(', ')
}
