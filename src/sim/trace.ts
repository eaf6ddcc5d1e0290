import { createHash } from 'node:crypto'

import type { Clock } from '#kernel/clock.ts'
import type { Log } from '#kernel/log.ts'

const LINES_KEPT = 20_000
/** A reconciler that throws is tried again, but nothing that a sound one does throws. */
const BROKEN = 'a reconciler will try again'

/** What happened, in order: its digest tells whether two worlds were the same, its end why one went wrong. */
export class Trace {
  readonly #clock: Clock
  readonly #begin: number
  readonly #hash = createHash('sha256')
  #lines: string[] = []

  constructor(clock: Clock) {
    this.#clock = clock
    this.#begin = clock.now()
  }

  say(who: string, what: string): void {
    const line = `${((this.#clock.now() - this.#begin) / 1000).toFixed(3).padStart(10)} ${who}: ${what}`
    this.#hash.update(line).update('\n')
    this.#lines.push(line)
    if (this.#lines.length > 2 * LINES_KEPT) this.#lines = this.#lines.slice(-LINES_KEPT)
  }

  digest(): string {
    return this.#hash.copy().digest('hex')
  }

  /** The last lines, those that have any of `words` where words are given. */
  tail(count: number, words: readonly string[] = []): readonly string[] {
    return this.#lines
      .filter((line) => words.length === 0 || words.some((word) => line.includes(word)))
      .slice(-count)
  }

  /** A log port whose lines are part of the trace; `error` is told of what a sound process never says. */
  log(who: string, error: (message: string) => void): Log {
    const write =
      (level: string): Log['info'] =>
      (message, fields) =>
        this.say(who, `${level} ${message} ${fields ? JSON.stringify(fields) : ''}`)
    return {
      info: write('info'),
      warn: (message, fields) => {
        write('warn')(message, fields)
        if (message === BROKEN) error(`${message} ${JSON.stringify(fields)}`)
      },
      error: (message, fields) => {
        write('error')(message, fields)
        error(`${message} ${fields ? JSON.stringify(fields) : ''}`)
      },
    }
  }
}
