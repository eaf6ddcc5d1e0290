/** REST-JSON: bindings around a JSON document. */
import type { Request } from '../request.ts'
import { faultBody } from './aws-json.ts'
import { isRaw, readBindings, setRaw, writeBindings, type Bound } from './bindings.ts'
import { parseJson, readJson, writeJson, writeMembers } from './json.ts'
import type { Decoding, Protocol, Route } from './protocol.ts'
import { bytesOf } from './scalars.ts'

export const restJson: Protocol = {
  decode: (route, request, decoding) => {
    const bound = readBindings(route, request)
    readBody(route, request, bound, decoding)
    return bound.members
  },
  encode: (route, output, requestId) => {
    const { status, headers, payload, body, given } = writeBindings(route, output)
    const id = { 'x-amzn-requestid': requestId }
    const value = payload && given[payload.name]
    if (payload && isRaw(payload))
      return {
        status,
        headers: { ...id, 'content-type': 'application/octet-stream', ...headers },
        body: value === undefined ? '' : bytesOf(value),
      }
    const json = { ...id, 'content-type': 'application/json', ...headers }
    if (payload)
      return {
        status,
        headers: json,
        body: value === undefined ? '' : JSON.stringify(writeJson(payload.shape, value)),
      }
    if (status === 204) return { status, headers: { ...id, ...headers }, body: '' }
    return {
      status,
      headers: json,
      body: JSON.stringify(writeMembers(route.operation.output, body, given)),
    }
  },
  fault: (fault, { requestId }) => ({
    status: fault.status,
    headers: {
      'x-amzn-requestid': requestId,
      'content-type': 'application/json',
      'x-amzn-errortype': fault.name,
    },
    body: JSON.stringify(faultBody(fault)),
  }),
}

function readBody(route: Route, request: Request, bound: Bound, decoding: Decoding): void {
  const { members, payload, body } = bound
  if (payload) {
    if (payload && isRaw(payload)) setRaw(members, payload, request)
    else if (request.body.length > 0)
      members[payload.name] = readJson(
        payload.shape,
        parseJson(request.body, decoding.limits),
        payload.name,
        decoding,
      )
  } else if (body.length > 0 && request.body.length > 0) {
    const document = readJson(
      route.operation.input,
      parseJson(request.body, decoding.limits),
      '',
      decoding,
    ) as Readonly<Record<string, unknown>>
    for (const member of body)
      if (document[member.name] !== undefined) members[member.name] = document[member.name]
  }
}
