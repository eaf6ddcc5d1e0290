import type { StopServiceDeploymentRequest, StopServiceDeploymentResponse } from '#contract/ecs.ts'
import { Fault } from '#kernel/fault.ts'
import type { Operation } from '#room/operation.ts'

import { checkEnum } from '../names/names.ts'
import { inService } from '../names/services.ts'
import { serviceDeployments } from '../records/services.ts'
import { theParts } from '../services/access.ts'
import { theServiceDeployment } from '../services/find.ts'

const STOPPABLE: ReadonlySet<string> = new Set(['PENDING', 'IN_PROGRESS'])
/** It is on the way that was asked for first, and continues. */
const STOPPING: ReadonlySet<string> = new Set([
  'STOP_REQUESTED',
  'ROLLBACK_REQUESTED',
  'ROLLBACK_IN_PROGRESS',
])

/** ROLLBACK goes back to what ran before, ABORT starts nothing more. The scheduler does it. */
export const StopServiceDeployment: Operation<
  StopServiceDeploymentRequest,
  StopServiceDeploymentResponse
> = {
  access: (_tx, input, { caller }) =>
    theParts(caller, [input.serviceDeploymentArn], 'service-deployment'),
  run(tx, input, { caller, now }) {
    const { serviceDeploymentArn, stopType = 'ROLLBACK' } = input
    checkEnum('stopType', stopType, ['ABORT', 'ROLLBACK'])
    const found = theServiceDeployment(tx, caller, serviceDeploymentArn)
    if (STOPPING.has(found.status)) return { serviceDeploymentArn }
    if (!STOPPABLE.has(found.status))
      throw new Fault(
        'ConflictException',
        `The service deployment cannot be stopped because its status is ${found.status}.`,
      )
    tx.patch(serviceDeployments, inService(found, found.serviceDeploymentId), {
      status: stopType === 'ROLLBACK' ? 'ROLLBACK_REQUESTED' : 'STOP_REQUESTED',
      updatedAt: now,
    })
    return { serviceDeploymentArn }
  },
}
