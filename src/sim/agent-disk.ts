/** The disk under an agent's state: one whole state, the last that was saved or the one before. */
import type { StateStore } from '#agent/state/state.ts'
import type { AgentState } from '#agent/state/state.ts'

import type { Life } from './life.ts'
import type { Rng } from './rng.ts'
import type { Weather } from './weather.ts'

export type AgentDiskOptions = {
  readonly rng: Rng
  readonly weather: () => Pick<Weather, 'saveMs' | 'saveFails'>
}

export class AgentDisk {
  readonly #options: AgentDiskOptions
  #text: string | undefined
  /** What is being written: after a crash it is there or it is not. */
  #written: string | undefined

  constructor(options: AgentDiskOptions) {
    this.#options = options
  }

  crash(): void {
    if (this.#options.rng.chance(0.5)) this.#text = this.#written ?? this.#text
    this.#written = undefined
  }

  /** The file is gone. */
  lose(): void {
    this.#text = undefined
  }

  open(life: Life): StateStore {
    const { rng, weather } = this.#options
    let writing: Promise<void> = Promise.resolve()
    let next: Promise<void> | undefined
    const write = async (current: () => AgentState): Promise<void> => {
      next = undefined
      const text = JSON.stringify(current())
      this.#written = text
      const fails = rng.chance(weather().saveFails)
      await life.clock.sleep(rng.between(...weather().saveMs))
      this.#written = undefined
      if (fails) throw new Error('ENOSPC: no space left on the pretended disk')
      this.#text = text
    }
    return {
      load: async () =>
        this.#text === undefined ? undefined : (JSON.parse(this.#text) as AgentState),
      save: (current) => {
        if (life.over) return new Promise(() => undefined)
        if (next) return next
        const started = writing.catch(() => undefined).then(() => (writing = write(current)))
        next = started
        return started
      },
    }
  }
}
