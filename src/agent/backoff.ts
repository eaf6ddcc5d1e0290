import type { Ids } from '#kernel/ids.ts'

export type BackoffShape = {
  readonly minMs: number
  readonly maxMs: number
  readonly factor: number
  /** The part of a wait that chance adds. */
  readonly jitter: number
}

/** The waits between tries: each longer than the one before, none longer than the greatest. */
export class Backoff {
  readonly #shape: BackoffShape
  readonly #ids: Ids
  #ms: number

  constructor(shape: BackoffShape, ids: Ids) {
    this.#shape = shape
    this.#ids = ids
    this.#ms = shape.minMs
  }

  nextMs(): number {
    const { factor, jitter, maxMs } = this.#shape
    const ms = Math.min(this.#ms * (1 + jitter * this.#ids.random()), maxMs)
    this.#ms = Math.min(this.#ms * factor, maxMs)
    return ms
  }

  reset(): void {
    this.#ms = this.#shape.minMs
  }
}
