/** AWS JSON 1.0 and 1.1: the operation is in `X-Amz-Target`, everything else in one JSON document. */
import type { Answer } from '../request.ts'
import { parseJson, readJson, writeJson, writeMembers } from './json.ts'
import type { FaultPlace, FaultView, Protocol } from './protocol.ts'

export const awsJson: Protocol = {
  decode: ({ operation }, { body }, decoding) =>
    readJson(
      operation.input,
      body.length === 0 ? {} : parseJson(body, decoding.limits),
      '',
      decoding,
    ) as object,
  encode: ({ operation, protocol }, output, requestId) => ({
    status: 200,
    headers: { 'x-amzn-requestid': requestId, 'content-type': contentType(protocol) },
    body: JSON.stringify(writeJson(operation.output, output)),
  }),
  fault: (fault, place) => ({
    status: fault.status,
    headers: {
      'x-amzn-requestid': place.requestId,
      'content-type': contentType(place.protocol),
      ...queryError(fault, place),
    },
    body: JSON.stringify({
      __type:
        place.facts?.queryCompatible && fault.shape
          ? `${place.model?.namespace}#${fault.name}`
          : fault.name,
      ...faultBody(fault),
    }),
  }),
}

const contentType = (protocol: string) =>
  protocol === 'json-1.0' ? 'application/x-amz-json-1.0' : 'application/x-amz-json-1.1'

/** The message under the name that the model gives it, and the error's further members. */
export function faultBody(fault: FaultView): object {
  const message = fault.shape?.byName.has('Message') ? 'Message' : 'message'
  return {
    [message]: fault.message,
    ...(fault.shape && writeMembers(fault.shape, fault.shape.members, modelled(fault))),
  }
}

/** Only the members that the error's shape has: a fault may be thrown for several services' shapes of one name. */
export function modelled(fault: FaultView): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    Object.entries(fault.members).filter(([name]) => fault.shape?.byName.has(name)),
  )
}

/** Clients of services that once spoke Query still look for its code. */
export function queryError(fault: FaultView, place: FaultPlace): Answer['headers'] {
  if (!place.facts?.queryCompatible) return {}
  return { 'x-amzn-query-error': `${fault.code};${fault.status < 500 ? 'Sender' : 'Receiver'}` }
}
