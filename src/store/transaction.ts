/**
 * One transaction: it changes the rows at once, so that it sees its own changes in every order, and keeps
 * what was there before, so that a throw can put it back. Nobody else runs in between.
 */
import { assert } from '#kernel/assert.ts'

import type { LoggedChange } from './log.ts'
import { freeze, type Rows } from './rows.ts'
import type { Found, Keyed, Scan, Write } from './store.ts'
import { type Numbered, type Stream, streamLimit } from './stream.ts'
import type { Index, Table, Telling, View } from './table.ts'
import { versions } from './versions.ts'

/** What became of one record: both sides frozen, `undefined` where there was or is none. */
export type Change = {
  readonly table: string
  readonly key: string
  readonly before: object | undefined
  readonly after: object | undefined
}

/** What one turn of the loop can carry; a bigger plan goes in steps. */
export const TRANSACTION_RECORDS_LIMIT = 2_000
export const TRANSACTION_CHARACTERS_LIMIT = 1 << 20

/** A transaction that would change more than one commit may carry. Nothing was changed. */
export class TransactionTooLarge extends Error {
  override name = 'TransactionTooLarge'
}

type Touched = {
  readonly table: Table<object>
  readonly key: string
  readonly before: object | undefined
  after: object | undefined
}

type Appended = {
  readonly to: Stream<object>
  readonly number: number
  readonly row: object
  /** What it made too many. */
  readonly gone: object | undefined
}

export class Transaction implements Write {
  readonly #rows: Rows
  readonly #limit: number
  readonly #touched: Touched[] = []
  /** By table, so that no name has to be made for each record, and by key. */
  readonly #of = new Map<Table<object>, Map<string, Touched>>()
  readonly #appended: Appended[] = []

  /** `limit`: how many records it may change; none where nothing of it will be kept. */
  constructor(rows: Rows, limit = TRANSACTION_RECORDS_LIMIT) {
    this.#rows = rows
    this.#limit = limit
  }

  get<T>(table: Table<T>, key: string): Readonly<T> | undefined {
    return this.#rows.get(table.name, key) as T | undefined
  }

  *scan<T>(source: Table<T> | Index<T>, scan: Scan = {}): Generator<Found<T>> {
    const { prefix = '', after, reverse = false } = scan
    if ('of' in source) {
      const entries = this.#rows.entries(source as unknown as Index<object>)
      for (const { at, key } of entries.scan(prefix, after, reverse)) {
        const row = this.get(source.table, key)
        if (row !== undefined) yield { at, key, row }
      }
      return
    }
    for (const key of this.#rows.keys(source.name).scan(prefix, after, reverse)) {
      const row = this.get(source, key)
      if (row !== undefined) yield { at: key, key, row }
    }
  }

  *find<T>(index: Index<T>, value: string): Generator<Keyed<T>> {
    for (const key of this.#rows.entries(index as unknown as Index<object>).keysOf(value)) {
      const row = this.get(index.table, key)
      if (row !== undefined) yield { key, row }
    }
  }

  after<T>(of: Stream<T>, number: number): Iterable<Numbered<T>> {
    return this.#rows.stream(of as Stream<object>).after(number) as Iterable<Numbered<T>>
  }

  last<T>(of: Stream<T>): number {
    return this.#rows.stream(of as Stream<object>).last
  }

  view<V>(view: View<V>): V {
    // Rows are read as they are, so a transaction of its own reads them for good.
    return this.#rows.view(view, new Transaction(this.#rows))
  }

  put<T extends object>(table: Table<T>, key: string, row: T): void {
    this.#set(table, key, freeze(row))
  }

  patch<T extends object>(table: Table<T>, key: string, fields: Partial<T>): Readonly<T> {
    const before = this.get(table, key)
    assert(before, `no ${table.name} ${key} to patch`)
    const row = { ...before, ...fields }
    for (const name of Object.keys(fields) as (keyof T)[])
      if (fields[name] === undefined) delete row[name]
    this.put(table, key, row)
    return row
  }

  delete<T>(table: Table<T>, key: string): void {
    if (this.#rows.get(table.name, key))
      this.#set(table as unknown as Table<object>, key, undefined)
  }

  append<T extends object>(to: Stream<T>, row: T): void {
    const rows = this.#rows.stream(to)
    const gone = rows.append(freeze(row))
    this.#appended.push({ to, number: rows.last, row, gone })
    this.#bound()
  }

  #set(table: Table<object>, key: string, after: object | undefined): void {
    // The commit that is the first to write rows of a later version says so.
    if (table.version > 1 && this.#rows.versionKept(table.name) !== table.version)
      this.put(versions, table.name, { version: table.version })
    const before = this.#rows.set(table, key, after)
    let ofTable = this.#of.get(table)
    if (!ofTable) this.#of.set(table, (ofTable = new Map<string, Touched>()))
    const known = ofTable.get(key)
    if (known) {
      known.after = after
      return
    }
    const touched = { table, key, before, after }
    ofTable.set(key, touched)
    this.#touched.push(touched)
    this.#bound()
  }

  #bound(): void {
    if (this.#touched.length + this.#appended.length > this.#limit)
      throw new TransactionTooLarge(`a transaction changes at most ${this.#limit} records`)
  }

  /** Puts back all that was there before. */
  undo(): void {
    for (const { table, key, before } of this.#touched.toReversed())
      this.#rows.set(table, key, before)
    for (const { to, gone } of this.#appended.toReversed()) this.#rows.stream(to).takeBack(gone)
    this.#touched.length = 0
    this.#appended.length = 0
    this.#of.clear()
  }

  changes(): Change[] {
    const changes: Change[] = []
    for (const { table, key, before, after } of this.#touched)
      if (before !== after) changes.push({ table: table.name, key, before, after })
    for (const { to, number, row } of this.#appended)
      changes.push({ table: to.name, key: String(number), before: undefined, after: row })
    return changes
  }

  /** The changes as the log keeps them: fields, not rows, where a row was there before. */
  logged(changes: readonly Change[]): string {
    const text = JSON.stringify(changes.map((change) => this.#told(change) ?? loggedChange(change)))
    if (text.length > TRANSACTION_CHARACTERS_LIMIT)
      throw new TransactionTooLarge(
        `a transaction writes at most ${TRANSACTION_CHARACTERS_LIMIT} characters`,
      )
    return text
  }

  /** A row that tells of what another record is at the end of this commit: the log has that record already. */
  #told({ table, key, after }: Change): LoggedChange | undefined {
    if (!after || streamLimit(table) === undefined) return undefined
    const { of, record, ...fields } = after as Partial<Telling>
    return of && this.#rows.get(...of) === record ? [table, key, 'tell', fields, of] : undefined
  }
}

function loggedChange({ table, key, before, after }: Change): LoggedChange {
  if (!after) return [table, key, 'delete']
  if (!before) return [table, key, 'put', after]
  const was = before as Record<string, unknown>
  const is = after as Record<string, unknown>
  const set: Record<string, unknown> = {}
  for (const field of Object.keys(is)) if (is[field] !== was[field]) set[field] = is[field]
  const drop = Object.keys(was).filter(
    (field) => was[field] !== undefined && is[field] === undefined,
  )
  return [table, key, 'patch', set, drop]
}
