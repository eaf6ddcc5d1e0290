/** Which authorities certificates are believed from: those of `--ca` or SSL_CERT_FILE in place of the system's. */
import { resolve } from 'node:path'
import { setDefaultCACertificates } from 'node:tls'

import { readCertificates } from '#server/pem.ts'

import type { Value } from './settings.ts'
import { UserError } from './user-error.ts'

/**
 * For every connection that this process makes from now on: the file of authorities that the user names to Berth, else
 * the one of every program, else the one that the running server was told. Says which one it is; there is none where
 * nothing is to be secured.
 */
export function trust(
  endpoint: string,
  given: Value | undefined,
  settings: Readonly<Record<string, Value>> = {},
): string | undefined {
  refuseIdle(endpoint, given)
  if (!isSecure(endpoint)) return undefined
  const named = given ?? (process.env['SSL_CERT_FILE'] || settings['ca'])
  if (named === undefined) return undefined
  const file = resolve(String(named))
  setDefaultCACertificates(readCertificates(file).list.map(String))
  return file
}

/** Whoever names authorities means to be secure; SSL_CERT_FILE is about all programs, and may be about others only. */
export function refuseIdle(endpoint: string, given: Value | undefined): void {
  if (given !== undefined && !isSecure(endpoint))
    throw new UserError(
      `--ca ${given} would do nothing: ${endpoint} has no certificate, because it has no TLS`,
    )
}

const isSecure = (endpoint: string): boolean => endpoint.startsWith('https:')
