import type { DeleteServiceRequest, DeleteServiceResponse } from '#contract/ecs.ts'
import type { Operation } from '#room/operation.ts'
import type { Read } from '#store/store.ts'

import { activeCluster, fault, invalidParameter } from '../names/names.ts'
import { ofService } from '../names/services.ts'
import { type Service, services } from '../records/services.ts'
import { theServiceResource } from '../services/access.ts'
import { deploymentsOf, taskSetsOf, theService } from '../services/find.ts'
import { toService } from '../views/service.ts'

/** The service is DRAINING until its tasks are gone, then INACTIVE. Deleting one that drains changes nothing. */
export const DeleteService: Operation<DeleteServiceRequest, DeleteServiceResponse> = {
  access: theServiceResource,
  run(tx, input, { caller }) {
    const cluster = activeCluster(tx, caller, input.cluster)
    const service = theService(tx, caller, cluster, input.service)
    if (service.status === 'INACTIVE')
      throw fault<'DeleteService'>('ServiceNotFoundException', 'Service not found.')
    if (service.status === 'DRAINING') return { service: toService(tx, service) }
    if (input.force !== true) checkScaledDown(tx, service)
    const after = tx.patch(services, ofService(service), {
      status: 'DRAINING',
      desiredCount: 0,
      tags: [],
    })
    return { service: toService(tx, after) }
  },
}

/**
 * A daemon has no count that could be brought down. AWS's third refusal, of a primary deployment that is scaled above 0,
 * cannot happen here: a deployment's desired count is its service's, at once.
 */
function checkScaledDown(tx: Read, service: Service): void {
  if (service.schedulingStrategy === 'DAEMON') return
  if (service.desiredCount > 0)
    throw invalidParameter('The service cannot be stopped while it is scaled above 0.')
  const isDraining = deploymentsOf(tx, service).some(
    ({ status, runningCount, pendingCount }) =>
      status === 'ACTIVE' && runningCount + pendingCount > 0,
  )
  if (isDraining || taskSetsOf(tx, service).length > 0)
    throw invalidParameter('The service cannot be stopped while deployments are active.')
}
