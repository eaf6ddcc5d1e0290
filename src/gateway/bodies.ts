/**
 * The memory that bodies have together: what has come and is not answered yet, and what compressed ones grow to; and that of
 * answers that are not read yet. Small ones always have their place. Each has half of what the others leave at most, and senders whose key
 * nobody knows share a smaller part. Until a signature is checked a key's id is only a claim: bodies that claim have a memory of their own.
 */
import { fairPart } from '#kernel/fair-part.ts'
import { Fault } from '#kernel/fault.ts'
import { Shares } from '#kernel/shares.ts'

import type { GatewayLimits } from './limits.ts'

/** What one request holds of it. */
export interface Share {
  /** Takes so many bytes more; a Fault where there is no room for them. */
  take(bytes: number): void
  /** Gives all back. */
  end(): void
}

export type BodyLimits = {
  readonly bytes: number
  readonly bytesOfKey: number
  /** Of all together whose key nobody knows. */
  readonly unknownBytes: number
  readonly smallBytes: number
}

/** What several share, each of which has a limit of its own too. */
type Whole = { readonly bytes: number; taken: number }

export class Bodies {
  readonly #limits: BodyLimits
  readonly #whole: Whole
  /** By account or key; `undefined` is everybody whose key nobody knows. */
  readonly #shares: Shares<string | undefined>

  constructor(limits: BodyLimits, whole: Whole = { bytes: limits.bytes, taken: 0 }) {
    this.#limits = limits
    this.#whole = whole
    this.#shares = new Shares(limits.bytes)
  }

  /** `name` is of an account or key that exists, as the request says. */
  share(name: string | undefined): Share {
    let bytes = 0
    const { smallBytes } = this.#limits
    const counted = (): number => Math.max(0, bytes - smallBytes)
    return {
      take: (more) => {
        const before = counted()
        bytes += more
        const grown = counted() - before
        if (this.#hasRoom(name, grown)) return this.#add(name, grown)
        bytes -= more
        throw tooMany()
      },
      end: () => {
        this.#add(name, -counted())
        bytes = 0
      },
    }
  }

  /** Whether it has all that it may: there is room for no more than small ones. */
  isFull(name: string | undefined): boolean {
    const own = this.#shares.of(name)
    return own > 0 && own + this.#limits.smallBytes > this.#max(name)
  }

  #hasRoom(name: string | undefined, bytes: number): boolean {
    return bytes === 0 || this.#shares.of(name) + bytes <= this.#max(name)
  }

  #max(name: string | undefined): number {
    const { bytesOfKey, unknownBytes } = this.#limits
    const { bytes, taken } = this.#whole
    return Math.min(
      name === undefined ? unknownBytes : bytesOfKey,
      this.#shares.partOf(name),
      fairPart(bytes, taken - this.#shares.of(name)),
    )
  }

  #add(name: string | undefined, bytes: number): void {
    this.#shares.add(name, bytes)
    this.#whole.taken += bytes
  }
}

type SentLimits = Pick<
  GatewayLimits,
  | 'bodiesBytes'
  | 'claimedBodiesBytes'
  | 'provenBodiesBytes'
  | 'unknownBodiesBytes'
  | 'smallBodyBytes'
>

/** The memory of bodies that are sent. Neither claims nor accounts that have signed may have all: whoever fills one part leaves some of the other. */
export class SentBodies {
  readonly #claimed: Bodies
  readonly #proven: Bodies

  constructor(limits: SentLimits) {
    const whole = { bytes: limits.bodiesBytes, taken: 0 }
    const part = (bytes: number): Bodies =>
      new Bodies(
        {
          bytes,
          bytesOfKey: bytes,
          unknownBytes: limits.unknownBodiesBytes,
          smallBytes: limits.smallBodyBytes,
        },
        whole,
      )
    this.#claimed = part(limits.claimedBodiesBytes)
    this.#proven = part(limits.provenBodiesBytes)
  }

  /** `isProven` says that the connection has brought a request that this account has signed. */
  share(accountId: string | undefined, isProven: boolean): Share {
    const isOwn = isProven && accountId !== undefined
    return (isOwn ? this.#proven : this.#claimed).share(accountId)
  }
}

/** AWS's clients try again after it. */
export const tooMany = (): Fault =>
  new Fault('ServiceUnavailable', 'Too much is being sent at once. Try again later.', 503)
