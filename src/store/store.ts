/**
 * All state of the control plane: read at once, changed in synchronous transactions, durable before any
 * answer leaves, watched by commit. The rows live in memory; `log.ts` says where they are kept.
 */
import { assert } from '#kernel/assert.ts'
import { Fault } from '#kernel/fault.ts'

import type { StateLog } from './log.ts'
import { Rows } from './rows.ts'
import type { Numbered, Stream } from './stream.ts'
import type { Index, Table, View } from './table.ts'
import { type Change, Transaction } from './transaction.ts'
import { upgradesOf, versions } from './versions.ts'

export {
  follow,
  index,
  type Index,
  table,
  type Table,
  timeIndex,
  type TimeIndex,
  view,
  type View,
} from './table.ts'
export { type Change, TransactionTooLarge } from './transaction.ts'

/** Where a scan starts and which way it goes. `after` is the `at` of an entry that an earlier page ended with. */
export type Scan = {
  readonly prefix?: string
  /** Instead of a prefix: the rows of this index value alone, in the order of their keys. */
  readonly value?: string
  readonly after?: string | undefined
  readonly reverse?: boolean
}
export type Keyed<T> = { readonly key: string; readonly row: Readonly<T> }
/** A row found by a scan; `at` is its place in the order, for the next page. */
export type Found<T> = Keyed<T> & { readonly at: string }

export interface Read {
  get<T>(table: Table<T>, key: string): Readonly<T> | undefined
  /** Rows in the order of their keys, or of an index; the set may change while it is scanned. */
  scan<T>(source: Table<T> | Index<T>, scan?: Scan): Iterable<Found<T>>
  /** Rows whose index value is exactly `value`, in the order of their keys. */
  find<T>(index: Index<T>, value: string): Iterable<Keyed<T>>
  /** Rows that are kept, of a greater number than this one, oldest first. */
  after<T>(stream: Stream<T>, number: number): Iterable<Numbered<T>>
  /** The number of the newest row there ever was; 0 where there was none. */
  last<T>(stream: Stream<T>): number
  /** What a room keeps in step with rows, as it is now. */
  view<V>(view: View<V>): V
}
export interface Write extends Read {
  put<T extends object>(table: Table<T>, key: string, row: T): void
  /** Sets some fields of a row that exists; a field set to `undefined` is dropped. */
  patch<T extends object>(table: Table<T>, key: string, fields: Partial<T>): Readonly<T>
  delete<T>(table: Table<T>, key: string): void
  append<T extends object>(stream: Stream<T>, row: T): void
}

export type Commit = { readonly revision: number; readonly changes: readonly Change[] }
export type Watcher = (commit: Commit) => void

/**
 * After this many commits, or this many characters of changes, the journal is folded into a snapshot; and in proportion
 * where there are more rows, since a snapshot writes all of them: its cost is a share of the cost of what it folds.
 */
const SNAPSHOT_AFTER_COMMITS = 50_000
const SNAPSHOT_AFTER_CHARACTERS = 128 << 20
const SNAPSHOT_ROWS = 100_000
const SNAPSHOT_SLICE_ROWS = 256

type Waiter = {
  readonly revision: number
  readonly done: () => void
  readonly fail: (e: Error) => void
}

export class Store {
  readonly #rows = new Rows()
  readonly #log: StateLog
  readonly #watchers = new Set<Watcher>()
  /** Made, and not durable yet. */
  #untold: Commit[] = []
  #waiters: Waiter[] = []
  #revision = 0
  #durable = 0
  #failure: Error | undefined
  #open: Transaction | undefined
  #commitsSinceSnapshot = 0
  #charactersSinceSnapshot = 0
  #snapshotting = false

  private constructor(log: StateLog) {
    this.#log = log
  }

  /**
   * Loads what the log keeps and takes it from there. `failed` is told once when the log can keep no more:
   * the process must stop then, because no answer may leave any longer.
   */
  static async open(log: StateLog, failed: (error: Error) => void): Promise<Store> {
    const store = new Store(log)
    store.#revision = await log.load({
      row: (table, key, row) => store.#rows.restore(table, key, row),
      commit: (_revision, changes) => {
        for (const change of changes) store.#rows.replay(change)
        store.#commitsSinceSnapshot++
      },
    })
    const upgraded = upgradesOf((name) => store.#rows.versionKept(name)).filter(
      (upgrade) => store.#rows.upgrade(upgrade) > 0,
    )
    store.#rows.loaded()
    store.#durable = store.#revision
    log.listen(
      (revision) => store.#becameDurable(revision),
      (error) => {
        store.#fail(error)
        failed(error)
      },
    )
    // Where nothing can be written the rows are upgraded for this life alone.
    if (upgraded.length > 0 && store.unwritable === undefined)
      await store.write((tx) => {
        for (const { table: name, to } of upgraded) tx.put(versions, name, { version: to })
      })
    return store
  }

  /** The newest commit, durable or not. What is computed from it may leave after `settled(revision)`. */
  get revision(): number {
    return this.#revision
  }

  /** Why nothing can be changed, where that is so: the disk was full when the store was opened. */
  get unwritable(): string | undefined {
    return this.#log.unwritable
  }

  read<R>(body: (tx: Read) => R): R {
    return body(this.#open ?? new Transaction(this.#rows))
  }

  /** Runs `body` to its end without waiting. A throw changes nothing. */
  transact<R>(body: (tx: Write) => R): { readonly result: R; readonly revision: number } {
    if (this.#failure) throw this.#failure
    assert(!this.#open, 'transactions do not nest')
    const tx = (this.#open = new Transaction(this.#rows))
    try {
      const result = body(tx)
      assert(!(result instanceof Promise), 'a transaction must not wait')
      this.#commit(tx)
      return { result, revision: this.#revision }
    } catch (error) {
      tx.undo()
      throw error
    } finally {
      this.#open = undefined
    }
  }

  /**
   * Runs `body` as if it were to be kept, and keeps nothing: what it returns is what would be. It may be larger than what
   * one commit carries, because it stands for many.
   */
  rehearse<R>(body: (tx: Write) => R): R {
    assert(!this.#open, 'transactions do not nest')
    const tx = (this.#open = new Transaction(this.#rows, Infinity))
    try {
      return body(tx)
    } finally {
      tx.undo()
      this.#open = undefined
    }
  }

  /** As `transact`; resolves once all that the body saw and changed is durable. */
  async write<R>(body: (tx: Write) => R): Promise<R> {
    const { result, revision } = this.transact(body)
    await this.settled(revision)
    return result
  }

  /** The exit barrier: resolves when the log holds the revision, rejects when it never will. */
  settled(revision: number): Promise<void> {
    if (this.#failure) return Promise.reject(this.#failure)
    if (revision <= this.#durable) return Promise.resolve()
    return new Promise((done, fail) => this.#waiters.push({ revision, done, fail }))
  }

  /** Tells each commit once it is durable, in order. Returns how to stop. */
  watch(watcher: Watcher): () => void {
    this.#watchers.add(watcher)
    return () => this.#watchers.delete(watcher)
  }

  async close(): Promise<void> {
    await this.#log.close()
  }

  #commit(tx: Transaction): void {
    const changes = tx.changes()
    if (changes.length === 0) return
    if (this.unwritable !== undefined)
      throw new Fault(
        'ServiceUnavailable',
        `Nothing can be written, only read: ${this.unwritable}.`,
        503,
      )
    const text = tx.logged(changes)
    const commit = { revision: ++this.#revision, changes }
    this.#untold.push(commit)
    this.#log.append(commit.revision, text)
    this.#commitsSinceSnapshot++
    this.#charactersSinceSnapshot += text.length
  }

  #becameDurable(revision: number): void {
    this.#durable = revision
    const waiting: Waiter[] = []
    for (const waiter of this.#waiters)
      if (waiter.revision <= revision) waiter.done()
      else waiting.push(waiter)
    this.#waiters = waiting
    const first = this.#untold[0]?.revision ?? revision + 1
    for (const commit of this.#untold.splice(0, revision + 1 - first))
      for (const watcher of this.#watchers) watcher(commit)
    void this.#snapshotIfDue()
  }

  #fail(error: Error): void {
    this.#failure = error
    for (const waiter of this.#waiters) waiter.fail(error)
    this.#waiters = []
  }

  async #snapshotIfDue(): Promise<void> {
    const share = Math.max(1, this.#rows.size / SNAPSHOT_ROWS)
    const due =
      this.#commitsSinceSnapshot > SNAPSHOT_AFTER_COMMITS * share ||
      this.#charactersSinceSnapshot > SNAPSHOT_AFTER_CHARACTERS * share
    if (due && !this.#failure) await this.snapshot()
  }

  /** Writes all rows to the log in slices, so that restarts need not replay from the beginning. One at a time. */
  async snapshot(): Promise<void> {
    // An older one that ended after a newer would take its place, and what is between them is in the journal no more.
    if (this.#snapshotting) return
    this.#snapshotting = true
    this.#commitsSinceSnapshot = 0
    this.#charactersSinceSnapshot = 0
    try {
      await this.settled(this.#revision)
      const writer = this.#log.snapshot(this.#durable)
      for (const slice of this.#rows.slices(SNAPSHOT_SLICE_ROWS)) await writer.rows(slice)
      // The slices may hold rows of commits newer than the snapshot's start: it counts once those are durable too.
      await this.settled(this.#revision)
      await writer.end()
    } catch (error) {
      if (!this.#failure) throw error
    } finally {
      this.#snapshotting = false
    }
  }
}
