/** The six protocols by name. */
import type { ProtocolName } from '../model.ts'
import { awsJson } from './aws-json.ts'
import { awsQuery } from './aws-query.ts'
import { ec2Query } from './ec2-query.ts'
import type { Protocol } from './protocol.ts'
import { restJson } from './rest-json.ts'
import { restXml } from './rest-xml.ts'
import { rpcV2Cbor } from './rpc-v2-cbor.ts'

export const PROTOCOLS: Readonly<Record<ProtocolName, Protocol>> = {
  'json-1.0': awsJson,
  'json-1.1': awsJson,
  query: awsQuery,
  ec2: ec2Query,
  'rest-json': restJson,
  'rest-xml': restXml,
  cbor: rpcV2Cbor,
}
