/**
 * Hosts are told what is due in rounds. While others want the thread, rounds have a small share of it: what is due for a
 * host gathers meanwhile and goes in one frame, so the more there is to tell, the less each of it costs.
 */
import type { Clock } from '#kernel/clock.ts'
import { giveWay } from '#kernel/give-way.ts'
import type { Store } from '#store/store.ts'

/** So many frames hold the thread for some milliseconds. */
const FRAMES_PER_ROUND = 100
/** While others want the thread, rounds leave them this many times what they take of it; and all are told in this time. */
const REST_TIMES = 30
const TELL_ALL_MS = 3_000
const MOMENT_MS = 2

/** A host for which something is due. */
export interface Due {
  /** Computes the next thing that is due; how to send it, or nothing where there is none. */
  next(): (() => void) | undefined
  /** Whether more is due after that. */
  readonly isMore: boolean
}

export class Rounds {
  readonly #store: Store
  readonly #clock: Clock
  /** In the order of their turn. */
  readonly #due = new Set<Due>()
  #running = false

  constructor({ store, clock }: { readonly store: Store; readonly clock: Clock }) {
    this.#store = store
    this.#clock = clock
  }

  /** Something is due for the host; it is told at once where nothing else is to be done. */
  add(host: Due): void {
    this.#due.add(host)
    if (!this.#running) void this.#run()
  }

  leave(host: Due): void {
    this.#due.delete(host)
  }

  async #run(): Promise<void> {
    this.#running = true
    // What changes in this turn comes along.
    await Promise.resolve()
    while (this.#due.size > 0) {
      let held = -this.#clock.now()
      const sends = this.#round()
      held += this.#clock.now()
      try {
        await this.#store.settled(this.#store.revision)
      } catch {
        // The log has failed: the server is about to end, and nothing may leave any more.
        return
      }
      held -= this.#clock.now()
      for (const send of sends) send()
      held += this.#clock.now()
      if (held > 0 && this.#due.size > 0) {
        const rounds = this.#due.size / FRAMES_PER_ROUND
        const restMs = Math.min(held * REST_TIMES, TELL_ALL_MS / rounds)
        await giveWay(this.#clock, MOMENT_MS, restMs)
      }
    }
    this.#running = false
  }

  #round(): (() => void)[] {
    const sends: (() => void)[] = []
    for (const host of this.#due) {
      this.#due.delete(host)
      const send = host.next()
      if (send) sends.push(send)
      // At the end of the line: a host with much to hear keeps nobody waiting.
      if (host.isMore) this.#due.add(host)
      if (sends.length === FRAMES_PER_ROUND) break
    }
    return sends
  }
}
