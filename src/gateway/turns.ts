/**
 * Who is served next. While requests cost little each is served as it comes; where the thread is held for longer, those that
 * wait are taken from each key in turn: one key's many or costly requests keep another's waiting for a few of them, not for all.
 */
import type { Clock } from '#kernel/clock.ts'

/** How long requests are served before others, and what else the thread has to do, get their turn. */
const TURN_MS = 10
/** The most that are taken at once while they cost little. */
const BATCH_MAX = 256

export class Turns {
  readonly #clock: Clock
  /** By the key that is claimed; in the order in which keys are taken from next. */
  readonly #waiting = new Map<string | undefined, (() => void)[]>()
  /** When this turn began; `undefined` where nothing was served since the last one. */
  #began: number | undefined
  /** What the turn before could carry. */
  #batch = 1

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Resolves when a request of this key is to be served; `undefined` when that is now. */
  wait(accessKeyId: string | undefined): Promise<void> | undefined {
    const now = this.#clock.now()
    if (this.#began === undefined) this.#begin(now)
    else if (this.#waiting.size > 0 || now - this.#began >= TURN_MS)
      return new Promise((serve) => {
        const own = this.#waiting.get(accessKeyId)
        if (own) own.push(serve)
        else this.#waiting.set(accessKeyId, [serve])
      })
    return undefined
  }

  #begin(now: number): void {
    this.#began = now
    setImmediate(() => this.#next())
  }

  /** What is served here runs after it, so only the next turn knows what it cost. */
  #next(): void {
    const now = this.#clock.now()
    const isLong = now - (this.#began ?? now) >= TURN_MS
    this.#batch = isLong ? Math.max(1, this.#batch >> 1) : Math.min(BATCH_MAX, this.#batch * 2)
    this.#began = undefined
    if (this.#waiting.size === 0) return
    this.#begin(now)
    for (let n = 0; n < this.#batch && this.#waiting.size > 0; n++) this.#serveOne()
  }

  #serveOne(): void {
    const [next] = this.#waiting
    if (!next) return
    const [accessKeyId, own] = next
    const serve = own.shift()
    this.#waiting.delete(accessKeyId)
    if (own.length > 0) this.#waiting.set(accessKeyId, own)
    serve?.()
  }
}
