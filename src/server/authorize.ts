/**
 * May the caller? Until policies exist there are three kinds of callers: an account's root user may do all in its
 * account; a host's machine key only what agents do, on its own container instance; a room of ours what it asks.
 */
import type { AccessRequest, Verdict } from '#kernel/access.ts'
import { type Caller, principalArn } from '#kernel/principal.ts'

const YES: Verdict = { allowed: true }
/** A host may register anew with any cluster: what it gets is its own container instance from then on. */
const REGISTER = 'ecs:RegisterContainerInstance'
const CLUSTER = /^arn:aws:ecs:[^:]*:\d*:cluster\//
const ANY = '*'

export function authorize(caller: Caller, request: AccessRequest): Verdict {
  const { principal } = caller
  if (principal.type !== 'host') return YES
  const { containerInstanceArn } = principal
  const isOwn = (arn: string): boolean => arn === ANY || arn === containerInstanceArn
  const isJoined = (arn: string): boolean => request.action === REGISTER && CLUSTER.test(arn)
  if (request.agentFacing && request.resources.every((arn) => isOwn(arn) || isJoined(arn)))
    return YES
  const [resource = ANY] = request.resources
  return {
    allowed: false,
    message: `User: ${principalArn(principal)} is not authorized to perform: ${request.action} on resource: ${resource} because no identity-based policy allows the ${request.action} action`,
  }
}
