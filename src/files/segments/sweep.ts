/**
 * Brings entries that lie in many places into one order: by time, then stream, then as they came. Blocks are read only
 * when something of them may be next, and what is in memory has a limit: beyond it the far end is let go, and the
 * sweep says that it did not get further.
 */
import { comparePlaces, type Place } from '../storage.ts'
import type { LyingEntry } from './frames.ts'

/** A stretch of entries whose times are known before it is read. */
export type Stretch = {
  readonly oldest: number
  readonly newest: number
  /** How much of a file its entries lie in. */
  readonly bytes: number
  /** What it is made of: smaller stretches, or its entries. */
  readonly open: () => readonly Stretch[] | Iterable<LyingEntry>
  readonly holdsEntries: boolean
}

export type Range = {
  readonly from: number
  readonly until: number
  readonly beyond?: Place | undefined
  readonly reverse: boolean
}

/** What is held in memory because something may come before it, in entries and in bytes of files. */
export type PoolLimits = { readonly entries: number; readonly bytes: number }
const POOL_LIMITS: PoolLimits = { entries: 100_000, bytes: 64 << 20 }

/**
 * The entries of the range in its order. `undefined` in between says that something was read, which is when others may
 * have their turn; a `cut` ends it before all was seen.
 */
export function* sweep(
  stretches: readonly Stretch[],
  range: Range,
  limits = POOL_LIMITS,
): Generator<LyingEntry | undefined, 'all' | 'cut'> {
  const sign = range.reverse ? -1 : 1
  const order = (one: Place, other: Place): number => sign * comparePlaces(one, other)
  const startOf = (stretch: Stretch): number => (range.reverse ? -stretch.newest : stretch.oldest)
  const isAsked = (stretch: Stretch): boolean => overlaps(stretch, range)
  const unread = new Heap(startOf, stretches.filter(isAsked))
  const pool = new Pool(order, limits)
  for (;;) {
    let next = sign * (pool.first ?? pool.cut ?? { timestamp: sign * Infinity }).timestamp
    while (unread.first <= next) {
      const stretch = unread.take()
      if (!stretch) break
      if (!stretch.holdsEntries) {
        for (const part of stretch.open() as readonly Stretch[]) if (isAsked(part)) unread.add(part)
        continue
      }
      for (const entry of stretch.open() as Iterable<LyingEntry>)
        if (isInRange(entry, range, order) && pool.add(entry))
          next = Math.min(next, sign * entry.timestamp)
      pool.hold(stretch.bytes)
      yield undefined
    }
    const entry = pool.take()
    if (!entry) return pool.cut ? 'cut' : 'all'
    yield entry
  }
}

/** Entries that were read, in order. */
class Pool {
  readonly #order: (one: Place, other: Place) => number
  readonly #limits: PoolLimits
  #sorted: LyingEntry[] = []
  #at = 0
  #fresh: LyingEntry[] = []
  #heldBytes = 0
  /** The first of those that were let go. */
  cut: Place | undefined

  constructor(order: (one: Place, other: Place) => number, limits: PoolLimits) {
    this.#order = order
    this.#limits = limits
  }

  get first(): LyingEntry | undefined {
    this.#settle()
    return this.#sorted[this.#at]
  }

  /** False for an entry behind the cut, which is let go. */
  add(entry: LyingEntry): boolean {
    if (this.cut && this.#order(entry, this.cut) >= 0) return false
    this.#fresh.push(entry)
    return true
  }

  take(): LyingEntry | undefined {
    const { first } = this
    if (first) this.#at++
    return first
  }

  /** Entries keep alive the bytes that they lie in; when those are too many, the first entries get bytes of their own. */
  hold(bytes: number): void {
    this.#heldBytes += bytes
    const count = this.#fresh.length + this.#sorted.length - this.#at
    if (this.#heldBytes <= this.#limits.bytes && count <= 2 * this.#limits.entries) return
    this.#settle()
    const kept: LyingEntry[] = []
    let total = 0
    for (const entry of this.#sorted.slice(this.#at, this.#at + this.#limits.entries)) {
      total += entry.bytes
      if (kept.length > 0 && total > this.#limits.bytes / 2) break
      const file = Buffer.from(entry.file.subarray(entry.at, entry.at + entry.bytes))
      kept.push({ ...entry, file, at: 0 })
    }
    this.cut = this.#sorted[this.#at + kept.length] ?? this.cut
    this.#sorted = kept
    this.#at = 0
    this.#heldBytes = total
  }

  #settle(): void {
    if (this.#fresh.length === 0) return
    const waiting = this.#sorted.slice(this.#at)
    const last = waiting.at(-1)
    const fresh = this.#fresh.sort(this.#order)
    this.#fresh = []
    this.#at = 0
    // Mostly what is read later comes later, and then there is nothing to sort.
    const isLater = !last || this.#order(last, fresh[0]!) <= 0
    const all = waiting.concat(fresh)
    this.#sorted = isLater ? all : all.sort(this.#order)
    if (waiting.length === 0) this.#heldBytes = 0
  }
}

export const overlaps = (
  { oldest, newest }: Pick<Stretch, 'oldest' | 'newest'>,
  { from, until, beyond, reverse }: Range,
): boolean =>
  newest >= from &&
  oldest < until &&
  (!beyond || (reverse ? oldest <= beyond.timestamp : newest >= beyond.timestamp))

const isInRange = (
  entry: LyingEntry,
  { from, until, beyond }: Range,
  order: (one: Place, other: Place) => number,
): boolean =>
  entry.timestamp >= from && entry.timestamp < until && (!beyond || order(entry, beyond) > 0)

/** The stretch that begins first is taken first. */
class Heap {
  readonly #startOf: (stretch: Stretch) => number
  readonly #items: Stretch[] = []

  constructor(startOf: (stretch: Stretch) => number, items: readonly Stretch[]) {
    this.#startOf = startOf
    for (const item of items) this.add(item)
  }

  /** Where the first begins; infinity when there is none. */
  get first(): number {
    const [item] = this.#items
    return item ? this.#startOf(item) : Infinity
  }

  add(item: Stretch): void {
    const items = this.#items
    let at = items.push(item) - 1
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (this.#startOf(items[parent]!) <= this.#startOf(item)) break
      items[at] = items[parent]!
      at = parent
    }
    items[at] = item
  }

  take(): Stretch | undefined {
    const items = this.#items
    const [first] = items
    const last = items.pop()
    if (!first || !last || items.length === 0) return first
    let at = 0
    for (;;) {
      let child = 2 * at + 1
      if (child >= items.length) break
      const right = child + 1
      if (right < items.length && this.#startOf(items[right]!) < this.#startOf(items[child]!))
        child = right
      if (this.#startOf(items[child]!) >= this.#startOf(last)) break
      items[at] = items[child]!
      at = child
    }
    items[at] = last
    return first
  }
}
