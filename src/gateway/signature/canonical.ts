/** The text that both sides hash: SigV4's canonical request. */
import { decodePath, type Request } from '../request.ts'
import type { Signature } from './authorization.ts'

/** S3 alone signs the path as it is sent; all others normalise it and escape it once more. */
export type PathRule = 'normalized' | 'unnormalized' | 'object'

export function canonicalRequest(
  request: Request,
  signature: Signature,
  bodyHash: string,
  rule: PathRule,
): string {
  let headers = ''
  for (const name of signature.signedHeaders)
    headers += `${name}:${folded(request.headers.get(name) ?? '')}\n`
  return [
    request.method,
    canonicalPath(request.path, rule),
    canonicalQuery(request, signature.presigned),
    headers,
    signature.signedHeaders.join(';'),
    bodyHash,
  ].join('\n')
}

function canonicalPath(path: string, rule: PathRule): string {
  if (path === '/') return '/'
  switch (rule) {
    case 'object':
      return path
        .split('/')
        .map((segment) => escape(decodePath(segment)))
        .join('/')
    case 'unnormalized':
      return path.split('/').map(escape).join('/')
    case 'normalized':
      return normalize(path).map(escape).join('/')
  }
}

/** Without empty and dot segments; a slash at the end stays. */
function normalize(path: string): string[] {
  const kept: string[] = []
  for (const segment of path.split('/'))
    if (segment === '..') kept.pop()
    else if (segment !== '' && segment !== '.') kept.push(segment)
  return ['', ...kept, ...(kept.length === 0 || path.endsWith('/') ? [''] : [])]
}

function canonicalQuery(request: Request, presigned: boolean): string {
  if (request.query.length === 0) return ''
  const pairs = request.query
    .filter(([name]) => !(presigned && name === 'X-Amz-Signature'))
    .map(([name, value]): [string, string] => [escape(name), escape(value)])
  return pairs
    .toSorted((a, b) => compare(a[0], b[0]) || compare(a[1], b[1]))
    .map(([name, value]) => `${name}=${value}`)
    .join('&')
}

const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0)
const folded = (value: string) =>
  /\s\s|[\t\r\n]/.test(value) ? value.trim().replaceAll(/\s+/g, ' ') : value.trim()
const LEFT_OUT = /[!'()*]/g

/** RFC 3986's escape, which leaves only letters, digits and `-._~`. */
function escape(text: string): string {
  if (/^[\w.~-]*$/.test(text)) return text
  return encodeURIComponent(text.toWellFormed()).replace(
    LEFT_OUT,
    (sign) => `%${sign.codePointAt(0)!.toString(16).toUpperCase()}`,
  )
}
