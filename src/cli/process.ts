/** Starts Berth's own processes in the background, finds them again, and ends them: never any other. */
import { spawn } from 'node:child_process'
import {
  closeSync,
  existsSync,
  fstatSync,
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

export type Started = {
  readonly what: Background
  /** Why it ended, in its own last words; nothing while it runs. */
  readonly ended: () => string | undefined
}

/** Runs this very program again with other arguments, apart from this terminal, its output in the data directory. */
export function startBackground(
  what: Background,
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Started {
  mkdirSync(join(what.data, 'log'), { recursive: true })
  const log = openSync(logFile(what), 'a', 0o600)
  const before = fstatSync(log).size
  const program = process.argv[1] as string
  const child = spawn(process.execPath, [...process.execArgv, program, ...args], {
    detached: true,
    stdio: ['ignore', log, log],
    env: { ...process.env, ...environment },
  })
  closeSync(log)
  child.unref()
  writeFileSync(pidFile(what), `${child.pid}\n`)
  const hasEnded = (): boolean => child.exitCode !== null || child.signalCode !== null
  return { what, ended: () => (hasEnded() ? lastWords(what, before) : undefined) }
}

/** What a process said last to its user, of what it wrote to its log after the first `from` bytes. */
function lastWords(what: Background, from: number): string {
  const lines = readFileSync(logFile(what)).subarray(from).toString('utf8').trim().split('\n')
  const said = lines.findLast((line) => line.startsWith('berth: '))
  return said?.slice('berth: '.length) ?? `it ended without a word: see ${logFile(what)}`
}

/** The process id, when the process that was started still is that process. */
export function findBackground(what: Background): number | undefined {
  if (!existsSync(pidFile(what))) return undefined
  const pid = Number(readFileSync(pidFile(what), 'utf8'))
  const words = commandOf(pid)?.split('\0') ?? []
  return words.includes(what.name) && words.includes(what.data) ? pid : undefined
}

/** Asks the process to end and waits until it has. False when there was none. */
export async function endBackground(what: Background): Promise<boolean> {
  const pid = findBackground(what)
  if (pid === undefined) return false
  await endProcess(pid, what)
  rmSync(pidFile(what), { force: true })
  return true
}

export async function endProcess(pid: number, what: Background): Promise<void> {
  const runs = watched(pid)
  process.kill(pid, 'SIGTERM')
  await until(
    () => (runs() ? undefined : true),
    END_MS,
    () => `the ${what.name} (process ${pid}) does not end: see ${logFile(what)}`,
  )
}

/** Says whether the process of now still runs: its number may be given to another one. */
export function watched(pid: number): () => boolean {
  const first = commandOf(pid)
  return () => first !== undefined && commandOf(pid) === first
}

/** What the process was given for an option when it was started. */
export function optionOf(pid: number, option: string): string | undefined {
  const words = commandOf(pid)?.split('\0') ?? []
  const at = words.indexOf(option)
  return at < 0 ? undefined : words[at + 1]
}

/** Nothing for one that has ended, also where nobody has asked how. */
function commandOf(pid: number): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8') || undefined
  } catch {
    return undefined
  }
}
