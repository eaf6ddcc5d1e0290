import { mkdir, open, readFile, rename } from 'node:fs/promises'
import { join } from 'node:path'

import type { StateStore } from '../outside.ts'
import type { AgentState } from './state.ts'

/** The agent's state on disk: always one whole state, the last one that was saved or the one before. */
export class StateFile implements StateStore {
  readonly #directory: string
  readonly #path: string
  #writing: Promise<void> | undefined
  #next: Promise<void> | undefined

  constructor(directory: string) {
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
    try {
      const state = JSON.parse(text) as AgentState
      if (state.version === 1 && Array.isArray(state.tasks)) return state
    } catch {
      // Falls through: half a file, or somebody else's.
    }
    await rename(this.#path, `${this.#path}.unreadable`)
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
