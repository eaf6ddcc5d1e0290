/**
 * What one `berth up` has started and therefore ends: nothing that it found running. After the user has had enough
 * nothing more is started.
 */
import { endBackground, type Background, startBackground, type Started } from './process.ts'
import { UserError } from './user-error.ts'

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

export class Own {
  readonly #started: Background[] = []
  readonly #enough = new AbortController()
  readonly #hear = (): void => this.#enough.abort()

  constructor() {
    for (const signal of SIGNALS) process.once(signal, this.#hear)
  }

  /** Aborted when the user has had enough. */
  get enough(): AbortSignal {
    return this.#enough.signal
  }

  get names(): readonly string[] {
    return this.#started.map(({ name }) => NAMES[name] ?? name)
  }

  start(...[what, ...more]: Parameters<typeof startBackground>): Started {
    if (this.enough.aborted) throw new UserError('interrupted')
    this.#started.push(what)
    return startBackground(what, ...more)
  }

  /** The last that was started ends first. One that does not end is said, and does not keep the others. */
  async end(): Promise<void> {
    const failures: unknown[] = []
    for (let what = this.#started.pop(); what; what = this.#started.pop())
      await endBackground(what).catch((error: unknown) => failures.push(error))
    if (failures.length > 0) throw failures[0]
  }

  /** From now on a signal ends this process as it would any other, and nothing else. */
  release(): void {
    for (const signal of SIGNALS) process.off(signal, this.#hear)
  }
}

const NAMES: Readonly<Record<string, string>> = { server: 'the control plane', agent: 'the agent' }
