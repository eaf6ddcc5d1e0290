/**
 * The memory that bodies have together: what has come and is not answered yet, and what compressed ones grow to.
 * Small ones always have their place. No key has all of it, and senders whose key nobody knows share a smaller part: until
 * a signature is checked a key's id is only a claim, and whoever knows one keeps nobody out but those who share it.
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
  /** By the key that is claimed; `undefined` is everybody whose key nobody knows. */
  readonly #ofKey = new Map<string | undefined, number>()
  #all = 0

  constructor(limits: GatewayLimits) {
    this.#limits = limits
  }

  /** `accessKeyId` is of a key that exists, as the request says. */
  share(accessKeyId: string | undefined): Share {
    let bytes = 0
    const { smallBodyBytes } = this.#limits
    const counted = (): number => Math.max(0, bytes - smallBodyBytes)
    return {
      take: (more) => {
        const before = counted()
        bytes += more
        const grown = counted() - before
        if (this.#hasRoom(accessKeyId, grown)) return this.#add(accessKeyId, grown)
        bytes -= more
        throw tooMany()
      },
      end: () => {
        this.#add(accessKeyId, -counted())
        bytes = 0
      },
    }
  }

  #hasRoom(accessKeyId: string | undefined, bytes: number): boolean {
    const { bodiesBytes, bodiesBytesOfKey, unknownBodiesBytes } = this.#limits
    const max = accessKeyId === undefined ? unknownBodiesBytes : bodiesBytesOfKey
    const own = this.#ofKey.get(accessKeyId) ?? 0
    return bytes === 0 || (this.#all + bytes <= bodiesBytes && own + bytes <= max)
  }

  #add(accessKeyId: string | undefined, bytes: number): void {
    const own = (this.#ofKey.get(accessKeyId) ?? 0) + bytes
    this.#all += bytes
    if (own === 0) this.#ofKey.delete(accessKeyId)
    else this.#ofKey.set(accessKeyId, own)
  }
}

/** AWS's clients try again after it. */
const tooMany = (): Fault =>
  new Fault('ServiceUnavailable', 'Too much is being sent at once. Try again later.', 503)
