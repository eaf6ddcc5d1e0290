/**
 * Who is served next. While requests cost little each is served as it comes; where the thread is held for longer, those that
 * wait are taken from each key in turn: one key's many or costly requests keep another's waiting for a few of them, not for all.
 */
import type { Clock } from '#kernel/clock.ts'
import { fairPart } from '#kernel/fair-part.ts'

import { tooMany } from './bodies.ts'

/** How long requests are served before others, and what else the thread has to do, get their turn. */
const TURN_MS = 10
/** The most that are taken at once while they cost little. */
const BATCH_MAX = 256

export class Turns {
  readonly #clock: Clock
  readonly #max: number
  /** By the key that is claimed; in the order in which keys are taken from next. */
  readonly #waiting = new Map<string | undefined, (() => void)[]>()
  /** When this turn began; `undefined` where nothing was served since the last one. */
  #began: number | undefined
  #all = 0
  /** What the turn before could carry. */
  #batch = 1

  /** `max` is how many may wait: each holds what it has sent. */
  constructor(clock: Clock, max: number) {
    this.#clock = clock
    this.#max = max
  }

  /** Resolves when a request of this key is to be served; `undefined` when that is now. A Fault where too many wait. */
  wait(accessKeyId: string | undefined): Promise<void> | undefined {
    const now = this.#clock.now()
    if (this.#began === undefined) this.#begin(now)
    else if (this.#waiting.size > 0 || now - this.#began >= TURN_MS) return this.#queue(accessKeyId)
    return undefined
  }

  #queue(accessKeyId: string | undefined): Promise<void> {
    const own = this.#waiting.get(accessKeyId) ?? []
    if (own.length >= fairPart(this.#max, this.#all - own.length)) throw tooMany()
    this.#waiting.set(accessKeyId, own)
    this.#all++
    return new Promise((serve) => void own.push(serve))
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
    this.#all--
    this.#waiting.delete(accessKeyId)
    if (own.length > 0) this.#waiting.set(accessKeyId, own)
    serve?.()
  }
}
