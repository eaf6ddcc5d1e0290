/**
 * The durable log of one machine: an append-only journal in SQLite (WAL, FULL), written by a worker with one
 * batch in flight. What is appended in one turn of the loop, or while a batch is under way, is one commit there.
 */
import { Worker } from 'node:worker_threads'

import {
  DataInUse,
  LogError,
  type LoggedChange,
  type LogSink,
  type SnapshotWriter,
  type StateLog,
} from './log.ts'

export type ToWorker =
  | { readonly type: 'load' }
  /** A part of what is loaded was taken: the next may come. */
  | { readonly type: 'more' }
  | { readonly type: 'append'; readonly commits: readonly (readonly [number, string])[] }
  | { readonly type: 'snapshot-begin'; readonly revision: number }
  | { readonly type: 'snapshot-rows'; readonly content: string }
  | { readonly type: 'snapshot-end' }
  | { readonly type: 'close' }
export type FromWorker =
  | { readonly type: 'rows'; readonly content: string }
  | { readonly type: 'commits'; readonly commits: readonly (readonly [number, string])[] }
  | { readonly type: 'loaded'; readonly revision: number; readonly unwritable?: string | undefined }
  | { readonly type: 'durable'; readonly revision: number }
  | { readonly type: 'ready' }
  | { readonly type: 'closed' }
  | { readonly type: 'failed'; readonly message: string }

/** Commits waiting for the disk beyond this many mean that the disk has stopped: fail rather than fill memory. */
const QUEUE_LIMIT = 1_000_000
const BATCH_LIMIT = 10_000

export class SqliteLog implements StateLog {
  readonly #worker: Worker
  #queue: (readonly [number, string])[] = []
  #inFlight = false
  #scheduled = false
  #failure: LogError | undefined
  #sink: LogSink | undefined
  unwritable: string | undefined
  #loaded: { done: (revision: number) => void; fail: (error: Error) => void } | undefined
  #ready: (() => void)[] = []
  #drained: (() => void)[] = []
  #closed: () => void = () => {}
  #isClosed = false
  #durable: (revision: number) => void = () => {}
  #failed: (error: Error) => void = () => {}

  /** `path` is the database file; its folder exists. One process at a time may hold it. */
  constructor(path: string) {
    const self = import.meta.url
    this.#worker = new Worker(
      new URL(self.endsWith('.ts') ? './sqlite-worker.ts' : './sqlite-worker.js', self),
      {
        workerData: { path },
      },
    )
    this.#worker.on('message', (message: FromWorker) => this.#hear(message))
    this.#worker.on('error', (error) => this.#fail(error.message))
    this.#worker.on('exit', (code) => {
      if (code !== 0 && !this.#isClosed) this.#fail(`the journal's thread ended with code ${code}`)
      for (const drained of this.#drained.splice(0)) drained()
    })
  }

  load(sink: LogSink): Promise<number> {
    this.#sink = sink
    return new Promise((done, fail) => {
      this.#loaded = { done, fail }
      if (this.#failure) fail(this.#failure)
      else this.#say({ type: 'load' })
    })
  }

  append(revision: number, changes: string): void {
    this.#queue.push([revision, changes])
    if (this.#queue.length > QUEUE_LIMIT) this.#fail('the disk does not keep up')
    if (this.#inFlight || this.#scheduled) return
    this.#scheduled = true
    setImmediate(() => {
      this.#scheduled = false
      this.#flush()
    })
  }

  listen(durable: (revision: number) => void, failed: (error: Error) => void): void {
    this.#durable = durable
    this.#failed = failed
    if (this.#failure) failed(this.#failure)
  }

  snapshot(revision: number): SnapshotWriter {
    this.#say({ type: 'snapshot-begin', revision })
    const sent = (message: ToWorker): Promise<void> =>
      new Promise((done) => {
        this.#ready.push(done)
        this.#say(message)
      })
    return {
      rows: (slice) => sent({ type: 'snapshot-rows', content: JSON.stringify(slice) }),
      end: () => sent({ type: 'snapshot-end' }),
    }
  }

  async close(): Promise<void> {
    while (!this.#failure && (this.#inFlight || this.#queue.length > 0))
      await new Promise<void>((done) => this.#drained.push(done))
    const closed = new Promise<void>((done) => (this.#closed = done))
    this.#say({ type: 'close' })
    // A thread that only closes its port does not always end.
    if (!this.#failure) await closed
    this.#isClosed = true
    await this.#worker.terminate()
  }

  #say(message: ToWorker): void {
    this.#worker.postMessage(message)
  }

  #flush(): void {
    if (this.#inFlight || this.#queue.length === 0 || this.#failure) return
    this.#inFlight = true
    this.#say({ type: 'append', commits: this.#queue.splice(0, BATCH_LIMIT) })
  }

  #hear(message: FromWorker): void {
    switch (message.type) {
      case 'rows':
        for (const [table, key, row] of JSON.parse(message.content) as [string, string, object][])
          this.#sink?.row(table, key, row)
        this.#say({ type: 'more' })
        return
      case 'commits':
        for (const [revision, changes] of message.commits)
          this.#sink?.commit(revision, JSON.parse(changes) as LoggedChange[])
        this.#say({ type: 'more' })
        return
      case 'loaded':
        this.#sink = undefined
        this.unwritable = message.unwritable
        this.#loaded?.done(message.revision)
        return
      case 'durable':
        this.#inFlight = false
        this.#flush()
        this.#durable(message.revision)
        if (!this.#inFlight) for (const drained of this.#drained.splice(0)) drained()
        return
      case 'ready':
        this.#ready.shift()?.()
        return
      case 'closed':
        this.#closed()
        return
      case 'failed':
        this.#fail(message.message)
    }
  }

  /** After a failed write nobody knows what the file holds: nothing more is taken, and nothing more may leave. */
  #fail(message: string): void {
    if (this.#failure) return
    const inUse = /database is locked/.test(message)
    this.#failure = inUse ? new DataInUse() : new LogError(`the state log failed: ${message}`)
    this.#loaded?.fail(this.#failure)
    this.#failed(this.#failure)
    for (const ready of this.#ready.splice(0)) ready()
    this.#closed()
    void this.#worker.terminate()
  }
}
