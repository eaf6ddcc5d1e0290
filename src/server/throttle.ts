/** Request rates, for those who want their tools to meet AWS's. Off by default: on one's own machines nobody is a neighbour. */
import type { Clock } from '#kernel/clock.ts'
import { Fault } from '#kernel/fault.ts'
import type { Caller } from '#kernel/principal.ts'
import { TokenBuckets } from '#kernel/token-buckets.ts'
import type { RateLimit } from '#room/operation.ts'

export const RATE_PROFILES = ['none', 'aws'] as const
export type RateProfile = (typeof RATE_PROFILES)[number]

/** Accounts times regions times buckets. */
const BUCKETS_MAX = 50_000

export class Throttle {
  readonly #buckets: TokenBuckets

  constructor(clock: Clock) {
    this.#buckets = new TokenBuckets(clock, BUCKETS_MAX)
  }

  /** Throws AWS's ThrottlingException where the caller's account has asked too much of the service in this region. */
  check(
    { accountId, region }: Pick<Caller, 'accountId' | 'region'>,
    service: string,
    limit: RateLimit,
  ): void {
    if (!this.#buckets.take(`${accountId} ${region} ${service} ${limit.bucket}`, limit))
      throw new Fault('ThrottlingException', 'Rate exceeded')
  }
}
