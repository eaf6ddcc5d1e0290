/** Rates: for each key a bucket of tokens, so many at once and so many a second. */
import type { Clock } from './clock.ts'
import { keepNewest } from './newest.ts'

export type Rate = { readonly perSecond: number; readonly burst: number }
type Bucket = { readonly tokens: number; readonly at: number }

export class TokenBuckets {
  readonly #clock: Clock
  readonly #keysMax: number
  readonly #buckets = new Map<string, Bucket>()

  /** Of more keys than `keysMax` the one that was asked longest ago is forgotten, which only ever gives it more. */
  constructor(clock: Clock, keysMax: number) {
    this.#clock = clock
    this.#keysMax = keysMax
  }

  /** Takes a token, if there is one. */
  take(key: string, { perSecond, burst }: Rate): boolean {
    const at = this.#clock.now()
    const before = this.#buckets.get(key) ?? { tokens: burst, at }
    // A clock that was set back fills nothing.
    const filled = before.tokens + (Math.max(0, at - before.at) / 1000) * perSecond
    const tokens = Math.min(burst, filled)
    const taken = tokens >= 1
    // Written last, so that the map's order is that of the last question.
    this.#buckets.delete(key)
    this.#buckets.set(key, { tokens: taken ? tokens - 1 : tokens, at })
    keepNewest(this.#buckets, this.#keysMax)
    return taken
  }
}
