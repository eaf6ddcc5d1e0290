import { compilePattern, type Pattern } from './patterns/pattern.ts'
import {
  EVENT_OVERHEAD_BYTES,
  type Page,
  PAGE_BYTES_MAX,
  type Query,
  SCAN_BYTES_MAX,
  SCAN_STEPS_MAX,
  type StoredEvent,
} from './storage.ts'

/** What one read finds. It ends when its page is full, and when it has looked at enough for what it found. Pure. */
export class Scan {
  readonly #pattern: Pattern
  readonly #limit: number
  readonly #events: StoredEvent[] = []
  #bytes = 0
  #scannedBytes = 0
  #steps = 0
  #reached: StoredEvent | undefined

  constructor({ pattern, limit }: Pick<Query, 'pattern' | 'limit'>) {
    this.#pattern = compilePattern(pattern)
    this.#limit = limit
  }

  /** Looks at the next event, whose message has these bytes. False when the page ended before it. */
  take(event: StoredEvent, messageBytes: number): boolean {
    if (this.#scannedBytes >= SCAN_BYTES_MAX || this.#steps >= SCAN_STEPS_MAX) return false
    const size = messageBytes + EVENT_OVERHEAD_BYTES
    const isFound = this.#pattern.matches(event.message)
    const isFull =
      this.#events.length === this.#limit ||
      (this.#events.length > 0 && this.#bytes + size > PAGE_BYTES_MAX)
    if (isFound && isFull) return false
    this.#scannedBytes += size
    this.#steps += this.#pattern.size * event.message.length
    this.#reached = event
    if (!isFound) return true
    this.#events.push(event)
    this.#bytes += size
    return true
  }

  /** How much was done, whatever was found: bytes looked at, and steps. */
  get work(): number {
    return this.#scannedBytes + this.#steps
  }

  page(isAll: boolean): Page {
    return isAll ? { events: this.#events } : { events: this.#events, reached: this.#reached }
  }
}
