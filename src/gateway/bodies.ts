/**
 * The memory that bodies have together: what has come and is not answered yet, and what compressed ones grow to.
 * Small ones always have their place. Senders whose key nobody knows share a part of it, so that they keep nobody out.
 */
import { Fault } from '#kernel/fault.ts'

import type { GatewayLimits } from './limits.ts'

/** What one request holds of it. */
export interface Share {
  /** Takes so many bytes more; a Fault where there is no room for them. */
  take(bytes: number): void
  /** Gives all back. */
  end(): void
}

export class Bodies {
  readonly #limits: GatewayLimits
  #known = 0
  #unknown = 0

  constructor(limits: GatewayLimits) {
    this.#limits = limits
  }

  /** `isKnown` says that the request names a key that exists; whether it is signed with it is not known before the end. */
  share(isKnown: boolean): Share {
    let bytes = 0
    const { smallBodyBytes } = this.#limits
    const counted = (): number => Math.max(0, bytes - smallBodyBytes)
    return {
      take: (more) => {
        const before = counted()
        bytes += more
        const grown = counted() - before
        if (this.#hasRoom(isKnown, grown)) return this.#add(isKnown, grown)
        bytes -= more
        throw tooMany()
      },
      end: () => {
        this.#add(isKnown, -counted())
        bytes = 0
      },
    }
  }

  #hasRoom(isKnown: boolean, bytes: number): boolean {
    const { bodiesBytes, unknownBodiesBytes } = this.#limits
    if (this.#known + this.#unknown + bytes > bodiesBytes) return false
    return isKnown || this.#unknown + bytes <= unknownBodiesBytes
  }

  #add(isKnown: boolean, bytes: number): void {
    if (isKnown) this.#known += bytes
    else this.#unknown += bytes
  }
}

/** AWS's clients try again after it. */
const tooMany = (): Fault =>
  new Fault('ServiceUnavailable', 'Too much is being sent at once. Try again later.', 503)
