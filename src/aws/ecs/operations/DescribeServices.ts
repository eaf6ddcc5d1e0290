import type {
  DescribeServicesRequest,
  DescribeServicesResponse,
  Failure,
  Service,
} from '#contract/ecs.ts'
import type { Operation } from '#room/room.ts'

import { DESCRIBE_SERVICES_MAX } from '../limits.ts'
import { activeCluster, included, invalidParameter } from '../names.ts'
import { theServiceResources } from '../services/access.ts'
import { findService, ownerOf, serviceNameIn } from '../services/find.ts'
import { serviceArn } from '../services/names.ts'
import { toService } from '../views/service.ts'

/** DRAINING and INACTIVE services too: those that ListServices does not name. */
export const DescribeServices: Operation<DescribeServicesRequest, DescribeServicesResponse> = {
  action: 'ecs:DescribeServices',
  access: theServiceResources,
  run(tx, input, { caller }) {
    const { clusterName } = activeCluster(tx, caller, input.cluster)
    if (input.services.length === 0) throw invalidParameter('Services cannot be empty.')
    if (input.services.length > DESCRIBE_SERVICES_MAX)
      throw invalidParameter(`Services cannot be greater than ${DESCRIBE_SERVICES_MAX} items.`)
    const include = included(input.include)
    const found: Service[] = []
    const failures: Failure[] = []
    const names = input.services.map((one) => serviceNameIn(caller, clusterName, one))
    for (const serviceName of new Set(names)) {
      const service = findService(tx, caller, clusterName, serviceName)
      if (service) found.push(toService(tx, service, include))
      else
        failures.push({
          arn: serviceArn({ ...ownerOf(caller), clusterName, serviceName }),
          reason: 'MISSING',
        })
    }
    return { services: found, failures }
  },
}
