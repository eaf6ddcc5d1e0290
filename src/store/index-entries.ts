/** The entries of one index: its values in order, and for each value the keys of its rows in order. */
import { byCodeUnit, OrderedStrings } from './ordered.ts'
import { END } from './table.ts'

type Entry = { readonly at: string; readonly key: string }

/**
 * A value is held once, however many rows have it, and a key is the very string that its table holds: an entry costs
 * little more than a pointer. Many values have one row: their key stands alone.
 */
export class IndexEntries {
  readonly #values = new OrderedStrings()
  readonly #keys = new Map<string, string | OrderedStrings>()

  add(value: string, key: string): void {
    const held = this.#keys.get(value)
    if (held === undefined) {
      this.#values.add(value)
      this.#keys.set(value, key)
    } else if (typeof held !== 'string') held.add(key)
    else if (held !== key) {
      this.#keys.set(value, filled(held < key ? [held, key] : [key, held]))
    }
  }

  /** Gives back the string that was held: the one to add under another value. */
  delete(value: string, key: string): string {
    const held = this.#keys.get(value)
    if (held === undefined) return key
    const isLast = held === key || (typeof held !== 'string' && held.size === 1)
    const kept = typeof held === 'string' ? held : held.delete(key)
    if (kept === key && isLast) {
      this.#values.delete(value)
      this.#keys.delete(value)
    }
    return kept ?? key
  }

  /** The keys of a value, in order. They may change while they are read. */
  keysOf(value: string): Iterable<string> {
    const held = this.#keys.get(value)
    return held === undefined ? [] : typeof held === 'string' ? [held] : held.scan('')
  }

  /** Replaces the whole content. */
  fill(entries: Iterable<readonly [value: string, key: string]>): void {
    const keys = new Map<string, string[]>()
    for (const [value, key] of entries) {
      const held = keys.get(value)
      if (held) held.push(key)
      else keys.set(value, [key])
    }
    this.#values.fill([...keys.keys()].sort(byCodeUnit))
    this.#keys.clear()
    for (const [value, all] of keys)
      this.#keys.set(value, all.length === 1 ? (all[0] as string) : filled(all.sort(byCodeUnit)))
  }

  /** Entries whose `at` (value, END, key) has the prefix, in the order of `at`. They may change while they are read. */
  *scan(prefix: string, after: string | undefined, reverse: boolean): Generator<Entry> {
    const [ofValue, ofKey] = split(prefix)
    const [value, key = ''] = after === undefined ? [] : split(after)
    if (ofKey !== undefined) {
      const isPast = value !== undefined && (reverse ? value < ofValue : value > ofValue)
      if (!isPast) yield* this.#of(ofValue, ofKey, value === ofValue ? key : undefined, reverse)
      return
    }
    if (value?.startsWith(ofValue)) yield* this.#of(value, '', key, reverse)
    for (const next of this.#values.scan(ofValue, value, reverse))
      yield* this.#of(next, '', undefined, reverse)
  }

  *#of(
    value: string,
    prefix: string,
    after: string | undefined,
    reverse: boolean,
  ): Generator<Entry> {
    const held = this.#keys.get(value)
    if (held === undefined) return
    const keys = typeof held === 'string' ? filled([held]) : held
    for (const key of keys.scan(prefix, after, reverse)) yield { at: value + END + key, key }
  }
}

function filled(sorted: readonly string[]): OrderedStrings {
  const keys = new OrderedStrings()
  keys.fill(sorted)
  return keys
}

/** The value, and the key where there is the end of the value. */
function split(text: string): [value: string, key?: string] {
  const end = text.indexOf(END)
  return end < 0 ? [text] : [text.slice(0, end), text.slice(end + 1)]
}
