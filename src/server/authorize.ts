/**
 * May the caller? Until policies exist there are three kinds of callers: an account's root user may do all in its
 * account; a host's machine key only what agents do, on its own container instance; a room of ours what it asks.
 */
import type { AccessRequest, Verdict } from '#kernel/access.ts'
import { type Caller, principalArn } from '#kernel/principal.ts'

const YES: Verdict = { allowed: true }
/** A host may register anew with any cluster: what it gets is its own container instance from then on. */
const REGISTER = 'ecs:RegisterContainerInstance'
const LIST_TAGS = 'ecs:ListTagsForResource'
const CLUSTER = /^arn:aws:ecs:[^:]*:\d*:cluster\//
/** Where a host's containers write to is said by their task definitions: any group of its own account. */
const LOG_GROUP = /^arn:aws:logs:/
const ANY = '*'

export function authorize(caller: Caller, request: AccessRequest): Verdict {
  const { principal } = caller
  if (principal.type !== 'host') return YES
  const { containerInstanceArn } = principal
  const isOwn = (arn: string): boolean =>
    arn === ANY || arn === containerInstanceArn || LOG_GROUP.test(arn)
  // A container may ask for its task's tags, and its host asks for it.
  const tasks = containerInstanceArn?.replace(/:container-instance\/(.*\/)[^/]+$/, ':task/$1')
  const isRead = (arn: string): boolean =>
    request.action === LIST_TAGS &&
    (arn === containerInstanceArn || (tasks !== undefined && arn.startsWith(tasks)))
  const isJoined = (arn: string): boolean => request.action === REGISTER && CLUSTER.test(arn)
  if (request.resources.length > 0 && request.resources.every(isRead)) return YES
  if (request.agentFacing && request.resources.every((arn) => isOwn(arn) || isJoined(arn)))
    return YES
  const [resource = ANY] = request.resources
  return {
    allowed: false,
    message: `User: ${principalArn(principal)} is not authorized to perform: ${request.action} on resource: ${resource} because no identity-based policy allows the ${request.action} action`,
  }
}
