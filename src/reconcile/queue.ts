/**
 * The keys of one reconciler: which of them are due, which go on at once, which wait for something, and which are to be
 * looked at later. What is due and what goes on get as much of the thread as each other.
 */
import { AssertionFailure } from '#kernel/assert.ts'
import type { Clock } from '#kernel/clock.ts'
import type { Store } from '#store/store.ts'

import type { Reconciler } from './reconciler.ts'

/** Whoever waits, waits for a disk or another machine, which take some at once and not all. */
const WAITING_MAX = 10
const BACKOFF_FIRST_MS = 1_000
const BACKOFF_LIMIT_MS = 60_000
/** A key that asks to be looked at again at once goes on this often before others that do: what it read is at hand. */
const IN_A_ROW_MAX = 50
/** The clock does not see how long most looks are. */
export const LOOK_LEAST_MS = 0.01

export type Outside = {
  readonly store: Store
  readonly clock: Clock
  readonly signal: AbortSignal
  /** Told of every failure; an AssertionFailure must end the process, the rest is tried again. */
  readonly onError: (reconciler: string, key: string, error: unknown) => void
}

export class Queue {
  readonly reconciler: Reconciler
  readonly #outside: Outside
  readonly #woken: () => void
  readonly #due = new Set<string>()
  /** What asked to be looked at again at once, in this order, and how often in a row it was. */
  readonly #unfinished = new Map<string, number>()
  /** What is being looked at, also while it waits: what happens to it meanwhile may be what was not seen. */
  readonly #looked = new Set<string>()
  readonly #failures = new Map<string, number>()
  /** How to call off the look that a key asked for; a later wish replaces an earlier one. */
  readonly #later = new Map<string, () => void>()
  /** How much longer than what is due, at most, what is unfinished has had the thread. */
  #lead = 0

  /** `woken` is told whenever there may be a key to look at. */
  constructor(reconciler: Reconciler, outside: Outside, woken: () => void) {
    this.reconciler = reconciler
    this.#outside = outside
    this.#woken = woken
  }

  wakeAll(keys: Iterable<string>): void {
    for (const key of keys)
      if (this.#looked.has(key) || !this.#unfinished.has(key)) this.#due.add(key)
    if (this.#due.size > 0) this.#woken()
  }

  /** The key to look at now; none where as many wait as may. */
  next(): string | undefined {
    const { concurrency = WAITING_MAX } = this.reconciler
    if (this.#looked.size >= concurrency) return undefined
    const due = this.#first(this.#due)
    const unfinished = this.#first(this.#unfinished.keys())
    return due !== undefined && (this.#lead >= 0 || unfinished === undefined) ? due : unfinished
  }

  #first(keys: Iterable<string>): string | undefined {
    for (const key of keys) if (!this.#looked.has(key)) return key
    return undefined
  }

  /** Looks at `next`. Returns for how many milliseconds that held the thread; what a look waits for holds nobody. */
  look(key: string): number {
    const { clock } = this.#outside
    const goesOn = this.#unfinished.has(key)
    this.#due.delete(key)
    this.#looked.add(key)
    const began = clock.now()
    try {
      const again = this.reconciler.reconcile(key)
      if (again instanceof Promise) void this.#wait(key, again)
      else this.#ended(key, again)
    } catch (error) {
      this.#failed(key, error)
    }
    // The clock may have been set back meanwhile.
    const heldMs = Math.max(0, clock.now() - began)
    const counted = Math.max(heldMs, LOOK_LEAST_MS)
    this.#lead = goesOn ? Math.max(0, this.#lead) + counted : this.#lead - counted
    if (this.#due.size === 0 && this.#unfinished.size === 0) this.#lead = 0
    return heldMs
  }

  async #wait(key: string, looked: Promise<number | undefined>): Promise<void> {
    try {
      this.#ended(key, await looked)
    } catch (error) {
      this.#failed(key, error)
    }
    this.#woken()
  }

  #ended(key: string, again: number | undefined): void {
    this.#failures.delete(key)
    this.#looked.delete(key)
    if (again === 0) this.#goOn(key)
    else this.#unfinished.delete(key)
    if (again) this.#wakeIn(key, again)
  }

  #goOn(key: string): void {
    const inARow = (this.#unfinished.get(key) ?? -1) + 1
    const makesWay = inARow === IN_A_ROW_MAX
    if (makesWay) this.#unfinished.delete(key)
    this.#unfinished.set(key, makesWay ? 0 : inARow)
    this.#due.delete(key)
  }

  #failed(key: string, error: unknown): void {
    const { signal, onError } = this.#outside
    this.#looked.delete(key)
    this.#unfinished.delete(key)
    if (signal.aborted) return
    onError(this.reconciler.name, key, error)
    if (error instanceof AssertionFailure) return
    const failures = (this.#failures.get(key) ?? 0) + 1
    this.#failures.set(key, failures)
    this.#wakeIn(key, Math.min(BACKOFF_LIMIT_MS, BACKOFF_FIRST_MS * 2 ** (failures - 1)))
  }

  /** Calls off every later look, so that nothing of a server that has ended keeps its process alive. */
  end(): void {
    for (const callOff of this.#later.values()) callOff()
    this.#later.clear()
  }

  #wakeIn(key: string, ms: number): void {
    if (this.#outside.signal.aborted) return
    this.#later.get(key)?.()
    const callOff = this.#outside.clock.after(ms, () => {
      this.#later.delete(key)
      this.wakeAll([key])
    })
    this.#later.set(key, callOff)
  }
}
