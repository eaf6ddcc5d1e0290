import type { Matcher } from './matching.ts'
import {
  ENTRY_OVERHEAD_BYTES,
  type Page,
  PAGE_BYTES_MAX,
  type Place,
  SCAN_BYTES_MAX,
  SCAN_STEPS_MAX,
  type StoredEntry,
} from './storage.ts'

/** What one read finds. It ends when its page is full, and when it has looked at enough for what it found. Pure. */
export class Scan {
  readonly #matcher: Matcher | undefined
  readonly #limit: number
  readonly #entries: StoredEntry[] = []
  #bytes = 0
  #scannedBytes = 0
  #steps = 0
  #reached: Place | undefined

  /** Without a matcher all is found. */
  constructor(limit: number, matcher: Matcher | undefined) {
    this.#matcher = matcher
    this.#limit = limit
  }

  /** Looks at the next entry. False when the page ended before it. */
  take(place: Omit<StoredEntry, 'payload'>, payload: Buffer): boolean {
    if (this.#scannedBytes >= SCAN_BYTES_MAX || this.#steps >= SCAN_STEPS_MAX) return false
    const size = payload.length + ENTRY_OVERHEAD_BYTES
    const isFound = this.#matcher?.matches(payload) ?? true
    const isFull =
      this.#entries.length === this.#limit ||
      (this.#entries.length > 0 && this.#bytes + size > PAGE_BYTES_MAX)
    if (isFound && isFull) return false
    this.#scannedBytes += size
    this.#steps += (this.#matcher?.stepsPerByte ?? 0) * payload.length
    const { timestamp, streamId, sequence, appendedAt } = place
    this.#reached = place
    if (!isFound) return true
    // Bytes of its own: those that it lies in are many more, and would be kept with it.
    const own = Buffer.from(payload)
    this.#entries.push({ timestamp, streamId, sequence, appendedAt, payload: own })
    this.#bytes += size
    return true
  }

  /** How much was done, whatever was found: bytes looked at, and steps. */
  get work(): number {
    return this.#scannedBytes + this.#steps
  }

  page(isAll: boolean): Page {
    if (isAll || !this.#reached) return { entries: this.#entries }
    const { timestamp, streamId, sequence } = this.#reached
    return { entries: this.#entries, reached: { timestamp, streamId, sequence } }
  }
}
