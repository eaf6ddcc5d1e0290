import { createHash, createHmac } from 'node:crypto'

import { TARGET_PREFIX } from '#wire/calls.ts'

export type Credentials = {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string | undefined
}
export type Unsigned = {
  readonly method: string
  readonly url: string
  /** Signed beside `host`, the date and the session token. Names in lower case. */
  readonly headers?: Readonly<Record<string, string>> | undefined
  readonly body: string | Uint8Array
}
export type Signer = {
  /** The service's signing name; ECS where it is absent. */
  readonly service?: string | undefined
  readonly credentials: Credentials
  readonly region: string
  /** Milliseconds since the epoch. */
  readonly now: number
}

/** A service that speaks AWS JSON 1.1: its signing name, and what `X-Amz-Target` begins with. */
export type JsonService = { readonly service: string; readonly target: string }
export const ECS: JsonService = { service: 'ecs', target: TARGET_PREFIX }

/** An operation as it is to be posted to `endpoint`, all headers included. */
export function signedJson(
  operation: string,
  input: object,
  {
    endpoint,
    to = ECS,
    ...signer
  }: Omit<Signer, 'service'> & { endpoint: string; to?: JsonService },
): { readonly url: string; readonly headers: Readonly<Record<string, string>>; body: Buffer } {
  const url = endpoint.endsWith('/') ? endpoint : `${endpoint}/`
  // As bytes, since a batch of log events is large and is both signed and sent.
  const body = Buffer.from(JSON.stringify(input))
  const headers = {
    'content-type': 'application/x-amz-json-1.1',
    'x-amz-target': `${to.target}.${operation}`,
  }
  const { service } = to
  return {
    url,
    headers: sign({ method: 'POST', url, headers, body }, { ...signer, service }),
    body,
  }
}

/** AWS Signature Version 4: all headers to send, `Authorization` included, under lower-case names. */
export function sign(unsigned: Unsigned, signer: Signer): Readonly<Record<string, string>> {
  const url = new URL(unsigned.url)
  const date = new Date(signer.now).toISOString().replaceAll(/[-:]|\.\d{3}/g, '')
  const token = signer.credentials.sessionToken
  const headers: Record<string, string> = {
    ...unsigned.headers,
    host: url.host,
    'x-amz-date': date,
    ...(token ? { 'x-amz-security-token': token } : {}),
  }
  const names = Object.keys(headers).toSorted()
  const canonical = [
    unsigned.method,
    url.pathname,
    canonicalQuery(url.searchParams),
    ...names.map((name) => `${name}:${headers[name]?.trim()}`),
    '',
    names.join(';'),
    sha256(unsigned.body),
  ].join('\n')
  const { service = ECS.service } = signer
  const scope = `${date.slice(0, 8)}/${signer.region}/${service}/aws4_request`
  const text = ['AWS4-HMAC-SHA256', date, scope, sha256(canonical)].join('\n')
  const key = [date.slice(0, 8), signer.region, service, 'aws4_request'].reduce<string | Buffer>(
    (secret, part) => hmac(secret, part),
    `AWS4${signer.credentials.secretAccessKey}`,
  )
  const signature = createHmac('sha256', key).update(text).digest('hex')
  const authorization =
    `AWS4-HMAC-SHA256 Credential=${signer.credentials.accessKeyId}/${scope}, ` +
    `SignedHeaders=${names.join(';')}, Signature=${signature}`
  return { ...headers, authorization }
}

/** A `+` of the address was read as a space by the URL's own parser, and is signed as `%20`. */
function canonicalQuery(parameters: URLSearchParams): string {
  return [...parameters]
    .map(([name, value]) => `${encode(name)}=${encode(value)}`)
    .toSorted()
    .join('&')
}

function encode(text: string): string {
  return encodeURIComponent(text).replaceAll(
    /[!'()*]/g,
    (mark) => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`,
  )
}

function sha256(text: string | Uint8Array): string {
  return createHash('sha256').update(text).digest('hex')
}

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest()
}
