import { assert } from '#kernel/assert.ts'

import type { Read } from './store.ts'

/** A typed table: its name is its identity in the log, `room.records`. Keys start with `tenant/region/`. */
export type Table<T> = {
  readonly name: string
  /** The version of its rows' shape: 1 at first, and one more with each change that rows of before do not have. */
  readonly version: number
  readonly indexes: Index<T>[]
  readonly followers: Follower[]
  /** Only for the type checker: what a row is. */
  readonly _row?: T
}

/** A second order of a table's rows. Rows for which `of` gives nothing are not in it. */
export type Index<T> = {
  readonly table: Table<T>
  readonly name: string
  // A method, so that a table of some record can stand where only its name and keys matter.
  of(row: T): string | undefined
  /** Where it is worth it: whether two rows of one key are known to have the same value without making it. */
  isSame?(before: T, after: T): boolean
}

/** What the store should know of all rows of a table. */
type Traits<T> = {
  /** Rows of one kin have much in common, which is held once for all of them when a log gives them back. */
  readonly kin?: (row: T) => string
  /**
   * How a row of version 1 becomes one of version 2, one of 2 one of 3, and so on: the table's version is one more than
   * there are steps. A step is pure and never changes: a log that was written since is read through it again. It may be
   * any row of the table that there ever was, and those that notices tell of.
   */
  readonly upgrades?: readonly ((row: Readonly<Record<string, unknown>>) => object)[]
}
/** What a table says of its rows, by its name, which is all that a log knows of it. */
const traits = new Map<string, Traits<object>>()

/** Names are for ever, and no two tables have the same. */
export function table<T extends object>(name: string, its: Traits<T> = {}): Table<T> {
  assert(!traits.has(name), `two tables are called ${name}`)
  traits.set(name, its as Traits<object>)
  return { name, version: versionOf(name), indexes: [], followers: [] }
}
export const traitsOf = (tableName: string): Traits<object> => traits.get(tableName) ?? {}
/** The version of the shape of a table's rows; 1 of a table that nobody knows any more. */
export const versionOf = (tableName: string): number =>
  (traitsOf(tableName).upgrades?.length ?? 0) + 1
/** All that are declared. */
export const tableNames = (): readonly string[] => [...traits.keys()]

/**
 * A stream's row that tells of a record, as that record was then. In memory both are one object; in the journal it is
 * written once, by the commit that made it so.
 */
export type Telling = {
  readonly of: readonly [table: string, key: string]
  readonly record: object
}

/** Declares an order by something other than the key. Declare all before the store opens. */
export function index<T>(
  of: Table<T>,
  name: string,
  value: (row: T) => string | undefined,
  isSame?: (before: T, after: T) => boolean,
): Index<T> {
  const made = { table: of, name: `${of.name}.${name}`, of: value, ...(isSame && { isSame }) }
  of.indexes.push(made)
  return made
}

/** An order by a moment, in milliseconds since the epoch. */
export type TimeIndex<T> = Index<T> & { at(row: T): number | undefined }
const TIME_DIGITS = 15

export function timeIndex<T>(
  of: Table<T>,
  name: string,
  at: (row: T) => number | undefined,
): TimeIndex<T> {
  const text = (row: T): string | undefined => at(row)?.toString().padStart(TIME_DIGITS, '0')
  return Object.assign(index(of, name, text), { at })
}

/**
 * What a room computes from rows and keeps in step with them, where an order is not enough. It is made when it is first
 * asked for, and told of every row that changes from then on; what a transaction takes back is told as changes too.
 */
export type View<V> = { make(rows: Read): V }
/** How a view is told of a row: what it was, and what it is. */
type Follower = {
  readonly view: View<unknown>
  readonly tell: (
    view: never,
    key: string,
    before: object | undefined,
    after: object | undefined,
  ) => void
}

/** Declare all before the store opens. */
export function view<V>(make: (rows: Read) => V): View<V> {
  return { make }
}

export function follow<T extends object, V>(
  of: Table<T>,
  its: View<V>,
  tell: (view: V, key: string, before: T | undefined, after: T | undefined) => void,
): void {
  of.followers.push({ view: its, tell } as Follower)
}

/** Ends the value in an index entry; the row's key follows. No value may contain it. */
export const END = '\u0000'
