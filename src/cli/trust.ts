/** Which authorities certificates are believed from: those of `--ca` or SSL_CERT_FILE in place of the system's. */
import { resolve } from 'node:path'
import { setDefaultCACertificates } from 'node:tls'

import { ConfigError } from '#server/config.ts'
import { readCertificates } from '#server/pem.ts'

import { UserError } from './user-error.ts'

/** For every connection that this process makes from now on; nothing where there is none to be secured. */
export function trust(endpoint: string, file: string | undefined): void {
  if (file === undefined || !endpoint.startsWith('https:')) return
  try {
    setDefaultCACertificates(readCertificates(file).list.map(String))
  } catch (error) {
    throw error instanceof ConfigError ? new UserError(error.message) : error
  }
}

/** The file of authorities: as the user says now, else as the running server was told. */
export function authoritiesFile(
  given: string | undefined,
  settings: Readonly<Record<string, string | number | boolean>> = {},
): string | undefined {
  const named = given ?? process.env['SSL_CERT_FILE']
  if (named) return resolve(named)
  return settings['ca'] === undefined ? undefined : String(settings['ca'])
}
