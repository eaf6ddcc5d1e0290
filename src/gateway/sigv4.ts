/** AWS Signature Version 4, checked as AWS checks it: the order of the questions and the words of each refusal. */
import { hash, timingSafeEqual } from 'node:crypto'

import { isRegion } from '#kernel/region.ts'

import type { Request } from './request.ts'
import { isOfObjects } from './services.ts'
import { readSignature, type Signature } from './signature/authorization.ts'
import { canonicalRequest, type PathRule } from './signature/canonical.ts'
import { SigningKeys } from './signature/keys.ts'
import { Refusal } from './signature/refusal.ts'

export type Secret = {
  readonly secretAccessKey: string
  readonly sessionToken?: string | undefined
}
export type Question<Found extends Secret> = {
  readonly request: Request
  /** The service that the request is for; without it any scope will do. */
  readonly service?: string | undefined
  readonly now: number
  readonly find: (accessKeyId: string) => Found | undefined
  readonly pathRule?: PathRule
}
export type Verified<Found extends Secret> = {
  readonly found: Found
  readonly accessKeyId: string
  readonly region: string
  readonly service: string
}

type Scope = {
  readonly accessKeyId: string
  readonly day: string
  readonly region: string
  readonly service: string
  readonly terminator: string
}

const MINUTE_MS = 60_000
const SKEW_MS = 5 * MINUTE_MS
const EXPIRES_MAX_S = 604_800
const ALGORITHM = 'AWS4-HMAC-SHA256'
const TERMINATOR = 'aws4_request'
const SIGNATURE = /^[0-9a-f]{64}$/
const EMPTY_HASH = hash('sha256', '', 'hex')
const MISMATCH =
  'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.'
const keys = new SigningKeys()

/** Who signed the request; throws a Refusal unless the signature is right in all its parts. */
export function verify<Found extends Secret>(question: Question<Found>): Verified<Found> {
  const { request } = question
  const signature = readSignature(request)
  checkTime(signature, question.now)
  checkSignedHeaders(signature, request)
  if (signature.algorithm !== ALGORITHM)
    throw new Refusal(
      'incomplete',
      `Unsupported AWS 'algorithm': '${signature.algorithm}' (only ${ALGORITHM} for now).`,
    )
  const scope = readScope(signature, question.service)
  const found = question.find(scope.accessKeyId)
  if (!found)
    throw new Refusal('unknown-key', 'The security token included in the request is invalid.')
  checkSignature(signature, scope, found.secretAccessKey, question)
  checkToken(signature.token, found.sessionToken)
  const { accessKeyId, region, service } = scope
  return { found, accessKeyId, region, service }
}

function checkTime(signature: Signature, now: number): void {
  const at = parseDate(signature.date)
  if (at === undefined)
    throw new Refusal(
      'incomplete',
      `Date must be in ISO-8601 'basic format'. Got '${signature.date}'. See http://en.wikipedia.org/wiki/ISO_8601`,
    )
  if (at - SKEW_MS > now)
    throw new Refusal(
      'time',
      `Signature not yet current: ${signature.date} is still later than ${basic(now + SKEW_MS)} (${basic(now)} + 5 min.)`,
    )
  const lives = signature.expires === undefined ? undefined : expiresMs(signature.expires)
  if (lives === undefined) {
    if (at + SKEW_MS < now)
      throw new Refusal(
        'time',
        `Signature expired: ${signature.date} is now earlier than ${basic(now - SKEW_MS)} (${basic(now)} - 5 min.)`,
      )
  } else if (at + lives < now) {
    const life = lives % MINUTE_MS === 0 ? `${lives / MINUTE_MS} min.` : `${lives / 1000} sec.`
    throw new Refusal(
      'expired',
      `Signature expired: ${signature.date} is now earlier than ${basic(now - lives)} (${basic(now)} - ${life})`,
    )
  }
}

function expiresMs(text: string): number {
  if (!/^-?\d{1,12}$/.test(text))
    throw new Refusal('incomplete', 'X-Amz-Expires should be a number')
  const seconds = Number(text)
  if (seconds < 0) throw new Refusal('incomplete', 'X-Amz-Expires must be non-negative')
  if (seconds > EXPIRES_MAX_S)
    throw new Refusal(
      'incomplete',
      `X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be less than ${EXPIRES_MAX_S} seconds`,
    )
  return seconds * 1000
}

/** What routes the request must be signed, or it could be turned to another place or operation. */
function checkSignedHeaders(signature: Signature, request: Request): void {
  if (!signature.signedHeaders.includes('host') && !signature.signedHeaders.includes(':authority'))
    throw new Refusal(
      'mismatch',
      "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.",
    )
  if (request.headers.has('x-amz-target') && !signature.signedHeaders.includes('x-amz-target'))
    throw new Refusal(
      'mismatch',
      "'X-Amz-Target' must be a 'SignedHeader' in the AWS Authorization.",
    )
}

function readScope(signature: Signature, service: string | undefined): Scope {
  const parts = signature.credential.split('/')
  if (parts.length !== 5)
    throw new Refusal(
      'incomplete',
      `Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got '${signature.credential}'`,
    )
  const [accessKeyId = '', day = '', region = '', named = '', terminator = ''] = parts
  const wrong: string[] = []
  if (!isRegion(region))
    wrong.push(`Credential should be scoped to a valid Region, not '${region}'.`)
  if (service !== undefined && named !== service)
    wrong.push(`Credential should be scoped to correct service: '${service}'.`)
  if (terminator !== TERMINATOR)
    wrong.push(
      `Credential should be scoped with a valid terminator: '${TERMINATOR}', not '${terminator}'.`,
    )
  const today = signature.date.slice(0, 8)
  if (day !== today)
    wrong.push(
      `Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '${day}' != '${today}', from '${signature.date}'.`,
    )
  if (wrong.length > 0) throw new Refusal('mismatch', wrong.join(' '))
  return { accessKeyId, day, region, service: named, terminator }
}

function checkSignature(
  signature: Signature,
  scope: Scope,
  secret: string,
  question: Question<Secret>,
): void {
  const rule = question.pathRule ?? (isOfObjects(scope.service) ? 'object' : 'normalized')
  const canonical = canonicalRequest(
    question.request,
    signature,
    bodyHash(question.request, scope.service, signature.presigned),
    rule,
  )
  const scopeText = `${scope.day}/${scope.region}/${scope.service}/${TERMINATOR}`
  const text = `${ALGORITHM}\n${signature.date}\n${scopeText}\n${hash('sha256', canonical, 'hex')}`
  const wanted = keys.sign(secret, scope, text)
  if (
    !SIGNATURE.test(signature.signature) ||
    !timingSafeEqual(Buffer.from(signature.signature, 'hex'), wanted)
  )
    throw new Refusal('mismatch', MISMATCH)
}

/** Only an object's body may go unsigned; elsewhere the hash is always taken from the bytes that came. */
function bodyHash(request: Request, service: string, presigned: boolean): string {
  const claimed = request.headers.get('x-amz-content-sha256')
  if (isOfObjects(service)) {
    if (claimed === undefined && presigned) return 'UNSIGNED-PAYLOAD'
    if (claimed === 'UNSIGNED-PAYLOAD' || claimed?.startsWith('STREAMING-')) return claimed
  }
  return request.body.length === 0 ? EMPTY_HASH : hash('sha256', request.body, 'hex')
}

function checkToken(given: string | undefined, wanted: string | undefined): void {
  if (given === undefined && wanted === undefined) return
  const [a, b] = [given ?? '', wanted ?? ''].map((text) => hash('sha256', text, 'buffer'))
  if (!timingSafeEqual(a!, b!))
    throw new Refusal('token', 'The security token included in the request is invalid.')
}

function parseDate(text: string): number | undefined {
  const match = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(text)
  if (!match) return undefined
  const [, year, month, day, hour, minute, second] = match
  const at = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`)
  return Number.isNaN(at) ? undefined : at
}

const basic = (ms: number) =>
  new Date(Math.floor(ms / 1000) * 1000).toISOString().replaceAll(/[-:]|\.\d{3}/g, '')
