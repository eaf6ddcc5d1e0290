/** Starts Berth's own processes in the background, finds them again, and ends them: never any other. */
import { type ChildProcess, spawn } from 'node:child_process'
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'

import { UserError } from './user-error.ts'

/** How long a process may take to end by itself. */
const END_MS = 20_000
const LOOK_MS = 50

export const sleep = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms))

/** Looks until `look` gives something; a UserError with `failure` after `limitMs`. */
export async function until<T>(
  look: () => Promise<T | undefined> | T | undefined,
  limitMs: number,
  failure: () => string,
): Promise<T> {
  for (const end = Date.now() + limitMs; ; await sleep(LOOK_MS)) {
    const found = await look()
    if (found !== undefined) return found
    if (Date.now() > end) throw new UserError(failure())
  }
}

export type Background = { readonly name: string; readonly data: string }
const pidFile = ({ name, data }: Background): string => join(data, `${name}.pid`)
export const logFile = ({ name, data }: Background): string => join(data, 'log', `${name}.log`)

/** Runs this very program again with other arguments, apart from this terminal, its output in the data directory. */
export function startBackground(
  what: Background,
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): ChildProcess {
  mkdirSync(join(what.data, 'log'), { recursive: true })
  const log = openSync(logFile(what), 'a', 0o600)
  const program = process.argv[1] as string
  const child = spawn(process.execPath, [...process.execArgv, program, ...args], {
    detached: true,
    stdio: ['ignore', log, log],
    env: { ...process.env, ...environment },
  })
  closeSync(log)
  child.unref()
  writeFileSync(pidFile(what), `${child.pid}\n`)
  return child
}

/** The process id, when the process that was started still is that process. */
export function findBackground(what: Background): number | undefined {
  if (!existsSync(pidFile(what))) return undefined
  const pid = Number(readFileSync(pidFile(what), 'utf8'))
  const command = `/proc/${pid}/cmdline`
  if (!existsSync(command)) return undefined
  const words = readFileSync(command, 'utf8').split('\0')
  return words.includes(what.name) && words.includes(what.data) ? pid : undefined
}

/** Asks the process to end and waits until it has. False when there was none. */
export async function endBackground(what: Background): Promise<boolean> {
  const pid = findBackground(what)
  if (pid === undefined) return false
  process.kill(pid, 'SIGTERM')
  await until(
    () => (findBackground(what) === undefined ? true : undefined),
    END_MS,
    () => `the ${what.name} (process ${pid}) does not end: see ${logFile(what)}`,
  )
  rmSync(pidFile(what), { force: true })
  return true
}

/** The last lines of a log, for an error message. */
export function lastLines(what: Background, count = 5): string {
  const file = logFile(what)
  if (!existsSync(file)) return ''
  return readFileSync(file, 'utf8').trim().split('\n').slice(-count).join('\n')
}
