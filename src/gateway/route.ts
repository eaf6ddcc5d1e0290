/**
 * Which service, protocol and operation a request is for. The request decides, never the service alone: every RPC
 * service takes both JSON versions, CBOR and Query, for the SDKs are on their way from one to the other.
 */
import { Fault } from '#kernel/fault.ts'

import { bucketOf } from './bucket-address.ts'
import type { GatewayLimits } from './limits.ts'
import { modelOf, type ProtocolName, type ServiceFacts } from './model.ts'
import { readPairs, valueOf, type Pair, type Request } from './request.ts'
import { matchRest, type RestMatch } from './rest-router.ts'
import { byTarget, candidates } from './services.ts'
import { scopeService } from './signature/authorization.ts'

/** A request's way: the service is known, the operation perhaps not (that is told only to those who may ask). */
export type Way = {
  readonly facts: ServiceFacts
  readonly protocol: ProtocolName
  readonly operation: string | undefined
  readonly form: readonly Pair[]
  readonly labels: RestMatch['labels']
}

const FORM = 'application/x-www-form-urlencoded'
const RPC_PATH = /\/service\/([^/]+)\/operation\/([^/]+)$/

export function findWay(request: Request, limits: GatewayLimits): Way {
  const cbor =
    request.headers.get('smithy-protocol') === 'rpc-v2-cbor'
      ? RPC_PATH.exec(request.path)
      : undefined
  if (cbor) return rpcWay('cbor', cbor[1]!, cbor[2]!)
  const target = request.headers.get('x-amz-target')
  if (target !== undefined) {
    const dot = target.lastIndexOf('.')
    return rpcWay(jsonOf(request), target.slice(0, Math.max(dot, 0)), target.slice(dot + 1))
  }
  const services = candidates(scopeService(request))
  return (
    formWay(request, services, limits) ??
    restWay(request, services) ??
    unknownWay(request, services)
  )
}

/** How a request that found no way wants its error: by the same signs, without looking further. */
export function protocolOf(request: Request | undefined): ProtocolName {
  if (!request) return 'rest-json'
  if (request.headers.get('smithy-protocol') === 'rpc-v2-cbor') return 'cbor'
  if (request.headers.has('x-amz-target')) return jsonOf(request)
  const [facts] = candidates(scopeService(request) ?? '')
  if (isForm(request) || valueOf(request.query, 'Action') !== undefined)
    return facts?.protocols[0] === 'ec2' ? 'ec2' : 'query'
  return facts?.protocols.includes('rest-xml') ? 'rest-xml' : 'rest-json'
}

/** Whether nothing but the body says what the request is for. */
export const isNamedByBody = (request: Request): boolean =>
  isForm(request) &&
  !request.headers.has('x-amz-target') &&
  request.headers.get('smithy-protocol') !== 'rpc-v2-cbor'

const jsonOf = (request: Request) =>
  request.headers.get('content-type')?.includes('x-amz-json-1.0') ? 'json-1.0' : 'json-1.1'
const isForm = (request: Request) =>
  request.headers.get('content-type')?.toLowerCase().startsWith(FORM) ?? false

function rpcWay(protocol: ProtocolName, target: string, operation: string): Way {
  const facts = byTarget.get(target)
  if (!facts)
    throw new Fault(
      'UnknownOperationException',
      `No service here is called '${target.slice(0, 200)}'.`,
    )
  return { facts, protocol, operation, form: [], labels: {} }
}

function formWay(
  request: Request,
  services: readonly ServiceFacts[],
  limits: GatewayLimits,
): Way | undefined {
  const form = isForm(request)
    ? readPairs(Buffer.from(request.body).toString('utf8'), limits.parameters)
    : request.query
  const action = valueOf(form, 'Action')
  if (action === undefined) return undefined
  const version = valueOf(form, 'Version')
  const speakers = services.filter((facts) => queryOf(facts) !== undefined)
  // Two services may share a scope (elb and elbv2), and then the version tells them apart.
  const facts =
    speakers.find((each) => each.version === version) ??
    (scopeService(request) === undefined ? undefined : speakers[0])
  if (!facts) {
    if (speakers.length === 0) return undefined
    throw new Fault(
      'InvalidAction',
      `Could not find operation ${action.slice(0, 200)} for version ${version ?? 'NO_VERSION_SPECIFIED'}`,
    )
  }
  return { facts, protocol: queryOf(facts)!, operation: action, form, labels: {} }
}

const queryOf = (facts: ServiceFacts) =>
  facts.protocols.find((protocol) => protocol === 'query' || protocol === 'ec2')
const restOf = (facts: ServiceFacts) =>
  facts.protocols.find((protocol) => protocol === 'rest-json' || protocol === 'rest-xml')

function restWay(request: Request, services: readonly ServiceFacts[]): Way | undefined {
  for (const facts of services) {
    const protocol = restOf(facts)
    // An unsigned path fits many services, S3 fits every path: without a scope there is nothing to choose by.
    if (!protocol || scopeService(request) === undefined) continue
    const { bucket, path } = facts.objects
      ? bucketOf(request, facts.service)
      : { bucket: undefined, path: request.path }
    const match = matchRest(modelOf(facts.service), request, path, bucket)
    if (match)
      return { facts, protocol, operation: match.operation.name, form: [], labels: match.labels }
  }
  return undefined
}

/** The service is known by its scope alone: the request is authenticated before it hears that there is no such operation. */
function unknownWay(request: Request, services: readonly ServiceFacts[]): Way {
  const facts = scopeService(request) === undefined ? undefined : services[0]
  const protocol = facts && (restOf(facts) ?? protocolOf(request))
  if (!facts || !protocol)
    throw new Fault('MissingAuthenticationTokenException', 'Missing Authentication Token', 403)
  return {
    facts,
    protocol: protocol === 'rest-json' ? (restOf(facts) ?? facts.protocols[0]!) : protocol,
    operation: undefined,
    form: [],
    labels: {},
  }
}

/** The refusal of an operation that the service does not have, in its protocol's words. */
export function unknownOperation(way: Way, request: Request): Fault {
  switch (way.protocol) {
    case 'query':
      return new Fault(
        'InvalidAction',
        `Could not find operation ${way.operation ?? ''} for version ${way.facts.version}`,
      )
    case 'ec2':
      return new Fault(
        'InvalidAction',
        `The action ${way.operation ?? ''} is not valid for this web service.`,
      )
    case 'rest-xml':
      return new Fault(
        'MethodNotAllowed',
        'The specified method is not allowed against this resource.',
        405,
      )
    case 'rest-json':
      return new Fault(
        'UnknownOperationException',
        `No operation answers ${request.method} ${request.path.slice(0, 200)}`,
        404,
      )
    default:
      return new Fault(
        'UnknownOperationException',
        `${way.facts.service} has no operation ${way.operation ?? ''}`,
      )
  }
}
