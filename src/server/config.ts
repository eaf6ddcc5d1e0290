import { readFileSync } from 'node:fs'

import type { RateProfile } from './throttle.ts'

/** What a server is started with, checked before anything is opened. */
export type ServerConfig = {
  readonly dataDirectory: string
  readonly host: string
  readonly port: number
  /** Where the cluster `default` is made. */
  readonly region: string
  readonly tls?: { readonly certFile: string; readonly keyFile: string } | undefined
  /** What was given, under the names that the operator knows it by: whoever finds this server running may compare. */
  readonly settings: Readonly<Record<string, string | number | boolean>>
  /** Said explicitly by the operator: other machines may reach this server. */
  readonly allowRemote: boolean
  readonly allowReset: boolean
  readonly rates: RateProfile
  /** How long it is kept what services were, and how much of it. */
  readonly historyDays: number
  readonly historyBytes: number
  /** See `Policy.lostHostAfterMs`. */
  readonly lostHostAfterSeconds?: number | undefined
  /** Encrypts secrets at rest; outside the data directory. Absent: under the user's configuration directory. */
  readonly sealKeyFile?: string | undefined
  /** The first account's id and root keys, made when the data directory is new. */
  readonly firstAccount: {
    readonly accountId?: string | undefined
    readonly accessKeyId?: string | undefined
    readonly secretAccessKey?: string | undefined
  }
}

/** A setting that cannot be used, said to the operator. */
export class ConfigError extends Error {
  override name = 'ConfigError'
}

const READ_WORDS: Readonly<Record<string, string>> = {
  ENOENT: 'no such file',
  EISDIR: 'it is a folder',
  EACCES: 'permission denied',
}

/** The text of a file that the operator named. */
export function readNamed(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException
    throw new ConfigError(`${file} cannot be read: ${READ_WORDS[code] ?? code}`)
  }
}

const LOST_SECONDS_MIN = 60
const HISTORY_DAYS_MAX = 3650
const HISTORY_BYTES_MIN = 1 << 20

const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host)

export function checkConfig(config: ServerConfig): void {
  if (!isLoopback(config.host)) {
    if (!config.allowRemote)
      throw new ConfigError(
        `${config.host} is not a loopback address: add --allow-remote if other machines are to reach this server`,
      )
    if (!config.tls)
      throw new ConfigError(
        `${config.host} is not a loopback address: give --tls-cert and --tls-key, because keys and secrets travel on this connection`,
      )
  }
  const { lostHostAfterSeconds: lost } = config
  if (lost !== undefined && !(lost >= LOST_SECONDS_MIN))
    throw new ConfigError(
      `--replace-lost-after must be at least ${LOST_SECONDS_MIN} seconds: agents need some to come back after a restart`,
    )
  const { historyDays, historyBytes } = config
  if (!(Number.isInteger(historyDays) && historyDays >= 1 && historyDays <= HISTORY_DAYS_MAX))
    throw new ConfigError(`--history-days must be a whole number from 1 to ${HISTORY_DAYS_MAX}`)
  if (!(Number.isInteger(historyBytes) && historyBytes >= HISTORY_BYTES_MIN))
    throw new ConfigError(`--history-bytes must be at least ${HISTORY_BYTES_MIN}`)
  if (!Number.isInteger(config.port) || config.port < 0 || config.port > 65_535)
    throw new ConfigError(`${config.port} is no port`)
}
