import type { Clock } from '#kernel/clock.ts'

type Timer = { readonly at: number; readonly order: number; fire: (() => void) | undefined }

/**
 * Virtual time. It jumps to the next timer as soon as every promise has run, so a world's speed is that of its work
 * and its order is always the same: by time, then by which timer was set first.
 */
export class VirtualClock implements Clock {
  readonly #heap: Timer[] = []
  #now: number
  #order = 0

  constructor(start: number) {
    this.#now = start
  }

  now(): number {
    return this.#now
  }

  after(ms: number, run: () => void): () => void {
    const timer: Timer = {
      at: this.#now + Math.max(0, Math.ceil(ms)),
      order: this.#order++,
      fire: run,
    }
    this.#push(timer)
    return () => {
      timer.fire = undefined
    }
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((done, fail) => {
      if (signal?.aborted) {
        fail(signal.reason as Error)
        return
      }
      const cancel = this.after(ms, () => {
        signal?.removeEventListener('abort', aborted)
        done()
      })
      signal?.addEventListener('abort', aborted, { once: true })

      function aborted(): void {
        cancel()
        fail(signal?.reason as Error)
      }
    })
  }

  /** Lets `ms` pass; ends early once `until` says so, looked at whenever time is about to jump. */
  async run(ms: number, until: () => boolean = () => false): Promise<void> {
    const end = this.#now + ms
    for (;;) {
      await quiet()
      if (until()) return
      const next = this.#heap[0]
      if (!next || next.at > end) break
      this.#pop()
      if (!next.fire) continue
      this.#now = Math.max(this.#now, next.at)
      next.fire()
    }
    this.#now = end
  }

  #push(timer: Timer): void {
    const heap = this.#heap
    let at = heap.push(timer) - 1
    while (at > 0) {
      const parent = (at - 1) >> 1
      const above = heap[parent]
      if (!above || !isBefore(timer, above)) break
      heap[at] = above
      at = parent
    }
    heap[at] = timer
  }

  #pop(): void {
    const heap = this.#heap
    const last = heap.pop()
    if (!last || heap.length === 0) return
    let at = 0
    for (;;) {
      let child = 2 * at + 1
      const left = heap[child]
      if (!left) break
      const right = heap[child + 1]
      if (right && isBefore(right, left)) child += 1
      const least = heap[child] ?? left
      if (!isBefore(least, last)) break
      heap[at] = least
      at = child
    }
    heap[at] = last
  }
}

const isBefore = (one: Timer, other: Timer): boolean =>
  one.at < other.at || (one.at === other.at && one.order < other.order)

/** Every promise that can go on has gone on: nothing in a simulated world waits for anything but timers. */
const quiet = (): Promise<void> => new Promise((done) => setImmediate(done))
