/**
 * The threads that keep the files of all rooms: one writes and one reads, so that neither the disk nor a search keeps
 * anybody else waiting. What they refuse, what is damaged, and their end are heard of here, once for all rooms.
 */
import { MessageChannel, Worker } from 'node:worker_threads'

import { assert } from '#kernel/assert.ts'
import type { Log } from '#kernel/log.ts'
import { Shares } from '#kernel/shares.ts'

import { type Refusal, refused } from './segments/refusal.ts'
import { type Query, StorageUnavailable, type StreamRef } from './storage.ts'

/** A room as the threads know it. */
export type OpenRoom = {
  readonly name: string
  readonly root: string
  readonly bytes: number | undefined
  /** Where its matcher is loaded from. */
  readonly module: string
}
export type Ask =
  | { readonly type: 'append'; readonly stream: StreamRef; readonly frame: ArrayBuffer }
  | { readonly type: 'read'; readonly query: Query }
  | {
      readonly type: 'stats'
      readonly groupId: string
      readonly streamIds: readonly string[]
      readonly of: string | undefined
    }
  | { readonly type: 'expire'; readonly groupId: string; readonly before: number }
  | { readonly type: 'drop oldest'; readonly groupId: string }
  | {
      readonly type: 'delete'
      readonly what: { readonly groupId: string; readonly streamId?: string | undefined }
    }
  | { readonly type: 'close' }
export type Asked = Ask & { readonly room: string; readonly id: number }
export type ToWriter = Asked | { readonly type: 'open'; readonly room: OpenRoom }
export type FromThread =
  | { readonly type: 'done'; readonly id: number; readonly result: unknown }
  | { readonly type: 'failed'; readonly id: number; readonly refusal: Refusal }
  | { readonly type: 'damaged'; readonly path: string }

/** Questions of one room that wait, by who asks. */
const QUESTIONS_MAX = 2000
/** Of one room, beside questions and appends: what deletes. */
const WAITING_DELETIONS_MAX = 1000

type Waiter = {
  readonly room: string
  readonly ask: Ask['type']
  /** Who asks, where it is a question. */
  readonly asker: string | undefined
  readonly done: (result: unknown) => void
  readonly fail: (error: Error) => void
}
type Room = {
  readonly questions: Shares<string>
  deletions: number
  /** Why its last append was refused, if it was. */
  refusal?: string | undefined
}

export class Workers {
  readonly #log: Log
  readonly #fatal: (error: Error) => void
  readonly #writer: Worker
  /** From the first question on. */
  #reader: Worker | undefined
  readonly #questions = new MessageChannel()
  readonly #rooms = new Map<string, Room>()
  readonly #waiting = new Map<number, Waiter>()
  #count = 0
  #ended: Error | undefined

  /** `fatal` is told when a thread ends by itself: then nothing can be kept, or found, any more. */
  constructor(log: Log, fatal: (error: Error) => void) {
    this.#log = log
    this.#fatal = fatal
    const { port1 } = this.#questions
    this.#writer = this.#begin('writing', { workerData: port1, transferList: [port1] })
  }

  get isIdle(): boolean {
    return this.#rooms.size === 0
  }

  open(room: OpenRoom): void {
    assert(!this.#rooms.has(room.name), `the files of ${room.name} are opened once`)
    this.#rooms.set(room.name, { questions: new Shares(QUESTIONS_MAX), deletions: 0 })
    this.#writer.postMessage({ type: 'open', room } satisfies ToWriter)
  }

  ask(name: string, ask: Ask, transfer: readonly ArrayBuffer[] = []): Promise<unknown> {
    const room = this.#rooms.get(name)
    if (this.#ended || !room)
      return Promise.reject(new StorageUnavailable(this.#ended?.message ?? CLOSED))
    const asker = askerOf(ask)
    const isFull =
      asker === undefined
        ? isDeletion(ask.type) && room.deletions >= WAITING_DELETIONS_MAX
        : room.questions.of(asker) >= room.questions.partOf(asker)
    if (isFull) return Promise.reject(new StorageUnavailable('too much is asked at once'))
    if (ask.type === 'read') this.#beginReading()
    const id = ++this.#count
    if (asker !== undefined) room.questions.add(asker, 1)
    else if (isDeletion(ask.type)) room.deletions++
    return new Promise((done, fail) => {
      this.#waiting.set(id, { room: name, ask: ask.type, asker, done, fail })
      this.#writer.postMessage({ ...ask, room: name, id } satisfies ToWriter, [...transfer])
    })
  }

  /** Once the room's files are let go of. Those who still wait are told. */
  async close(room: string): Promise<void> {
    if (!this.#rooms.has(room)) return
    try {
      if (!this.#ended) await this.ask(room, { type: 'close' })
    } finally {
      this.#rooms.delete(room)
      this.#failAll(new StorageUnavailable(CLOSED), (waiter) => waiter.room === room)
    }
  }

  async end(): Promise<void> {
    this.#ended ??= new Error(CLOSED)
    this.#failAll(new StorageUnavailable(CLOSED))
    // Not waited for: a disk that hangs may have it.
    void this.#reader?.terminate()
    await this.#writer.terminate()
  }

  #beginReading(): void {
    if (this.#reader) return
    const { port2: questions } = this.#questions
    const given = { workerData: questions, transferList: [questions] }
    this.#reader = this.#begin('reading', given)
    this.#reader.unref()
  }

  #begin(does: 'writing' | 'reading', given: ConstructorParameters<typeof Worker>[1]): Worker {
    const self = import.meta.url
    const file = `./segments/${does}-worker.${self.endsWith('.ts') ? 'ts' : 'js'}`
    const worker = new Worker(new URL(file, self), given)
    worker.on('message', (message: FromThread) => this.#hear(message))
    worker.on('error', (error) => this.#endedBy(error))
    worker.on('exit', (code) =>
      this.#endedBy(new Error(`the ${does} thread of files ended with code ${code}`)),
    )
    return worker
  }

  #hear(message: FromThread): void {
    if (message.type === 'damaged') {
      const { path } = message
      this.#log.error('a segment file is damaged; what is sound of it stays', { path })
      return
    }
    const waiter = this.#waiting.get(message.id)
    const room = waiter && this.#rooms.get(waiter.room)
    if (!waiter || !room) return
    this.#waiting.delete(message.id)
    const isAppend = waiter.ask === 'append'
    if (waiter.asker !== undefined) room.questions.add(waiter.asker, -1)
    else if (isDeletion(waiter.ask)) room.deletions--
    if (message.type === 'done') {
      if (isAppend) room.refusal = undefined
      return waiter.done(message.result)
    }
    const { refusal } = message
    // A full disk refuses everything: it is said once, and not on that disk for ever. A full room knows what to do.
    if (!refusal.isFull && refusal.message !== room.refusal)
      this.#log.error(`the ${waiter.room} files failed`, { error: refusal.message })
    if (isAppend) room.refusal = refusal.message
    waiter.fail(refused(refusal))
  }

  #endedBy(error: Error): void {
    if (this.#ended) return
    this.#ended = error
    this.#failAll(new StorageUnavailable(error.message))
    this.#fatal(error)
  }

  #failAll(error: Error, isMeant: (waiter: Waiter) => boolean = () => true): void {
    for (const [id, waiter] of this.#waiting)
      if (isMeant(waiter)) {
        this.#waiting.delete(id)
        waiter.fail(error)
      }
  }
}

const CLOSED = 'the files are closed'

/** Appends have their limit in bytes, and an end is taken always. */
const isDeletion = (type: Ask['type']): boolean =>
  type === 'delete' || type === 'expire' || type === 'drop oldest'

function askerOf(ask: Ask): string | undefined {
  if (ask.type === 'read') return ask.query.of ?? ''
  return ask.type === 'stats' ? (ask.of ?? '') : undefined
}
