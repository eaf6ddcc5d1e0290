/**
 * The room that is kept for daemons: where one belongs and is not, nothing else takes what it needs, so that it is the
 * first to start there whoever looks first.
 */
import type { Read } from '#store/store.ts'

import { needOf } from '../definitions/need.ts'
import type { Need } from '../definitions/need.ts'
import { definitionKey } from '../names/names.ts'
import { groupOf, ofService } from '../names/services.ts'
import { type Resources, taskDefinitions } from '../records/records.ts'
import { type Deployment, deployments, type Service, services } from '../records/services.ts'
import { type Constraint, type Host, lackedResource, unfit } from './place.ts'
import { constraintsOf } from './request.ts'

/** What a task of a daemon service needs, and where it belongs. */
export type Daemon = { readonly need: Need; readonly constraints: readonly Constraint[] }

/** The daemons of the cluster whose key this is. */
export function daemonsOf(tx: Read, cluster: string): readonly Daemon[] {
  const found: Daemon[] = []
  for (const { row: service } of tx.scan(services, { prefix: `${cluster}/` })) {
    if (!isDaemon(service)) continue
    for (const { row } of tx.scan(deployments, { prefix: `${ofService(service)}/` })) {
      const runs = definitionKey(service, row.family, row.revision)
      const definition = isStarted(row) && tx.get(taskDefinitions, runs)?.definition
      if (!definition) continue
      const { placementConstraints } = definition
      found.push({
        need: needOf(definition, groupOf(service.serviceName)),
        constraints: constraintsOf(placementConstraints, service.placementConstraints),
      })
    }
  }
  return found
}

/** Whether the service has daemons to start. */
export const isDaemon = (service: Service | undefined): boolean =>
  service?.schedulingStrategy === 'DAEMON' && service.status === 'ACTIVE'

/** Whether tasks of the deployment are to run where there are none. */
export const isStarted = (deployment: Deployment | undefined): boolean =>
  deployment?.status === 'PRIMARY' && deployment.rolloutState !== 'FAILED'

/**
 * What a host has left for all others. A daemon for which the whole machine is too small, or of another kind, has no
 * claim on it.
 */
export function lessDaemons(
  daemons: readonly Daemon[],
  host: Host,
  registered: Resources,
): Resources {
  let left = host.remaining
  for (const { need, constraints } of daemons)
    if (isMissed(need, constraints, host) && !lackedResource(need, registered))
      left = {
        cpu: Math.max(0, left.cpu - need.cpu),
        memoryMiB: Math.max(0, left.memoryMiB - need.memoryMiB),
        ports: [...left.ports, ...need.ports],
        portsUdp: [...left.portsUdp, ...need.portsUdp],
        gpuIds: left.gpuIds.slice(need.gpus),
      }
  return left
}

const isMissed = (need: Need, constraints: readonly Constraint[], host: Host): boolean =>
  host.active &&
  !host.groupCounts.has(need.group) &&
  !unfit(need, host) &&
  constraints.every((one) => one.type !== 'memberOf' || one.holds(host))
