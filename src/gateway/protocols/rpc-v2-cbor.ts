/** Smithy RPC v2 in CBOR: `POST /service/NAME/operation/OPERATION`. AWS's newer SDKs speak it to CloudWatch first. */
import { modelled, queryError } from './aws-json.ts'
import { encodeCbor } from './cbor-write.ts'
import { decodeCbor } from './cbor.ts'
import { readJson } from './json.ts'
import type { Protocol } from './protocol.ts'

const HEADERS = { 'content-type': 'application/cbor', 'smithy-protocol': 'rpc-v2-cbor' }

export const rpcV2Cbor: Protocol = {
  decode: ({ operation }, { body }, decoding) =>
    readJson(
      operation.input,
      body.length === 0 ? {} : decodeCbor(body, decoding.limits),
      '',
      decoding,
    ) as object,
  encode: ({ operation }, output, requestId) => ({
    status: 200,
    headers: { 'x-amzn-requestid': requestId, ...HEADERS },
    body: encodeCbor(operation.output, output),
  }),
  fault: (fault, place) => {
    const type = fault.shape ? `${place.model?.namespace}#${fault.name}` : fault.name
    const message = fault.shape?.byName.has('Message') ? 'Message' : 'message'
    return {
      status: fault.status,
      headers: { 'x-amzn-requestid': place.requestId, ...HEADERS, ...queryError(fault, place) },
      body: encodeCbor(fault.shape, modelled(fault), { __type: type, [message]: fault.message }),
    }
  },
}
