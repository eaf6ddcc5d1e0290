/** AWS Query: forms in, XML out. */
import { modelled } from './aws-json.ts'
import { readForm } from './form.ts'
import type { Protocol } from './protocol.ts'
import { escapeXml, writeXml, writeXmlMembers } from './xml-write.ts'

export const XML = '<?xml version="1.0" encoding="UTF-8"?>\n'

export const awsQuery: Protocol = {
  decode: ({ operation, form }, _request, decoding) =>
    readForm(operation.input, form, 'query', decoding),
  encode: ({ operation, facts }, output, requestId) => {
    const { name } = operation
    const result =
      operation.output.type === 'unit'
        ? ''
        : `<${name}Result>${writeXmlMembers(operation.output, output)}</${name}Result>`
    return {
      status: 200,
      headers: { 'x-amzn-requestid': requestId, 'content-type': 'text/xml' },
      body: `${XML}<${name}Response xmlns="${facts.xmlns}">${result}<ResponseMetadata><RequestId>${requestId}</RequestId></ResponseMetadata></${name}Response>`,
    }
  },
  fault: (fault, { facts, requestId }) => {
    const given = modelled(fault)
    const members = (fault.shape?.members ?? []).filter(
      (member) => !/^message$/i.test(member.name) && given[member.name] !== undefined,
    )
    const more = members
      .map((member) => writeXml(member, given[member.name], member.xmlName ?? member.name))
      .join('')
    const namespace = facts ? ` xmlns="${facts.xmlns}"` : ''
    const type = fault.status < 500 ? 'Sender' : 'Receiver'
    return {
      status: fault.status,
      headers: { 'x-amzn-requestid': requestId, 'content-type': 'text/xml' },
      body: `${XML}<ErrorResponse${namespace}><Error><Type>${type}</Type><Code>${escapeXml(fault.code)}</Code><Message>${escapeXml(fault.message)}</Message>${more}</Error><RequestId>${requestId}</RequestId></ErrorResponse>`,
    }
  },
}
