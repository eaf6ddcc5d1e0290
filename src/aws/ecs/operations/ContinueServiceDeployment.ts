import type {
  ContinueServiceDeploymentRequest,
  ContinueServiceDeploymentResponse,
} from '#contract/ecs.ts'
import type { Operation } from '#room/operation.ts'

import { checkEnum, invalidParameter } from '../names/names.ts'
import { inService } from '../names/services.ts'
import { serviceDeployments } from '../records/services.ts'
import { theParts } from '../services/access.ts'
import { OPEN, theServiceDeployment } from '../services/find.ts'

/** The answer that a pause waits for; a hook that is refused fails the deployment, which rolls back. */
export const ContinueServiceDeployment: Operation<
  ContinueServiceDeploymentRequest,
  ContinueServiceDeploymentResponse
> = {
  access: (_tx, input, { caller }) =>
    theParts(caller, [input.serviceDeploymentArn], 'service-deployment'),
  run(tx, input, { caller, now }) {
    const { serviceDeploymentArn, hookId, action = 'CONTINUE' } = input
    checkEnum('action', action, ['CONTINUE', 'ROLLBACK'])
    const found = theServiceDeployment(tx, caller, serviceDeploymentArn)
    const hook = found.hooks.find((one) => one.hookId === hookId)
    if (!hook) throw invalidParameter('The specified lifecycle hook was not found.')
    if (hook.status !== 'AWAITING_ACTION' || !OPEN.has(found.status))
      throw invalidParameter('The specified lifecycle hook is not awaiting an action.')
    const status = action === 'CONTINUE' ? 'SUCCEEDED' : 'FAILED'
    tx.patch(serviceDeployments, inService(found, found.serviceDeploymentId), {
      hooks: found.hooks.map((one) => (one === hook ? { ...one, status } : one)),
      updatedAt: now,
    })
    return { serviceDeploymentArn }
  },
}
