/** Reads what a request says of its signature: in the Authorization header or, presigned, in its query. */
import { oncePer } from '#kernel/once-per.ts'

import { valueOf, type Pair, type Request } from '../request.ts'
import { Refusal } from './refusal.ts'

export type Signature = {
  readonly algorithm: string
  readonly credential: string
  readonly signedHeaders: readonly string[]
  readonly signature: string
  /** The moment of signing as it was written, `20150830T123600Z`. */
  readonly date: string
  readonly token: string | undefined
  readonly presigned: boolean
  /** Seconds that a presigned request holds, as written. */
  readonly expires: string | undefined
}

const HEADER_PARAMETERS = ['Credential', 'Signature', 'SignedHeaders']
const QUERY_PARAMETERS = [
  'X-Amz-Algorithm',
  'X-Amz-Credential',
  'X-Amz-Signature',
  'X-Amz-SignedHeaders',
  'X-Amz-Date',
]

export function readSignature(request: Request): Signature {
  const header = request.headers.get('authorization')
  const presigned = valueOf(request.query, 'X-Amz-Algorithm') !== undefined
  if (header !== undefined && presigned)
    throw new Refusal(
      'mismatch',
      "Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as HTTP header.",
    )
  if (presigned) return fromQuery(request.query)
  if (header?.startsWith('AWS4-')) return fromHeader(header, request)
  throw new Refusal('missing', 'Request is missing Authentication Token')
}

/** Whether it says that it is signed, whatever that is worth. */
export const isSigned = (request: Request): boolean =>
  request.headers.has('authorization') || valueOf(request.query, 'X-Amz-Algorithm') !== undefined

/** The service that the signature names, before anything of it is believed: routing needs it, again and again. */
export const scopeService = (request: Request): string | undefined => named(request) || undefined

const named = oncePer((request: Request): string => {
  const header = request.headers.get('authorization')
  const credential =
    header === undefined
      ? valueOf(request.query, 'X-Amz-Credential')
      : /Credential=([^,\s]+)/.exec(header)?.[1]
  return credential?.split('/').at(-2) ?? ''
})

function fromHeader(header: string, request: Request): Signature {
  const space = header.search(/\s/)
  const values = parameters(space < 0 ? '' : header.slice(space), header)
  const date = dateOf(request)
  const lacking = HEADER_PARAMETERS.filter((name) => !values.get(name)).map(
    (name) => `Authorization header requires '${name}' parameter.`,
  )
  if (date === undefined)
    lacking.push(
      "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.",
    )
  if (lacking.length > 0)
    throw new Refusal(
      'incomplete',
      `${lacking.join(' ')} Authorization=${header.slice(0, space < 0 ? undefined : space)}`,
    )
  return {
    algorithm: space < 0 ? header : header.slice(0, space),
    credential: values.get('Credential')!,
    signedHeaders: values.get('SignedHeaders')!.split(';'),
    signature: values.get('Signature')!,
    date: date!,
    token: request.headers.get('x-amz-security-token'),
    presigned: false,
    expires: undefined,
  }
}

function parameters(text: string, header: string): Map<string, string> {
  const values = new Map<string, string>()
  for (const part of text.split(',').map((each) => each.trim())) {
    if (part === '') continue
    const equals = part.indexOf('=')
    if (equals < 0)
      throw new Refusal(
        'incomplete',
        `'${part}' not a valid key=value pair (missing equal-sign) in Authorization header: '${header}'.`,
      )
    const name = part.slice(0, equals)
    // A second header of the name is joined to the first by a comma: nobody may choose between two signatures.
    if (values.has(name) || /\s/.test(name))
      throw new Refusal(
        'incomplete',
        `'${name}' is not a valid parameter of the Authorization header, or is there twice.`,
      )
    values.set(name, part.slice(equals + 1))
  }
  return values
}

/** `X-Amz-Date`, or `Date`, which may be written as HTTP writes it. */
function dateOf(request: Request): string | undefined {
  const own = request.headers.get('x-amz-date')
  if (own !== undefined) return own
  const http = request.headers.get('date')
  if (http === undefined || /^\d{8}T/.test(http)) return http
  const at = Date.parse(http)
  return Number.isNaN(at) ? http : new Date(at).toISOString().replaceAll(/[-:]|\.\d{3}/g, '')
}

function fromQuery(query: readonly Pair[]): Signature {
  const lacking = QUERY_PARAMETERS.filter((name) => !valueOf(query, name))
  if (lacking.length > 0) {
    const said = lacking.map((name) => `AWS query-string parameters must include '${name}'.`)
    throw new Refusal('incomplete', `${said.join(' ')} Re-examine the query-string parameters.`)
  }
  // The text that is signed leaves signatures out, so nobody may choose between two of them.
  const names = query.map(([name]) => name).filter((name) => name.startsWith('X-Amz-'))
  const double = names.find((name, at) => names.indexOf(name) !== at)
  if (double !== undefined)
    throw new Refusal(
      'incomplete',
      `AWS query-string parameters must include '${double.slice(0, 100)}' once. Re-examine the query-string parameters.`,
    )
  return {
    algorithm: valueOf(query, 'X-Amz-Algorithm')!,
    credential: valueOf(query, 'X-Amz-Credential')!,
    signedHeaders: valueOf(query, 'X-Amz-SignedHeaders')!.split(';'),
    signature: valueOf(query, 'X-Amz-Signature')!,
    date: valueOf(query, 'X-Amz-Date')!,
    token: valueOf(query, 'X-Amz-Security-Token'),
    presigned: true,
    expires: valueOf(query, 'X-Amz-Expires'),
  }
}
