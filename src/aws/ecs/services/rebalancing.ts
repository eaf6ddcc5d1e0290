/** Whether a service can be rebalanced across Availability Zones: only spread replicas that may be started in excess can. */
import { invalidParameter } from '../names/names.ts'
import type { Service } from '../records/services.ts'

const ZONE = 'ecs.availability-zone'

type Rebalanced = Pick<
  Service,
  | 'availabilityZoneRebalancing'
  | 'deploymentConfiguration'
  | 'deploymentController'
  | 'launchType'
  | 'placementConstraints'
  | 'placementStrategy'
  | 'schedulingStrategy'
>

/** What speaks against rebalancing, as AWS names it. */
export function rebalancingConflict(
  service: Omit<Rebalanced, 'availabilityZoneRebalancing'>,
): string | undefined {
  if (service.schedulingStrategy === 'DAEMON') return 'DAEMON services'
  if (service.deploymentController === 'EXTERNAL') return 'the EXTERNAL deployment controller'
  if (service.launchType === 'EXTERNAL') return 'the EXTERNAL launch type'
  if (service.deploymentConfiguration.maximumPercent <= 100)
    return 'maximumPercent <= 100 % as deployment configuration'
  const [first] = service.placementStrategy
  if (first && !(first.type === 'spread' && first.field === `attribute:${ZONE}`))
    return `a first placement strategy other than spread by attribute:${ZONE}`
  if (service.placementConstraints.some(({ expression }) => expression?.includes(ZONE)))
    return `placement constraints by attribute:${ZONE}`
  return undefined
}

/** Whether the scheduler evens the service out over its zones; what came to speak against it later wins. */
export const isRebalanced = (service: Rebalanced): boolean =>
  service.availabilityZoneRebalancing === 'ENABLED' && rebalancingConflict(service) === undefined

export function checkRebalancing(service: Rebalanced, what: 'created' | 'updated'): void {
  if (service.availabilityZoneRebalancing !== 'ENABLED') return
  const conflict = rebalancingConflict(service)
  if (conflict !== undefined)
    throw invalidParameter(
      `The service couldn't be ${what} because Availability Zone Rebalancing does not support ${conflict}.`,
    )
}
