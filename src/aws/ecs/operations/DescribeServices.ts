import type {
  DescribeServicesRequest,
  DescribeServicesResponse,
  Failure,
  Service,
} from '#contract/ecs.ts'
import { formatArn } from '#kernel/arn.ts'
import type { Caller } from '#kernel/principal.ts'
import type { Operation } from '#room/operation.ts'

import { DESCRIBE_SERVICES_MAX } from '../limits.ts'
import { activeCluster, included, invalidParameter } from '../names/names.ts'
import { theServiceResources } from '../services/access.ts'
import { findService, serviceNameIn } from '../services/find.ts'
import { toService } from '../views/service.ts'

/** DRAINING and INACTIVE services too: those that ListServices does not name. */
export const DescribeServices: Operation<DescribeServicesRequest, DescribeServicesResponse> = {
  access: theServiceResources,
  run(tx, input, { caller }) {
    const { clusterName } = activeCluster(tx, caller, input.cluster)
    if (input.services.length === 0) throw invalidParameter('Services cannot be empty.')
    if (input.services.length > DESCRIBE_SERVICES_MAX)
      throw invalidParameter(`Services cannot be greater than ${DESCRIBE_SERVICES_MAX} items.`)
    const include = included(input.include)
    const found: Service[] = []
    const failures: Failure[] = []
    const asked = new Map(
      input.services.map((given) => [serviceNameIn(caller, clusterName, given), given]),
    )
    for (const [serviceName, given] of asked) {
      const service = findService(tx, caller, clusterName, serviceName)
      if (service) found.push(toService(tx, service, include))
      else failures.push({ arn: arnOf(caller, given), reason: 'MISSING' })
    }
    return { services: found, failures }
  },
}

/** Of what is not there AWS says no more than it was told: an ARN as it was given, a name without its cluster. */
const arnOf = ({ region, accountId }: Caller, given: string): string =>
  given.startsWith('arn:')
    ? given
    : formatArn({ service: 'ecs', region, account: accountId, resource: `service/${given}` })
