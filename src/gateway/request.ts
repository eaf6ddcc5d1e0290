/** One request as the gateway reads it, whatever it came by. */
import type { IncomingHttpHeaders } from 'node:http'

import { Fault } from '#kernel/fault.ts'

import type { Share } from './bodies.ts'
import type { GatewayLimits } from './limits.ts'
import type { Connection } from './seats.ts'

/** Lower-case names; several headers of one name are joined by commas, as the signature wants them. */
export type Headers = ReadonlyMap<string, string>
export type Pair = readonly [name: string, value: string]

export type RawRequest = {
  readonly method: string
  /** The path with its query, as on the request line. */
  readonly target: string
  readonly headers: readonly (readonly [string, string])[] | IncomingHttpHeaders
  readonly body: Uint8Array
  /** What the body holds of the memory for all bodies; absent where it came by no socket. */
  readonly share?: Share
  /** What it came by; an account may have so many of them. */
  readonly connection?: Connection
}
export type Request = {
  readonly method: string
  readonly path: string
  readonly query: readonly Pair[]
  readonly headers: Headers
  readonly body: Uint8Array
  readonly share?: Share | undefined
  readonly connection?: Connection | undefined
}
export type Answer = { status: number; headers: Record<string, string>; body: string | Uint8Array }

export function readRequest(raw: RawRequest, limits: GatewayLimits): Request {
  if (raw.target.length > limits.targetChars)
    throw new Fault(
      'RequestUriTooLong',
      `The request URI exceeds ${limits.targetChars} characters.`,
      414,
    )
  const headers = readHeaders(raw.headers, limits.headers)
  const host = headers.get('host')
  if (host !== undefined && !isAuthority(host))
    throw new Fault('BadRequest', 'The Host header is not a host name with or without a port.', 400)
  const mark = raw.target.indexOf('?')
  const path = mark < 0 ? raw.target : raw.target.slice(0, mark)
  return {
    method: raw.method,
    path: path.startsWith('/') ? path : pathOfAbsolute(path),
    query: mark < 0 ? [] : readPairs(raw.target.slice(mark + 1), limits.parameters),
    headers,
    body: raw.body,
    share: raw.share,
    connection: raw.connection,
  }
}

/** Answers name this server by it, so it must make a URL. */
const isAuthority = (host: string): boolean =>
  /^[A-Za-z0-9._-]+(?::\d{1,5})?$|^\[[0-9A-Fa-f:.]+\](?::\d{1,5})?$/.test(host) &&
  URL.canParse(`http://${host}/`)

/** A request line may hold the whole URL (RFC 9112, 3.2.2): proxies write it so. */
function pathOfAbsolute(target: string): string {
  const path = /^https?:\/\/[^/]*(\/.*)$/.exec(target)?.[1]
  return path ?? '/'
}

export function readHeaders(raw: RawRequest['headers'], max: number): Headers {
  const pairs = Array.isArray(raw) ? (raw as readonly Pair[]) : flatten(raw as IncomingHttpHeaders)
  if (pairs.length > max)
    throw new Fault('RequestHeaderSectionTooLarge', `A request may have ${max} headers.`, 431)
  const headers = new Map<string, string>()
  for (const [name, value] of pairs) {
    const key = name.toLowerCase()
    const before = headers.get(key)
    headers.set(key, before === undefined ? value.trim() : `${before},${value.trim()}`)
  }
  return headers
}

function flatten(headers: IncomingHttpHeaders): Pair[] {
  return Object.entries(headers).flatMap(([name, value]) =>
    value === undefined ? [] : [value].flat().map((each): Pair => [name, each]),
  )
}

/** The parameters of a URL's query or a form, in their order. */
export function readPairs(text: string, max: number): Pair[] {
  const pairs: Pair[] = []
  // The limit acts while it is read: splitting first would cost what the limit is to save.
  for (let at = 0, end = 0; at <= text.length; at = end + 1) {
    end = text.indexOf('&', at)
    if (end < 0) end = text.length
    if (end === at) continue
    if (pairs.length === max)
      throw new Fault('MalformedQueryString', `A request may have ${max} parameters.`, 400)
    const part = text.slice(at, end)
    const equals = part.indexOf('=')
    const name = equals < 0 ? part : part.slice(0, equals)
    pairs.push([decodeText(name), equals < 0 ? '' : decodeText(part.slice(equals + 1))])
  }
  return pairs
}

/** A plus sign is a space, as in HTML forms; what is no escape stays as it is, and then fails the signature. */
function decodeText(text: string): string {
  const spaced = text.includes('+') ? text.replaceAll('+', ' ') : text
  return spaced.includes('%') ? decodePath(spaced) : spaced
}

export function decodePath(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

export function valueOf(pairs: readonly Pair[], name: string): string | undefined {
  return pairs.find((pair) => pair[0] === name)?.[1]
}

/** What may come of a body, known from the headers alone. */
export type Allowance = {
  readonly bytes: number
  /** Of a key that exists, and whose it is. */
  readonly accessKeyId: string | undefined
  readonly accountId: string | undefined
}

/**
 * Bytes that a request may send, by the service that its signature names. Only a known key opens a service's larger
 * limit: bodies are held until the signature over them is checked, and strangers shall not fill our memory.
 */
export function allowance(
  headers: Headers,
  limits: GatewayLimits,
  ownerOf: (accessKeyId: string) => string | undefined,
): Allowance {
  const [, credential = ''] =
    /Credential=([^,\s]{1,512})/.exec(headers.get('authorization') ?? '') ?? []
  const [accessKeyId = '', , , service = ''] = credential.split('/')
  const accountId = accessKeyId === '' ? undefined : ownerOf(accessKeyId)
  const isKnown = accountId !== undefined
  const { bodyBytes, bodyBytesOf } = limits
  const larger = Object.hasOwn(bodyBytesOf, service) ? bodyBytesOf[service] : undefined
  return {
    accessKeyId: isKnown ? accessKeyId : undefined,
    accountId,
    bytes: isKnown && larger !== undefined ? larger : bodyBytes,
  }
}

export const tooLarge = (max: number) =>
  new Fault('RequestEntityTooLarge', `The request body may have ${max} bytes.`, 413)

export function pairsOf(rawHeaders: readonly string[]): [string, string][] {
  const pairs: [string, string][] = []
  for (let at = 0; at + 1 < rawHeaders.length; at += 2)
    pairs.push([rawHeaders[at]!, rawHeaders[at + 1]!])
  return pairs
}
