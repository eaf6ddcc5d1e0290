import type { Clock } from '#kernel/clock.ts'
import type { Log } from '#kernel/log.ts'

/**
 * One life of a process. When it ends, as by kill -9, nothing of it goes on: its timers never fire, and what it waits
 * for it never hears. What it had asked of others may still happen to them.
 */
export class Life {
  readonly clock: Clock
  #over = false

  constructor(clock: Clock) {
    const lives = (run: () => void) => () => {
      if (!this.#over) run()
    }
    this.clock = {
      now: () => clock.now(),
      after: (ms, run) => clock.after(ms, lives(run)),
      sleep: (ms, signal) => this.hears(clock.sleep(ms, signal)),
    }
  }

  get over(): boolean {
    return this.#over
  }

  end(): void {
    this.#over = true
  }

  /** Lines that are written only while the process lives. */
  log(log: Log): Log {
    const at =
      (level: keyof Log): Log['info'] =>
      (message, fields) => {
        if (!this.#over) log[level](message, fields)
      }
    return { info: at('info'), warn: at('warn'), error: at('error') }
  }

  /** The outcome, told only while the process lives. */
  hears<T>(outcome: Promise<T>): Promise<T> {
    return new Promise((done, fail) => void this.#hear(outcome, done, fail))
  }

  async #hear<T>(
    outcome: Promise<T>,
    done: (value: T) => void,
    fail: (error: unknown) => void,
  ): Promise<void> {
    try {
      const value = await outcome
      if (!this.#over) done(value)
    } catch (error) {
      if (!this.#over) fail(error)
    }
  }
}
