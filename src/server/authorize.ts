/**
 * May the caller? Until policies exist there are three kinds of callers: an account's root user may do all in its
 * account; a host's machine key only what agents do, on its own container instance; a room of ours what it asks.
 */
import type { AccessRequest, Verdict } from '#kernel/access.ts'
import { type Caller, principalArn } from '#kernel/principal.ts'

const YES: Verdict = { allowed: true }
/** A host may always register: what it registers is its own container instance from then on. */
const REGISTER = 'ecs:RegisterContainerInstance'
const ANY = '*'

export function authorize(caller: Caller, request: AccessRequest): Verdict {
  const { principal } = caller
  if (principal.type !== 'host') return YES
  const { containerInstanceArn } = principal
  const isOwn = (arn: string): boolean => arn === ANY || arn === containerInstanceArn
  if (request.agentFacing && (request.action === REGISTER || request.resources.every(isOwn)))
    return YES
  const [resource = ANY] = request.resources
  return {
    allowed: false,
    message: `User: ${principalArn(principal)} is not authorized to perform: ${request.action} on resource: ${resource} because no identity-based policy allows the ${request.action} action`,
  }
}
