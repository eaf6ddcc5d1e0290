/** REST-XML: bindings around an XML document. S3's errors are bare, Route 53's are wrapped as Query's are. */
import type { Request } from '../request.ts'
import { awsQuery, XML } from './aws-query.ts'
import { isRaw, readBindings, setRaw, writeBindings, type Bound } from './bindings.ts'
import type { Decoding, Protocol, Route } from './protocol.ts'
import { bytesOf } from './scalars.ts'
import { parseXml, readXml, readXmlMembers } from './xml-read.ts'
import { escapeXml, writeXmlMembers } from './xml-write.ts'

export const restXml: Protocol = {
  decode: (route, request, decoding) => {
    const bound = readBindings(route, request)
    readBody(route, request, bound, decoding)
    return bound.members
  },
  encode: (route, output, requestId) => {
    const { status, headers, payload, body, given } = writeBindings(route, output)
    const id = { 'x-amz-request-id': requestId, 'x-amzn-requestid': requestId }
    const value = payload && given[payload.name]
    if (payload && isRaw(payload))
      return {
        status,
        headers: { ...id, 'content-type': 'application/octet-stream', ...headers },
        body: value === undefined ? '' : bytesOf(value),
      }
    if (payload ? value === undefined : body.length === 0)
      return { status, headers: { ...id, ...headers }, body: '' }
    const shape = payload?.shape ?? route.operation.output
    // S3's oldest answer is its one member itself, not a structure around it.
    if (route.operation.name === 'GetBucketLocation')
      return {
        status,
        headers: { ...id, 'content-type': 'application/xml', ...headers },
        body: XML + location(route, given),
      }
    const root = payload
      ? (payload.xmlName ?? shape.xmlName ?? shape.name)
      : (shape.xmlName ?? shape.name)
    const inner = payload ? writeXmlMembers(shape, value) : writeXmlMembers(shape, given, body)
    return {
      status,
      headers: { ...id, 'content-type': 'application/xml', ...headers },
      body: `${XML}<${root} xmlns="${route.facts.xmlns}">${inner}</${root}>`,
    }
  },
  fault: (fault, place) => {
    if (!place.facts?.objects) return awsQuery.fault(fault, place)
    return {
      status: fault.status,
      headers: { 'x-amz-request-id': place.requestId, 'content-type': 'application/xml' },
      body: `${XML}<Error><Code>${escapeXml(fault.code)}</Code><Message>${escapeXml(fault.message)}</Message><RequestId>${place.requestId}</RequestId></Error>`,
    }
  },
}

function readBody(route: Route, request: Request, bound: Bound, decoding: Decoding): void {
  const { members, payload, body } = bound
  if (payload && isRaw(payload)) setRaw(members, payload, request)
  else if (request.body.length > 0 && (payload || body.length > 0)) {
    const root = parseXml(request.body, decoding.limits.depth)
    if (payload) members[payload.name] = readXml(payload, [root], payload.name, decoding)
    else Object.assign(members, readXmlMembers(route.operation.input, root, '', decoding, body))
  }
}

function location(route: Route, given: Readonly<Record<string, unknown>>): string {
  const text = given['LocationConstraint']
  return `<LocationConstraint xmlns="${route.facts.xmlns}">${typeof text === 'string' ? escapeXml(text) : ''}</LocationConstraint>`
}
