/** The rows themselves: per table a map, its indexes in order, and its keys in order where somebody asks. Knows no transactions. */
import { assert } from '#kernel/assert.ts'

import { IndexEntries } from './index-entries.ts'
import { type LoggedChange, LogError } from './log.ts'
import { byCodeUnit, OrderedStrings } from './ordered.ts'
import { Kin, sharing } from './sharing.ts'
import type { Read } from './store.ts'
import { type Stream, streamLimit, StreamRows } from './stream.ts'
import { type Index, type Table, type Telling, traitsOf, type View } from './table.ts'
import { type Upgrade, versions } from './versions.ts'

/** `keys` are brought in order when they are first asked for, and kept in it from then on: most tables are read by indexes. */
type TableRows = { readonly rows: Map<string, object>; keys: OrderedStrings | undefined }
type AnyIndex = Index<object>

export class Rows {
  readonly #tables = new Map<string, TableRows>()
  readonly #streams = new Map<string, StreamRows>()
  readonly #indexes = new Map<AnyIndex, IndexEntries>()
  readonly #views = new Map<View<unknown>, unknown>()
  /** By table, while a log is read. */
  #kin: Record<string, Kin> = {}

  get(table: string, key: string): object | undefined {
    return this.#tables.get(table)?.rows.get(key)
  }

  /** The rows of all tables together. */
  get size(): number {
    let size = 0
    for (const { rows } of this.#tables.values()) size += rows.size
    return size
  }

  keys(table: string): OrderedStrings {
    const its = this.#table(table)
    if (!its.keys) {
      its.keys = new OrderedStrings()
      its.keys.fill([...its.rows.keys()].sort(byCodeUnit))
    }
    return its.keys
  }

  stream(of: Stream<object>): StreamRows {
    return this.#stream(of.name, of.limit)
  }

  entries(index: AnyIndex): IndexEntries {
    let entries = this.#indexes.get(index)
    if (!entries) {
      this.#indexes.set(index, (entries = new IndexEntries()))
      entries.fill(this.#values(index))
    }
    return entries
  }

  *#values(index: AnyIndex): Generator<[value: string, key: string]> {
    for (const [key, row] of this.#table(index.table.name).rows) {
      const value = index.of(row)
      if (value !== undefined) yield [value, key]
    }
  }

  /** `reader` must go on reading these rows as they are, for as long as the view is there. */
  view<V>(view: View<V>, reader: Read): V {
    let made = this.#views.get(view)
    if (made === undefined) this.#views.set(view, (made = view.make(reader)))
    return made as V
  }

  /** Sets or (with `undefined`) deletes a row and moves its index entries. Returns what was there. */
  set(table: Table<object>, key: string, after: object | undefined): object | undefined {
    const { rows, keys } = this.#table(table.name)
    const before = rows.get(key)
    for (const index of table.indexes) {
      const entries = this.entries(index)
      if (before && after && index.isSame?.(before, after)) continue
      const from = before && index.of(before)
      const to = after && index.of(after)
      if (from === to) continue
      const held = from === undefined ? key : entries.delete(from, key)
      if (to !== undefined) entries.add(to, held)
    }
    if (after === undefined) {
      rows.delete(key)
      keys?.delete(key)
    } else {
      rows.set(key, after)
      if (before === undefined) keys?.add(key)
    }
    for (const { view, tell } of table.followers) {
      const made = this.#views.get(view)
      if (made !== undefined) tell(made as never, key, before, after)
    }
    return before
  }

  restore(name: string, key: string, row: object): void {
    const limit = streamLimit(name)
    if (limit === undefined) this.#table(name).rows.set(key, freeze(this.#shared(name, row)))
    else this.#stream(name, limit).restore(Number(key), freeze(this.#retold(row)))
  }

  /** A row from the log, sharing with others what it had in common with them before. */
  #shared(table: string, row: object): object {
    const { kin } = traitsOf(table)
    return kin ? (this.#kin[table] ??= new Kin()).adopt(kin(row), row) : row
  }

  #retold(row: object): object {
    const { of, record } = row as Partial<Telling>
    return of && record ? { ...row, record: sharing(this.get(...of), record) } : row
  }

  /**
   * Applies a change from the journal. A snapshot may already hold later states of a row; every change is
   * absolute, so applying all of them in order ends in the same rows. A patch of a row that is gone in the
   * snapshot is followed by its deletion. A stream's row is left as the snapshot has it: the record that it tells of
   * may be a later one there.
   */
  replay(change: LoggedChange): void {
    const [table, key, kind] = change
    const limit = streamLimit(table)
    if (limit !== undefined) {
      if (kind === 'put') this.restore(table, key, change[3])
      else if (kind === 'tell')
        this.#tell(this.#stream(table, limit), Number(key), change[3], change[4])
      return
    }
    if (table === versions.name && kind !== 'delete') {
      const { version = 1 } = change[3] as { version?: number }
      this.upgrade({ table: key, from: this.versionKept(key), to: version })
    }
    const { rows } = this.#table(table)
    if (kind === 'delete') rows.delete(key)
    else if (kind === 'put') rows.set(key, freeze(this.#shared(table, change[3])))
    else if (kind === 'patch') {
      const before = rows.get(key)
      const row: Record<string, unknown> = { ...before, ...change[3] }
      for (const field of change[4]) delete row[field]
      rows.set(key, freeze(sharing(before, row)))
    }
  }

  #tell(rows: StreamRows, number: number, fields: object, of: Telling['of']): void {
    // The snapshot has it, and the record may be a later one there.
    if (number <= rows.last) return
    const record = this.get(...of)
    assert(record, `the journal tells of ${of.join(' ')}, which it does not have`)
    rows.restore(number, freeze({ ...fields, of, record }))
  }

  /**
   * Gives all rows of a table, and those that streams tell of, the shape of a later version, and says how many there were.
   * While a log is loaded.
   */
  upgrade({ table, from, to }: Upgrade): number {
    let count = 0
    const steps = traitsOf(table).upgrades?.slice(from - 1, to - 1) ?? []
    const upgraded = (row: object, key: string): object => {
      count += 1
      try {
        return freeze(steps.reduce<object>((before, step) => step(before as never), row))
      } catch (error) {
        throw new LogError(
          `${table} ${key} cannot be brought from version ${from} to ${to}: ${(error as Error).message}. Nothing was changed: start the release of before`,
        )
      }
    }
    const { rows } = this.#table(table)
    for (const [key, row] of rows) rows.set(key, upgraded(row, key))
    for (const stream of this.#streams.values())
      stream.change((row) => {
        const { of, record } = row as Partial<Telling>
        return of?.[0] === table && record
          ? freeze({ ...row, record: upgraded(record, of[1]) })
          : row
      })
    return count
  }

  /** The version that a table's rows have. */
  versionKept(table: string): number {
    return (this.get(versions.name, table) as { version: number } | undefined)?.version ?? 1
  }

  /** After a load. Orders are built when they are first used. */
  loaded(): void {
    this.#kin = {}
  }

  /**
   * All rows, a slice at a time; rows may change between slices. Streams come last: what is not among them is of a later
   * commit than every record of the snapshot, and replaying finds the record of which it tells as it was told.
   */
  *slices(size: number): Generator<[table: string, key: string, row: object][]> {
    for (const table of this.#tables.keys()) yield* this.#slices(table, size)
    for (const [name, rows] of this.#streams) {
      let slice: [table: string, key: string, row: object][] = []
      for (const { number, row } of rows.after(0)) {
        slice.push([name, String(number), row])
        if (slice.length < size) continue
        yield slice
        slice = []
      }
      if (slice.length > 0) yield slice
    }
  }

  *#slices(table: string, size: number): Generator<[table: string, key: string, row: object][]> {
    const { rows } = this.#table(table)
    // The keys of now: what comes later is in the journal. What is taken back meanwhile would move in the map itself.
    const keys = [...rows.keys()]
    for (let at = 0; at < keys.length; at += size) {
      const slice = keys.slice(at, at + size).flatMap((key): [string, string, object][] => {
        const row = rows.get(key)
        return row ? [[table, key, row]] : []
      })
      if (slice.length > 0) yield slice
    }
  }

  #stream(name: string, limit: number): StreamRows {
    let rows = this.#streams.get(name)
    if (!rows) this.#streams.set(name, (rows = new StreamRows(limit)))
    return rows
  }

  #table(name: string): TableRows {
    let table = this.#tables.get(name)
    if (!table) this.#tables.set(name, (table = { rows: new Map(), keys: undefined }))
    return table
  }
}

/** Rows are shared by every reader, so no one may change one in place. */
export function freeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value)
    for (const name in value) if (typeof value[name] === 'object') freeze(value[name])
  }
  return value
}
