/** `berth server`: the control plane in the foreground. */
import { setFlagsFromString } from 'node:v8'

import type { Command } from 'commander'

import { checkConfig, type ServerConfig } from '#server/config.ts'
import { readCertificates } from '#server/pem.ts'
import { runServer } from '#server/run.ts'
import { readTls } from '#server/tls.ts'
import { DataInUse, LogError } from '#store/log.ts'
import { streamLog } from '#system/system.ts'

import { ownLog } from './own-log.ts'
import { configFolder } from './paths.ts'
import { type Settings, settled } from './settings.ts'
import { readStatusIfRunning } from './status.ts'
import { refuseIdle } from './trust.ts'
import { UserError } from './user-error.ts'
import { VERSION } from './version.ts'

export type ServerCommand = {
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

export async function server(firstAccount: ServerCommand, command: Command): Promise<void> {
  setFlagsFromString(`--heap-growing-percent=${HEAP_GROWTH_PERCENT}`)
  const settings = settled(command)
  checkServer(settings)
  const { data, config } = settings
  const log = streamLog(ownLog({ name: 'server', data }))
  // After this nothing may leave the process any more: an answer could be one that the disk does not hold.
  const fatal = (error: Error): void => {
    log.error('the control plane must end', { error: error.message })
    process.exit(FATAL_EXIT)
  }
  process.on('uncaughtException', fatal)
  process.on('unhandledRejection', (reason) => fatal(reason as Error))
  const { accountId, accessKeyId, secretAccessKey } = firstAccount
  const running = await start(
    { ...config, firstAccount: { accountId, accessKeyId, secretAccessKey } },
    log,
    fatal,
  )
  const end = (): void => void running.close().then(() => process.exit(0))
  process.once('SIGTERM', end)
  process.once('SIGINT', end)
  console.log(JSON.stringify({ endpoint: running.endpoint, dataDirectory: running.paths.root }))
}

async function start(
  config: ServerConfig,
  log: ReturnType<typeof streamLog>,
  fatal: (error: Error) => void,
) {
  const environment = { configFolder: configFolder(), version: VERSION }
  try {
    return await runServer(config, log, fatal, environment)
  } catch (error) {
    if (!(error instanceof DataInUse)) throw explained(error, config)
    const holder = await readStatusIfRunning(config.dataDirectory)
    const its = holder && `: process ${holder.pid}, which answers on ${holder.endpoint}`
    throw new UserError(`${error.message}${its ?? ''}`)
  }
}

/** What is wrong with the settings themselves; files that are not given now were read when they were. */
export function checkServer({ config, given }: Pick<Settings, 'config' | 'given'>): void {
  checkConfig(config)
  const { ca, 'tls-cert': cert, 'tls-key': key } = given
  if (cert !== undefined || key !== undefined) readTls(config)
  if (ca === undefined) return
  readCertificates(String(ca))
  refuseIdle(`${config.tls ? 'https' : 'http'}://${config.host}`, ca)
}

export function explained(error: unknown, { host, port }: ServerConfig): unknown {
  if (error instanceof LogError) return new UserError(error.message)
  const { code } = error as NodeJS.ErrnoException
  if (code === 'EADDRINUSE')
    return new UserError(`port ${port} is in use: choose another with --port`)
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND')
    return new UserError(`${host} is no address of this machine: choose another with --host`)
  if (code === 'EACCES' && (error as NodeJS.ErrnoException).syscall === 'listen')
    return new UserError(`port ${port} needs root: choose another with --port`)
  return error
}
