import type { Batch, Event } from './events.ts'

/** Beyond this the control plane has always something to do, and more would only wait there. */
const CALLS_AT_ONCE = 2

type Steps = {
  /** Rejects when nobody knows whether the events were taken, or nobody took them. */
  readonly put: (events: readonly Event[]) => Promise<void>
  /** Told in the order of the batches, each after all before it were taken. */
  readonly taken: (batch: Batch) => Promise<void>
}

/**
 * Batches on their way. Two may be at once, but only where the later one's events are all later by their time: events
 * of one millisecond are found in the order in which they came, and two calls may overtake each other.
 */
export class Sending {
  readonly #steps: Steps
  #onTheirWay: Promise<void>[] = []
  #newest = -Infinity

  constructor(steps: Steps) {
    this.#steps = steps
  }

  /** Resolves when the batch is on its way; rejects when one before it was not taken. */
  async add(batch: Batch): Promise<void> {
    const oldest = batch.events[0]?.timestamp ?? Infinity
    while (this.#onTheirWay.length >= (oldest > this.#newest ? CALLS_AT_ONCE : 1))
      await this.#onTheirWay.shift()
    this.#newest = batch.events.at(-1)?.timestamp ?? this.#newest
    const sent = this.#send(batch, this.#onTheirWay.at(-1))
    // It is awaited before the next one, or at the end; until then nobody else hears of a failure.
    sent.catch(() => {})
    this.#onTheirWay.push(sent)
  }

  /** Resolves when all was taken. */
  async end(): Promise<void> {
    await Promise.all(this.#onTheirWay)
    this.#onTheirWay = []
  }

  /** Resolves when nothing is on its way any more, whatever became of it. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#onTheirWay)
  }

  async #send(batch: Batch, before: Promise<void> | undefined): Promise<void> {
    await Promise.all([this.#steps.put(batch.events), before])
    await this.#steps.taken(batch)
  }
}
