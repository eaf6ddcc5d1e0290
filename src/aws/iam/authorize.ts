/**
 * May the caller? Until policies exist there are three kinds of callers: an account's root user may do all in its
 * account; a host's machine key what HOST_POLICY says, and nothing else; a room of ours what it asks.
 */
import type { AccessRequest, Verdict } from '#kernel/access.ts'
import { type Arn, parseArn } from '#kernel/arn.ts'
import { type Caller, type Principal, principalArn } from '#kernel/principal.ts'

type HostPrincipal = Extract<Principal, { type: 'host' }>
/** Says whether a resource is one of a kind, for this host and this region. */
type Kind = (
  arn: string,
  host: HostPrincipal,
  region: string,
  conditions: AccessRequest['conditions'],
) => boolean

const YES: Verdict = { allowed: true }
/** What an operation touches that AWS defines no resource for. */
const ANY = '*'

const everything: Kind = (arn) => arn === ANY
const itself: Kind = (arn, { containerInstanceArn }) => arn === containerInstanceArn
/** Which cluster a machine joins is its operator's choice; what it gets is its own container instance from then on. */
const clusterToJoin: Kind = (arn, host, region) =>
  isOf(host, region, parseArn(arn, 'ecs'), 'cluster/')
/** What it joins a cluster as may have tags from the beginning; it gives none later. */
const joining: Kind = (arn, host, region, conditions) =>
  conditions['ecs:CreateAction'] === 'RegisterContainerInstance' &&
  isOf(host, region, parseArn(arn, 'ecs'), 'container-instance/')
/** Where a host's containers write to is said by their task definitions: any group of its own account. */
const logGroup: Kind = (arn, host, region) =>
  isOf(host, region, parseArn(arn, 'logs'), 'log-group:')

/** What a machine key may do, on which kinds of resources: an action that is not here is refused on all of them. */
const HOST_POLICY: Readonly<Record<string, readonly Kind[]>> = {
  'ecs:DiscoverPollEndpoint': [everything, itself],
  'ecs:RegisterContainerInstance': [clusterToJoin, itself],
  'ecs:DeregisterContainerInstance': [itself],
  'ecs:UpdateContainerInstancesState': [itself],
  'ecs:Poll': [itself],
  'ecs:StartTelemetrySession': [itself],
  'ecs:SubmitAttachmentStateChanges': [everything, itself],
  'ecs:SubmitContainerStateChange': [itself],
  'ecs:SubmitTaskStateChange': [itself],
  // The tags of its tasks too: of a task it is asked whose host that is on.
  'ecs:ListTagsForResource': [itself],
  'ecs:TagResource': [joining],
  'logs:CreateLogStream': [logGroup],
  'logs:PutLogEvents': [logGroup],
}

export function authorize(caller: Caller, request: AccessRequest): Verdict {
  const { principal, region } = caller
  if (principal.type !== 'host') return YES
  const kinds = Object.hasOwn(HOST_POLICY, request.action) ? HOST_POLICY[request.action]! : []
  const isAllowed = (arn: string): boolean =>
    kinds.some((kind) => kind(arn, principal, region, request.conditions))
  // A question that names nothing is not answered by "all of nothing may".
  if (request.resources.length > 0 && request.resources.every(isAllowed)) return YES
  const [resource = ANY] = request.resources
  return {
    allowed: false,
    message: `User: ${principalArn(principal)} is not authorized to perform: ${request.action} on resource: ${resource} because no identity-based policy allows the ${request.action} action`,
  }
}

/** Of the host's account and the region that its request is signed for. */
const isOf = (host: HostPrincipal, region: string, arn: Arn | undefined, prefix: string): boolean =>
  arn?.account === host.accountId && arn.region === region && arn.resource.startsWith(prefix)
