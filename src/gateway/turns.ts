/**
 * Who is served next. While requests cost little each is served as it comes; where the thread is held for longer, those that
 * wait are taken from each key in turn: one key's many or costly requests keep another's waiting for a few of them, not for all.
 */
import { ByTurns } from '#kernel/by-turns.ts'
import type { Clock } from '#kernel/clock.ts'
import { Shares } from '#kernel/shares.ts'

import { tooMany } from './bodies.ts'

/** How long requests are served before others, and what else the thread has to do, get their turn. */
const TURN_MS = 10
/** The most that are taken at once while they cost little. */
const BATCH_MAX = 256

export class Turns {
  readonly #clock: Clock
  /** By the key that is claimed. */
  readonly #waiting = new ByTurns<string | undefined, () => void>()
  readonly #places: Shares<string | undefined>
  /** When this turn began; `undefined` where nothing was served since the last one. */
  #began: number | undefined
  /** What the turn before could carry. */
  #batch = 1

  /** `max` is how many may wait: each holds what it has sent. */
  constructor(clock: Clock, max: number) {
    this.#clock = clock
    this.#places = new Shares(max)
  }

  /** Resolves when a request of this key is to be served; `undefined` when that is now. A Fault where too many wait. */
  wait(accessKeyId: string | undefined): Promise<void> | undefined {
    const now = this.#clock.now()
    if (this.#began === undefined) this.#begin(now)
    else if (!this.#waiting.isEmpty || now - this.#began >= TURN_MS) return this.#queue(accessKeyId)
    return undefined
  }

  #queue(accessKeyId: string | undefined): Promise<void> {
    if (this.#places.of(accessKeyId) >= this.#places.partOf(accessKeyId)) throw tooMany()
    this.#places.add(accessKeyId, 1)
    return new Promise((serve) => this.#waiting.add(accessKeyId, serve))
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
    if (this.#waiting.isEmpty) return
    this.#begin(now)
    for (let n = 0; n < this.#batch && !this.#waiting.isEmpty; n++) this.#serveOne()
  }

  #serveOne(): void {
    const next = this.#waiting.next()
    if (!next) return
    this.#places.add(next.owner, -1)
    next.item()
  }
}
