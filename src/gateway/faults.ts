/** What is thrown, as what goes out: the model's status and code where it has one, 500 for all that is no Fault. */
import { Fault } from '#kernel/fault.ts'

import type { ErrorTraits, ProtocolName } from './model.ts'
import type { FaultPlace, FaultView } from './protocols/protocol.ts'
import { queryCodeOf, Refusal, refusalFault } from './signature/refusal.ts'

export function viewFault(thrown: unknown, place: FaultPlace): FaultView {
  if (thrown instanceof Refusal) {
    const view = viewFault(refusalFault(thrown, place.protocol, place.facts?.signingName ?? ''), {
      ...place,
      model: undefined,
    })
    return { ...view, code: place.facts?.queryCompatible ? queryCodeOf(thrown.kind) : view.code }
  }
  if (!(thrown instanceof Fault)) return unexpected(place)
  const shape = place.model?.errors.get(thrown.code)
  const name = shape?.name ?? thrown.code
  return {
    name,
    code: shape?.error?.code ?? thrown.code,
    status: shape?.error ? statusOf(shape.error, place.protocol) : thrown.status,
    message: thrown.message,
    shape,
    members: thrown.members,
  }
}

/** AWS's JSON services answer every mistake of the caller with 400, whatever status their models state. */
function statusOf(error: ErrorTraits, protocol: ProtocolName): number {
  const isRpc = protocol === 'json-1.0' || protocol === 'json-1.1' || protocol === 'cbor'
  return isRpc && error.status < 500 ? 400 : error.status
}

/** A mistake of ours: the caller learns the request's id and nothing else. */
function unexpected(place: FaultPlace): FaultView {
  const code =
    place.facts?.objects || place.protocol === 'ec2' ? 'InternalError' : 'InternalFailure'
  const message = `The request processing has failed because of an unknown error, exception or failure. (Request ID: ${place.requestId})`
  return { name: code, code, status: 500, message, shape: undefined, members: {} }
}

/** A verdict's refusal: each family of services has its own code and status for it. */
export function denied(protocol: ProtocolName, message: string): Fault {
  switch (protocol) {
    case 'ec2':
      return new Fault(
        'UnauthorizedOperation',
        `You are not authorized to perform this operation. ${message}`,
        403,
      )
    case 'query':
    case 'rest-xml':
      return new Fault('AccessDenied', message, 403)
    case 'rest-json':
      return new Fault('AccessDeniedException', message, 403)
    default:
      return new Fault('AccessDeniedException', message, 400)
  }
}
