/** Why a request is not believed, and the code under which each family of AWS services says so. */
import { Fault } from '#kernel/fault.ts'

import type { ProtocolName } from '../model.ts'
import { isOfObjects } from '../services.ts'

export type RefusalKind =
  /** No signature at all. */
  | 'missing'
  /** A signature that cannot be read. */
  | 'incomplete'
  /** A signature that does not fit: wrong secret, scope, or changed on its way. */
  | 'mismatch'
  /** The signature's time is too far from ours. */
  | 'time'
  /** A presigned request that is past its end. */
  | 'expired'
  | 'unknown-key'
  /** The session token is none of this key's. */
  | 'token'

export class Refusal extends Error {
  override name = 'Refusal'
  readonly kind: RefusalKind

  constructor(kind: RefusalKind, message: string) {
    super(message)
    this.kind = kind
  }
}

type Said = readonly [code: string, status: number, message?: string]
const INVALID_TOKEN = 'The security token included in the request is invalid.'

const JSON_CODES: Readonly<Record<RefusalKind, Said>> = {
  missing: ['MissingAuthenticationTokenException', 400, 'Request is missing Authentication Token'],
  incomplete: ['IncompleteSignatureException', 400],
  mismatch: ['InvalidSignatureException', 400],
  time: ['InvalidSignatureException', 400],
  expired: ['InvalidSignatureException', 400],
  'unknown-key': ['UnrecognizedClientException', 400, INVALID_TOKEN],
  token: ['UnrecognizedClientException', 400, INVALID_TOKEN],
}
const QUERY_CODES: Readonly<Record<RefusalKind, Said>> = {
  missing: ['MissingAuthenticationToken', 403, 'Request is missing Authentication Token'],
  incomplete: ['IncompleteSignature', 400],
  mismatch: ['SignatureDoesNotMatch', 403],
  time: ['SignatureDoesNotMatch', 403],
  expired: ['SignatureDoesNotMatch', 403],
  'unknown-key': ['InvalidClientTokenId', 403, INVALID_TOKEN],
  token: ['InvalidClientTokenId', 403, INVALID_TOKEN],
}
const EC2_DENIED = 'AWS was not able to validate the provided access credentials'
const EC2_CODES: Readonly<Record<RefusalKind, Said>> = {
  ...QUERY_CODES,
  time: ['RequestExpired', 400],
  expired: ['RequestExpired', 400],
  'unknown-key': ['AuthFailure', 401, EC2_DENIED],
  token: ['AuthFailure', 401, EC2_DENIED],
}
const OBJECT_CODES: Readonly<Record<RefusalKind, Said>> = {
  missing: ['AccessDenied', 403, 'Access Denied'],
  incomplete: ['AuthorizationHeaderMalformed', 400],
  mismatch: ['SignatureDoesNotMatch', 403],
  time: [
    'RequestTimeTooSkewed',
    403,
    'The difference between the request time and the current time is too large.',
  ],
  expired: ['AccessDenied', 403, 'Request has expired'],
  'unknown-key': [
    'InvalidAccessKeyId',
    403,
    'The AWS Access Key Id you provided does not exist in our records.',
  ],
  token: ['InvalidToken', 400, 'The provided token is malformed or otherwise invalid.'],
}

/** The refusal in the words of the service that was asked. */
export function refusalFault(refusal: Refusal, protocol: ProtocolName, signingName: string): Fault {
  const [code, status, message] = codesOf(protocol, signingName)[refusal.kind]
  // REST-JSON services say the JSON codes, with the status that HTTP has for it.
  const real = protocol === 'rest-json' && refusal.kind !== 'incomplete' ? 403 : status
  return new Fault(code, message ?? refusal.message, real)
}

/** The code that Query knows the refusal by, for services that say both. */
export const queryCodeOf = (kind: RefusalKind): string => QUERY_CODES[kind][0]

function codesOf(protocol: ProtocolName, signingName: string): Readonly<Record<RefusalKind, Said>> {
  if (isOfObjects(signingName)) return OBJECT_CODES
  if (protocol === 'ec2') return EC2_CODES
  return protocol === 'query' || protocol === 'rest-xml' ? QUERY_CODES : JSON_CODES
}
