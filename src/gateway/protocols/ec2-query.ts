/** EC2's own Query: every list is flat, answers have no result wrapper, errors a shape of their own. */
import { XML } from './aws-query.ts'
import { readForm } from './form.ts'
import type { Protocol } from './protocol.ts'
import { escapeXml, writeXmlMembers } from './xml-write.ts'

const HEADERS = { 'content-type': 'text/xml;charset=UTF-8' }

export const ec2Query: Protocol = {
  decode: ({ operation, form }, _request, decoding) =>
    readForm(operation.input, form, 'ec2', decoding),
  encode: ({ operation, facts }, output, requestId) => ({
    status: 200,
    headers: { 'x-amzn-requestid': requestId, ...HEADERS },
    body: `${XML}<${operation.name}Response xmlns="${facts.xmlns}"><requestId>${requestId}</requestId>${operation.output.type === 'unit' ? '' : writeXmlMembers(operation.output, output)}</${operation.name}Response>`,
  }),
  fault: (fault, { requestId }) => ({
    status: fault.status,
    headers: { 'x-amzn-requestid': requestId, ...HEADERS },
    body: `${XML}<Response><Errors><Error><Code>${escapeXml(fault.code)}</Code><Message>${escapeXml(fault.message)}</Message></Error></Errors><RequestID>${requestId}</RequestID></Response>`,
  }),
}
