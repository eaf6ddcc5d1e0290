/** The settings of a control plane: options of `berth up` and `berth server`, and keys of `berth.toml`. */
import { InvalidArgumentError, Option } from 'commander'

import { isRegion } from '#kernel/region.ts'
import { RATE_PROFILES } from '#server/throttle.ts'

export const REGION = 'us-east-1'
const HISTORY_DAYS = 30
const HISTORY_BYTES = 1 << 30

export function whole(text: string): number {
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError('It must be a whole number.')
  return Number(text)
}

function region(text: string): string {
  if (!isRegion(text))
    throw new InvalidArgumentError(`It must be the name of a region, such as ${REGION}.`)
  return text
}

export const caOption = (): Option =>
  new Option(
    '--ca <file>',
    'authorities to trust instead of those of the system, PEM (env: SSL_CERT_FILE)',
  )

export const serverOptions = (): readonly Option[] => [
  new Option('--host <address>', 'address to listen on').default('127.0.0.1'),
  new Option('--port <n>', 'port to listen on: at first 4580, then the last one').argParser(whole),
  new Option('--region <name>', 'region of the first cluster').argParser(region).default(REGION),
  new Option('--tls-cert <file>', 'certificate, PEM'),
  new Option('--tls-key <file>', "the certificate's private key, PEM"),
  caOption(),
  new Option('--allow-remote', 'let other machines reach this server (needs TLS)').default(false),
  new Option('--allow-reset', 'let `account reset` empty accounts').default(false),
  new Option('--rates <profile>', "request rates: none, or AWS's, which answer ThrottlingException")
    .choices([...RATE_PROFILES])
    .default('none'),
  new Option(
    '--replace-lost-after <seconds>',
    'replace the service tasks of a host that was out of reach this long; never where it is not given',
  ).argParser(whole),
  new Option('--history-days <n>', 'how long it is kept what services were')
    .argParser(whole)
    .default(HISTORY_DAYS),
  new Option('--history-bytes <n>', 'how much of it is kept; beyond that the oldest goes first')
    .argParser(whole)
    .default(HISTORY_BYTES),
  new Option('--seal-key <file>', 'key that encrypts secrets at rest; outside the data directory'),
]
