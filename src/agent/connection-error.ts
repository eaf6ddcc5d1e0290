/** Why nothing was heard from the control plane, in words: what a runtime says of it is seldom what helps. */

const UNKNOWN_AUTHORITY = new Set([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
])
const CLOSED = new Set(['ECONNRESET', 'UND_ERR_SOCKET', 'EPIPE'])

type Coded = {
  readonly code?: string
  readonly message?: string
  readonly cause?: unknown
  readonly host?: string
  readonly cert?: { readonly subjectaltname?: string }
}

/** An error with those words; the same error where there are no better ones. */
export function connectionError(error: unknown, endpoint: string): Error {
  const cause = rootOf(error)
  const words = wordsOf(cause, new URL(endpoint))
  if (words === undefined && cause === error) return error as Error
  return new Error(words ?? `${endpoint}: ${cause.message ?? String(error)}`, { cause: error })
}

function wordsOf({ code = '', cert }: Coded, { protocol, host, hostname }: URL) {
  if (UNKNOWN_AUTHORITY.has(code))
    return `the certificate of ${host} is from an unknown authority: name the authority's file with --ca or SSL_CERT_FILE`
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID')
    return `the certificate of ${host} is not for the name ${hostname}: it is for ${cert?.subjectaltname ?? 'no name'}`
  if (code === 'CERT_HAS_EXPIRED') return `the certificate of ${host} has expired`
  if (code === 'CERT_NOT_YET_VALID') return `the certificate of ${host} is not valid yet`
  if (code === 'ERR_SSL_WRONG_VERSION_NUMBER' || code === 'ERR_SSL_PACKET_LENGTH_TOO_LONG')
    return `${host} does not speak https: is http:// meant?`
  if (code === 'ECONNREFUSED') return `nothing listens on ${host}`
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return `there is no machine named ${hostname}`
  if (code === 'EHOSTUNREACH' || code === 'ENETUNREACH' || code === 'UND_ERR_CONNECT_TIMEOUT')
    return `${host} cannot be reached`
  if (CLOSED.has(code))
    return `${host} closed the connection without an answer${protocol === 'http:' ? ': is https:// meant?' : ''}`
  return undefined
}

/** Some errors only wrap what happened, and some are several that are alike. */
function rootOf(error: unknown): Coded {
  const { code, cause, errors } = error as Coded & { readonly errors?: readonly unknown[] }
  if (errors?.[0] !== undefined) return rootOf(errors[0])
  return code === undefined && cause ? rootOf(cause) : (error as Coded)
}
