import { mkdir, open, readFile, rename } from 'node:fs/promises'
import { join } from 'node:path'

import type { AgentState, StateStore } from './state.ts'

/** The agent's state on disk: always one whole state, the last one that was saved or the one before. */
export class StateFile implements StateStore {
  readonly #directory: string
  readonly #path: string
  readonly #tell: (message: string) => void
  #writing: Promise<void> | undefined
  #next: Promise<void> | undefined

  /** `tell` hears why a state cannot be used. */
  constructor(directory: string, tell: (message: string) => void = () => {}) {
    this.#tell = tell
    this.#directory = directory
    this.#path = join(directory, 'agent.json')
  }

  async load(): Promise<AgentState | undefined> {
    await mkdir(this.#directory, { recursive: true, mode: 0o700 })
    let text: string
    try {
      text = await readFile(this.#path, 'utf8')
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
      throw error
    }
    const state = parsed(text)
    const problem = problemOf(state)
    if (problem === undefined) return state as AgentState
    await rename(this.#path, `${this.#path}.unreadable`)
    this.#tell(
      `the agent's state ${problem}: it is kept as ${this.#path}.unreadable, and tasks are known by their containers' labels`,
    )
    return undefined
  }

  save(current: () => AgentState): Promise<void> {
    if (this.#next) return this.#next
    const before = this.#writing ?? Promise.resolve()
    this.#next = before
      .catch(() => {})
      .then(() => {
        this.#next = undefined
        this.#writing = this.#write(JSON.stringify(current()))
        return this.#writing
      })
    return this.#next
  }

  async #write(text: string): Promise<void> {
    const temporary = `${this.#path}.new`
    const file = await open(temporary, 'w', 0o600)
    try {
      await file.writeFile(text)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(temporary, this.#path)
    const directory = await open(this.#directory, 'r')
    try {
      await directory.sync()
    } finally {
      await directory.close()
    }
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

type Fields = Readonly<Record<string, unknown>>
const isObject = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Why it is no state of an agent: half a file, or somebody else's. */
function problemOf(state: unknown): string | undefined {
  if (!isObject(state)) return 'is not JSON'
  if (state['version'] !== 1) return `has the version ${String(state['version'])}`
  const { tasks, forgotten } = state
  const lacking = lacks(state, { cluster: 'string', timeline: 'number' })
  if (lacking) return `has no ${lacking}`
  if (!Array.isArray(forgotten)) return 'has no forgotten'
  if (!Array.isArray(tasks)) return 'has no tasks'
  for (const [at, task] of tasks.entries()) {
    const missing = isObject(task) ? lacks(task, TASK) : 'members'
    if (missing) return `has no ${missing} of task ${at}`
  }
  return undefined
}

const TASK = {
  arn: 'string',
  seqNum: 'number',
  definition: 'object',
  containers: 'object',
  volumes: 'object',
  reported: 'object',
}

const lacks = (value: Fields, types: Readonly<Record<string, string>>): string | undefined =>
  Object.entries(types).find(
    ([name, type]) => typeof value[name] !== type || (type === 'object' && !isObject(value[name])),
  )?.[0]
