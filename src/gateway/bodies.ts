/**
 * The memory that bodies have together: what has come and is not answered yet, and what compressed ones grow to; and that of
 * answers that are not read yet. Small ones always have their place. A key has half of what the others leave at most, and senders whose key nobody knows
 * share a smaller part: until a signature is checked a key's id is only a claim, and whoever knows some keeps nobody out but those who share them.
 */
import { fairPart } from '#kernel/fair-part.ts'
import { Fault } from '#kernel/fault.ts'

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

export class Bodies {
  readonly #limits: BodyLimits
  /** By the key that is claimed; `undefined` is everybody whose key nobody knows. */
  readonly #ofKey = new Map<string | undefined, number>()
  #all = 0

  constructor(limits: BodyLimits) {
    this.#limits = limits
  }

  /** `accessKeyId` is of a key that exists, as the request says. */
  share(accessKeyId: string | undefined): Share {
    let bytes = 0
    const { smallBytes } = this.#limits
    const counted = (): number => Math.max(0, bytes - smallBytes)
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

  /** Whether the key has all that it may: there is room for no more than small ones. */
  isFull(accessKeyId: string | undefined): boolean {
    const own = this.#of(accessKeyId)
    return own > 0 && own + this.#limits.smallBytes > this.#max(accessKeyId)
  }

  #hasRoom(accessKeyId: string | undefined, bytes: number): boolean {
    return bytes === 0 || this.#of(accessKeyId) + bytes <= this.#max(accessKeyId)
  }

  #of(accessKeyId: string | undefined): number {
    return this.#ofKey.get(accessKeyId) ?? 0
  }

  #max(accessKeyId: string | undefined): number {
    const { bytes, bytesOfKey, unknownBytes } = this.#limits
    const part = fairPart(bytes, this.#all - this.#of(accessKeyId))
    return Math.min(accessKeyId === undefined ? unknownBytes : bytesOfKey, part)
  }

  #add(accessKeyId: string | undefined, bytes: number): void {
    const own = this.#of(accessKeyId) + bytes
    this.#all += bytes
    if (own === 0) this.#ofKey.delete(accessKeyId)
    else this.#ofKey.set(accessKeyId, own)
  }
}

/** AWS's clients try again after it. */
export const tooMany = (): Fault =>
  new Fault('ServiceUnavailable', 'Too much is being sent at once. Try again later.', 503)
