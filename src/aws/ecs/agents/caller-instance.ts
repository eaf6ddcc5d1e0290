/** Finds the container instance that an agent's connection is for, and refuses the connection in the protocol's words. */
import type { Authorize } from '#kernel/access.ts'
import { parseArn } from '#kernel/arn.ts'
import type { Caller } from '#kernel/principal.ts'
import type { Refused } from '#room/conversation.ts'
import { gravesOf } from '#store/graves.ts'
import type { Read } from '#store/store.ts'
import { formatRefusal, type RefusalType } from '#wire/refusal.ts'

import { containerInstanceKey } from '../names/names.ts'
import { type ContainerInstance, containerInstances } from '../records/records.ts'

export const refusal = (type: RefusalType, message: string, status = 400): Refused => ({
  status,
  body: formatRefusal({ type, message }),
})

type Ask = { readonly caller: Caller; readonly arn: string; readonly action: string }

export function connectingInstance(
  tx: Read,
  authorize: Authorize,
  { caller, arn, action }: Ask,
): ContainerInstance | Refused {
  const verdict = authorize(caller, { action, resources: [arn], conditions: {} })
  if (!verdict.allowed) return refusal('AccessDeniedException', verdict.message, 403)
  const parsed = parseArn(arn, 'ecs')
  const [type, cluster = '', id = ''] = parsed?.resource.split('/') ?? []
  const local = parsed?.account === caller.accountId && parsed.region === caller.region
  if (type !== 'container-instance' || !local || id === '')
    return refusal('InvalidInstanceException', 'The container instance ARN is not valid here.')
  // A host of an account that was reset is heard until the last of its tasks is confirmed stopped.
  for (const tenant of [caller.tenant, ...gravesOf(tx, caller.accountId)]) {
    const instance = tx.get(
      containerInstances,
      containerInstanceKey({ ...caller, tenant }, cluster, id),
    )
    if (instance && instance.status !== 'INACTIVE') return instance
  }
  return refusal(
    'InactiveInstanceException',
    'The container instance is not registered any longer.',
  )
}
