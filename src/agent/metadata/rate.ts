import type { Clock } from '#kernel/clock.ts'

export type Rate = { readonly perSecond: number; readonly burst: number }
type Bucket = { readonly tokens: number; readonly at: number }

/** Callers that are remembered; the oldest is forgotten first, which only ever gives it more. */
const KEYS_MAX = 10_000

/** A bucket of tokens for each key: so many at once, so many a second. */
export class RateLimit {
  readonly #clock: Clock
  readonly #rate: Rate
  readonly #buckets = new Map<string, Bucket>()

  constructor(clock: Clock, rate: Rate) {
    this.#clock = clock
    this.#rate = rate
  }

  allows(key: string): boolean {
    const { perSecond, burst } = this.#rate
    const at = this.#clock.now()
    const before = this.#buckets.get(key) ?? { tokens: burst, at }
    const filled = before.tokens + (Math.max(0, at - before.at) / 1000) * perSecond
    const tokens = Math.min(burst, filled)
    const allowed = tokens >= 1
    // Written last, so that the map's order is that of the last question.
    this.#buckets.delete(key)
    this.#buckets.set(key, { tokens: allowed ? tokens - 1 : tokens, at })
    for (const oldest of this.#buckets.keys())
      if (this.#buckets.size > KEYS_MAX) this.#buckets.delete(oldest)
      else break
    return allowed
  }
}
