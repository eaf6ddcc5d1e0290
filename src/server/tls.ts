/** The server's certificate, and the address by which clients on this machine reach the server. */
import type { X509Certificate } from 'node:crypto'
import { isIP } from 'node:net'

import { ConfigError, type ServerConfig } from './config.ts'
import { readCertificates, readPrivateKey } from './pem.ts'

export type Tls = {
  readonly key: string
  readonly cert: string
  readonly certificate: X509Certificate
}

export function readTls({ tls }: Pick<ServerConfig, 'tls'>): Tls | undefined {
  if (!tls) return undefined
  const { pem: cert, list } = readCertificates(tls.certFile)
  const { pem: key, key: privateKey } = readPrivateKey(tls.keyFile)
  const [certificate] = list
  if (!certificate?.checkPrivateKey(privateKey))
    throw new ConfigError(
      `the key in ${tls.keyFile} is not that of the certificate ${tls.certFile}`,
    )
  return { cert, key, certificate }
}

/**
 * The host part of the server's address. All addresses (0.0.0.0, ::) are no address to go to, and where there is a
 * certificate, only a name that it is good for can be gone to.
 */
export function endpointHost(
  listening: string,
  certificate: X509Certificate | undefined,
  machine: string,
): string {
  const own = isAll(listening) ? ['127.0.0.1', 'localhost', machine] : [listening, 'localhost']
  const names = [...own, ...(certificate ? namesOf(certificate) : [])].filter(within(listening))
  const good = names.find((name) => !certificate || isGoodFor(certificate, name)) ?? own[0] ?? ''
  return good.includes(':') ? `[${good}]` : good
}

const isAll = (host: string): boolean => ['0.0.0.0', '::', '[::]'].includes(host)
const isLoopback = (host: string): boolean => host === '::1' || host.startsWith('127.')

/** `localhost` leads to a server on one address only where that is a loopback address. */
const within =
  (listening: string) =>
  (name: string): boolean =>
    name !== 'localhost' || isAll(listening) || isLoopback(listening)

function isGoodFor(certificate: X509Certificate, name: string): boolean {
  return (isIP(name) ? certificate.checkIP(name) : certificate.checkHost(name)) !== undefined
}

/** DNS names that stand for one host. */
function namesOf({ subjectAltName = '' }: X509Certificate): readonly string[] {
  return [...subjectAltName.matchAll(/DNS:([^,*"\s]+)/g)].map(([, name = '']) => name)
}
