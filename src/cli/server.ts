/** `berth server`: the control plane in the foreground. */
import { setFlagsFromString } from 'node:v8'

import { ConfigError } from '#server/config.ts'
import type { RateProfile } from '#server/rates.ts'
import { runServer } from '#server/run.ts'
import { LogError } from '#store/log.ts'
import { streamLog } from '#system/system.ts'

import { dataDirectory } from './paths.ts'
import { UserError } from './user-error.ts'
import { VERSION } from './version.ts'

export type ServerCommand = {
  readonly data?: string
  readonly host: string
  readonly port: number
  readonly tlsCert?: string
  readonly tlsKey?: string
  readonly allowRemote: boolean
  readonly allowReset: boolean
  readonly rates: RateProfile
  readonly replaceLostAfter?: number
  readonly historyDays: number
  readonly historyBytes: number
  readonly sealKey?: string
  readonly accountId?: string
  readonly accessKeyId?: string
  readonly secretAccessKey?: string
}

const FATAL_EXIT = 70
/**
 * Rows stay for as long as what they are about: of a heap that grew to twice what lives, as it may by default, half would
 * be what is over.
 */
const HEAP_GROWTH_PERCENT = 30

export async function server(options: ServerCommand): Promise<void> {
  setFlagsFromString(`--heap-growing-percent=${HEAP_GROWTH_PERCENT}`)
  const log = streamLog(process.stderr)
  // After this nothing may leave the process any more: an answer could be one that the disk does not hold.
  const fatal = (error: Error): void => {
    log.error('the control plane must end', { error: error.message })
    process.exit(FATAL_EXIT)
  }
  process.on('uncaughtException', fatal)
  process.on('unhandledRejection', (reason) => fatal(reason as Error))
  const running = await start(options, log, fatal)
  const end = (): void => void running.close().then(() => process.exit(0))
  process.once('SIGTERM', end)
  process.once('SIGINT', end)
  console.log(JSON.stringify({ endpoint: running.endpoint, dataDirectory: running.paths.root }))
}

async function start(
  options: ServerCommand,
  log: ReturnType<typeof streamLog>,
  fatal: (error: Error) => void,
) {
  const { tlsCert, tlsKey } = options
  if ((tlsCert === undefined) !== (tlsKey === undefined))
    throw new UserError('--tls-cert and --tls-key belong together')
  try {
    return await runServer(
      {
        dataDirectory: dataDirectory(options.data),
        host: options.host,
        port: options.port,
        tls: tlsCert && tlsKey ? { certFile: tlsCert, keyFile: tlsKey } : undefined,
        allowRemote: options.allowRemote,
        allowReset: options.allowReset,
        lostHostAfterSeconds: options.replaceLostAfter,
        historyDays: options.historyDays,
        historyBytes: options.historyBytes,
        rates: options.rates,
        sealKeyFile: options.sealKey,
        firstAccount: {
          accountId: options.accountId,
          accessKeyId: options.accessKeyId,
          secretAccessKey: options.secretAccessKey,
        },
      },
      log,
      fatal,
      { configHome: process.env['XDG_CONFIG_HOME'], version: VERSION },
    )
  } catch (error) {
    throw explained(error, options)
  }
}

function explained(error: unknown, { port }: ServerCommand): unknown {
  if (error instanceof ConfigError || error instanceof LogError) return new UserError(error.message)
  if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE')
    return new UserError(`port ${port} is in use: choose another with --port`)
  return error
}
