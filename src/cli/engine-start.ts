/** The Docker Engine of this machine for `berth up`: installed and started where it is missing and Berth may. */
import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, openSync } from 'node:fs'
import { join } from 'node:path'

import { DEFAULT_SOCKET } from './docker-socket.ts'
import { limitOther } from './own-log.ts'
import { aptInstall, busyboxFinding, canInstall, dockerFinding } from './prerequisites.ts'
import { logFile, until } from './process.ts'
import { step } from './progress.ts'
import { UserError } from './user-error.ts'

const ENGINE_START_MS = 60_000
const ENGINE_LOG_LOOK_MS = 10_000

export async function engine(data: string, demo: boolean): Promise<void> {
  const found = await dockerFinding()
  const missing = [
    ...(found.detail === 'not installed' ? ['docker.io'] : []),
    ...(demo && !busyboxFinding().ok ? ['busybox-static'] : []),
  ]
  if (missing.length > 0 && canInstall())
    await step(`installing ${missing.join(', ')} with apt`, async () => {
      aptInstall(missing)
      return 'installed'
    })
  await step('Docker Engine', async () => {
    const now = await dockerFinding()
    if (now.ok) return now.detail
    if (now.detail !== 'not running')
      throw new UserError(`Docker Engine: ${now.detail}. ${now.remedy ?? ''}`)
    startEngine(data, now.remedy)
    const started = await until(
      async () => {
        const look = await dockerFinding()
        return look.ok ? look : undefined
      },
      ENGINE_START_MS,
      () => `the Docker Engine does not start: see ${engineLog(data)}`,
    )
    return `${started.detail}, started: it stays when Berth ends`
  })
}

/**
 * An engine that `up` has started stays when Berth ends, and writes on: the agent of its host looks after its log for as
 * long as it runs, and the next `up` begins with that.
 */
export function lookAfterEngineLog(data: string): void {
  const look = (): void => {
    try {
      limitOther(engineLog(data))
    } catch {
      // On a full disk the engine cannot write either; there is another look.
    }
  }
  look()
  setInterval(look, ENGINE_LOG_LOOK_MS).unref()
}

const engineLog = (data: string): string => logFile({ name: 'dockerd', data })

function startEngine(data: string, remedy: string | undefined): void {
  if (process.getuid?.() !== 0)
    throw new UserError(`the Docker Engine is not running. ${remedy ?? ''}`)
  if (existsSync('/run/systemd/system')) {
    spawn('systemctl', ['start', 'docker'], { stdio: 'ignore' })
    return
  }
  mkdirSync(join(data, 'log'), { recursive: true })
  const log = openSync(engineLog(data), 'a', 0o600)
  spawn('dockerd', ['-H', `unix://${DEFAULT_SOCKET}`], {
    detached: true,
    stdio: ['ignore', log, log],
  }).unref()
}
