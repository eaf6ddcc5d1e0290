/**
 * The thread that owns the journal's file. A FULL commit waits for the disk for milliseconds; here nobody else
 * waits with it. Each journal row carries a checksum chained to the one before, because SQLite does not check
 * the pages it reads.
 */
import { hash } from 'node:crypto'
import { closeSync, constants, existsSync, openSync, readSync, writeSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { parentPort, workerData } from 'node:worker_threads'

import { assert } from '#kernel/assert.ts'

import type { FromWorker, ToWorker } from './sqlite-log.ts'

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS journal (revision INTEGER PRIMARY KEY, changes TEXT NOT NULL, checksum TEXT NOT NULL);
  CREATE TABLE IF NOT EXISTS snapshots (
    revision INTEGER PRIMARY KEY, chain TEXT NOT NULL, checksum TEXT NOT NULL, complete INTEGER NOT NULL);
  CREATE TABLE IF NOT EXISTS snapshot_rows (
    revision INTEGER NOT NULL, number INTEGER NOT NULL, content TEXT NOT NULL, PRIMARY KEY (revision, number)
  ) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS life (open INTEGER NOT NULL);
`
/** SQLite's codes for a disk that has no room, whoever of them says it first. */
const FULL = new Set([13, 778])
const FORMAT = 1
/** Commits that are loaded together have this many characters, or are one. */
const LOAD_CHARACTERS = 1 << 20
/** This many parts of what is loaded are on their way at once: reading is faster than taking, and memory is not endless. */
const LOAD_AHEAD = 4
/** What goes at a time when old rows are dropped, so that commits need not wait long behind it. */
const DROP_BATCH = 5_000

const chained = (before: string, text: string): string =>
  hash('sha256', `${before}\n${text}`, 'hex').slice(0, 32)

assert(parentPort, 'this file runs as a worker')
const port = parentPort
const say = (message: FromWorker): void => port.postMessage(message)

/**
 * The newest revision that was ever acknowledged, beside the journal. SQLite takes a damaged tail of its write-ahead log
 * for one that was never written, and would serve what was before it; this knows better. It is not synced: after a power
 * cut it may be too low, and then it finds less, but it is never too high.
 */
class Mark {
  readonly #path: string
  readonly #file: number
  readonly #bytes = Buffer.alloc(8)

  constructor(path: string) {
    this.#path = path
    this.#file = openSync(path, constants.O_RDWR | constants.O_CREAT, 0o600)
  }

  set(revision: number): void {
    this.#bytes.writeBigUInt64LE(BigInt(revision))
    writeSync(this.#file, this.#bytes, 0, this.#bytes.length, 0)
  }

  check(last: number): void {
    if (readSync(this.#file, this.#bytes, 0, this.#bytes.length, 0) < this.#bytes.length) return
    const acknowledged = Number(this.#bytes.readBigUInt64LE())
    if (last < acknowledged)
      throw new Error(
        `the journal ends at revision ${last}, but ${acknowledged} was acknowledged: its end is lost (to go on without it, remove ${this.#path})`,
      )
  }

  close(): void {
    closeSync(this.#file)
  }
}

class Journal {
  readonly #db: DatabaseSync
  readonly #mark: Mark
  #isClosed = false
  #isLoading = false
  #chain = ''
  #snapshot = { revision: 0, number: 0, checksum: '' }
  #parts: Generator<FromWorker, void> | undefined
  #unwritable: string | undefined

  constructor(path: string) {
    // Either knows how far the journal went; without both, the database alone says whether there was more.
    const knowsMore = existsSync(`${path}-wal`) || existsSync(`${path}.mark`)
    this.#db = new DatabaseSync(path)
    this.#db.exec(
      'PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;',
    )
    const format = Number(this.#db.prepare('PRAGMA user_version').get()?.['user_version'])
    if (format > FORMAT) throw new Error(`${path} was written by a newer Berth (format ${format})`)
    if (!knowsMore && this.#wasOpen()) {
      // Its end would take away the file that the operator is about to put there.
      this.#db.close()
      throw new Error(
        `${path} was not closed in good order, and ${path}-wal, which holds its newest commits, is gone with ${path}.mark: put them back (to go on without them, make an empty ${path}-wal)`,
      )
    }
    this.#begin(format > 0)
    this.#mark = new Mark(`${path}.mark`)
  }

  /** Whether its last life did not end in good order: then a part of it is in the write-ahead log alone. */
  #wasOpen(): boolean {
    const life = this.#db.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'life'").get()
    return life !== undefined && this.#db.prepare('SELECT open FROM life').get()?.['open'] === 1
  }

  /** Says in the database itself, and not only in its write-ahead log, that a life has begun. */
  #begin(wasThere: boolean): void {
    try {
      this.#db.exec(`BEGIN IMMEDIATE; ${SCHEMA} PRAGMA user_version = ${FORMAT};
        DELETE FROM life; INSERT INTO life VALUES (1); COMMIT; PRAGMA wal_checkpoint(TRUNCATE);`)
    } catch (error) {
      // What is there can be read where nothing can be written.
      if (!wasThere || !FULL.has((error as { errcode?: number }).errcode ?? 0)) throw error
      if (this.#db.isTransaction) this.#db.exec('ROLLBACK')
      this.#unwritable = (error as Error).message
    }
  }

  load(): void {
    this.#isLoading = true
    this.#parts = this.#read()
    for (let ahead = 0; ahead < LOAD_AHEAD; ahead += 1) this.#more()
  }

  #more(): void {
    const next = this.#parts?.next()
    if (next && !next.done) say(next.value)
  }

  /** The newest snapshot and the commits after it, in parts, and last up to which revision that is. */
  *#read(): Generator<FromWorker, void> {
    const snapshot = this.#db
      .prepare(
        'SELECT revision, chain, checksum FROM snapshots WHERE complete = 1 ORDER BY revision DESC',
      )
      .get() as { revision: number; chain: string; checksum: string } | undefined
    if (snapshot) yield* this.#readSnapshot(snapshot)
    let expected = (snapshot?.revision ?? 0) + 1
    let commits: [number, string][] = []
    let characters = 0
    const rows = this.#db
      .prepare(
        'SELECT revision, changes, checksum FROM journal WHERE revision >= ? ORDER BY revision',
      )
      .iterate(expected) as Iterable<{ revision: number; changes: string; checksum: string }>
    for (const { revision, changes, checksum } of rows) {
      if (revision !== expected) throw new Error(`the journal lacks revision ${expected}`)
      this.#chain = chained(this.#chain, `${revision}\n${changes}`)
      if (this.#chain !== checksum)
        throw new Error(`the journal is damaged at revision ${revision}`)
      commits.push([revision, changes])
      characters += changes.length
      expected++
      if (characters < LOAD_CHARACTERS) continue
      yield { type: 'commits', commits }
      commits = []
      characters = 0
    }
    if (commits.length > 0) yield { type: 'commits', commits }
    this.#mark.check(expected - 1)
    this.#isLoading = false
    yield { type: 'loaded', revision: expected - 1, unwritable: this.#unwritable }
  }

  *#readSnapshot(snapshot: {
    revision: number
    chain: string
    checksum: string
  }): Generator<FromWorker, void> {
    let checksum = ''
    const rows = this.#db
      .prepare('SELECT content FROM snapshot_rows WHERE revision = ? ORDER BY number')
      .iterate(snapshot.revision) as Iterable<{ content: string }>
    for (const { content } of rows) {
      checksum = chained(checksum, content)
      yield { type: 'rows', content }
    }
    if (checksum !== snapshot.checksum)
      throw new Error(`the snapshot of revision ${snapshot.revision} is damaged`)
    this.#chain = snapshot.chain
  }

  append(commits: readonly (readonly [number, string])[]): void {
    const insert = this.#db.prepare('INSERT INTO journal VALUES (?, ?, ?)')
    let chain = this.#chain
    this.#db.exec('BEGIN IMMEDIATE')
    for (const [revision, changes] of commits) {
      chain = chained(chain, `${revision}\n${changes}`)
      insert.run(revision, changes, chain)
    }
    this.#db.exec('COMMIT')
    this.#chain = chain
    const revision = commits.at(-1)?.[0] ?? 0
    this.#mark.set(revision)
    say({ type: 'durable', revision })
  }

  snapshotBegin(revision: number): void {
    const row = this.#db.prepare('SELECT checksum FROM journal WHERE revision = ?').get(revision)
    const chain = String(row?.['checksum'] ?? this.#chain)
    this.#db.exec('BEGIN IMMEDIATE')
    this.#db
      .prepare(
        'DELETE FROM snapshot_rows WHERE revision IN (SELECT revision FROM snapshots WHERE complete = 0)',
      )
      .run()
    this.#db.prepare('DELETE FROM snapshots WHERE complete = 0').run()
    this.#db
      .prepare('INSERT OR REPLACE INTO snapshots VALUES (?, ?, ?, 0)')
      .run(revision, chain, '')
    this.#db.exec('COMMIT')
    this.#snapshot = { revision, number: 0, checksum: '' }
  }

  snapshotRows(content: string): void {
    this.#snapshot.checksum = chained(this.#snapshot.checksum, content)
    this.#db
      .prepare('INSERT OR REPLACE INTO snapshot_rows VALUES (?, ?, ?)')
      .run(this.#snapshot.revision, this.#snapshot.number++, content)
    say({ type: 'ready' })
  }

  snapshotEnd(): void {
    const { revision, checksum } = this.#snapshot
    this.#db.exec('BEGIN IMMEDIATE')
    this.#db
      .prepare('UPDATE snapshots SET complete = 1, checksum = ? WHERE revision = ?')
      .run(checksum, revision)
    this.#db.prepare('DELETE FROM snapshots WHERE revision < ?').run(revision)
    this.#db.exec('COMMIT')
    say({ type: 'ready' })
    this.#drop(revision)
  }

  /**
   * Drops what the snapshot of `revision` replaces, a little at a time between other messages: the next snapshot may
   * have begun meanwhile, and until it ends this one is all there is.
   */
  #drop(revision: number): void {
    if (this.#isClosed) return
    const journal = this.#db
      .prepare(
        'DELETE FROM journal WHERE revision IN (SELECT revision FROM journal WHERE revision <= ? LIMIT ?)',
      )
      .run(revision, DROP_BATCH)
    const rows = this.#db.prepare('DELETE FROM snapshot_rows WHERE revision < ?').run(revision)
    if (Number(journal.changes) + Number(rows.changes) > 0)
      setImmediate(() => this.#guarded(() => this.#drop(revision)))
  }

  #guarded(act: () => void): void {
    try {
      act()
    } catch (error) {
      try {
        // Whoever hears of the failure ends this thread, and the files must be in good order before that.
        if (this.#isLoading) this.#end()
      } finally {
        say({ type: 'failed', message: (error as Error).message })
      }
    }
  }

  /** In good order: what the write-ahead log holds is folded into the database, which says that its life has ended. */
  #end(): void {
    this.#isClosed = true
    this.#parts?.return()
    if (this.#unwritable === undefined) this.#db.exec('UPDATE life SET open = 0')
    this.#db.close()
    this.#mark.close()
  }

  handle(message: ToWorker): void {
    this.#guarded(() => {
      switch (message.type) {
        case 'load':
          return this.load()
        case 'more':
          return this.#more()
        case 'append':
          return this.append(message.commits)
        case 'snapshot-begin':
          return this.snapshotBegin(message.revision)
        case 'snapshot-rows':
          return this.snapshotRows(message.content)
        case 'snapshot-end':
          return this.snapshotEnd()
        case 'close':
          this.#end()
          return say({ type: 'closed' })
      }
    })
  }
}

try {
  const journal = new Journal((workerData as { path: string }).path)
  port.on('message', (message: ToWorker) => journal.handle(message))
} catch (error) {
  say({ type: 'failed', message: (error as Error).message })
}
