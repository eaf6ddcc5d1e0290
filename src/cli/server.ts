/** `berth server`: the control plane in the foreground. */
import { setFlagsFromString } from 'node:v8'

import type { Command } from 'commander'

import { ConfigError, type ServerConfig } from '#server/config.ts'
import { runServer } from '#server/run.ts'
import { LogError } from '#store/log.ts'
import { streamLog } from '#system/system.ts'

import { ownLog } from './own-log.ts'
import { settled } from './settings.ts'
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
  const { data, config } = settled(command)
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
  const environment = { configHome: process.env['XDG_CONFIG_HOME'], version: VERSION }
  try {
    return await runServer(config, log, fatal, environment)
  } catch (error) {
    throw explained(error, config)
  }
}

export function explained(error: unknown, { host, port }: ServerConfig): unknown {
  if (error instanceof ConfigError || error instanceof LogError) return new UserError(error.message)
  const { code } = error as NodeJS.ErrnoException
  if (code === 'EADDRINUSE')
    return new UserError(`port ${port} is in use: choose another with --port`)
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND')
    return new UserError(`${host} is no address of this machine: choose another with --host`)
  if (code === 'EACCES' && (error as NodeJS.ErrnoException).syscall === 'listen')
    return new UserError(`port ${port} needs root: choose another with --port`)
  return error
}
