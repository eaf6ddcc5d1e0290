/**
 * Log events in segment files. One thread writes them and another one reads them: neither the disk nor a search keeps
 * anybody else waiting. docs/design/logs.md
 */
import { mkdirSync } from 'node:fs'
import { MessageChannel, Worker } from 'node:worker_threads'

import type { Log } from '#kernel/log.ts'

import {
  type LogEvent,
  type LogStorage,
  type Page,
  type Query,
  StorageUnavailable,
  type StreamRef,
  type StreamStats,
} from '../storage.ts'
import { encodeFrame } from './frames.ts'
import { readFor } from './reading.ts'

type Ask =
  | { readonly type: 'append'; readonly stream: StreamRef; readonly frame: ArrayBuffer }
  | { readonly type: 'read'; readonly query: Query }
  | { readonly type: 'stats'; readonly groupId: string; readonly streamIds: readonly string[] }
  | { readonly type: 'expire'; readonly groupId: string; readonly before: number }
  | {
      readonly type: 'delete'
      readonly what: { readonly groupId: string; readonly streamId?: string | undefined }
    }
  | { readonly type: 'close' }
export type Asked = Ask & { readonly id: number }
export type FromThread =
  | { readonly type: 'done'; readonly id: number; readonly result: unknown }
  | { readonly type: 'failed'; readonly id: number; readonly message: string }
  | { readonly type: 'damaged'; readonly path: string }

/** What waits for the disk; more is refused until it has caught up. */
const WAITING_BYTES_MAX = 64 << 20
const WAITING_READS_MAX = 1000

type Waiter = {
  readonly done: (result: unknown) => void
  readonly fail: (error: Error) => void
  readonly isAppend: boolean
}

export class SegmentStorage implements LogStorage {
  readonly #root: string
  readonly #writer: Worker
  readonly #questions = new MessageChannel()
  readonly #answers = new MessageChannel()
  /** Says that nobody reads here any more, once somebody has. */
  #readNoMore: (() => void) | undefined
  readonly #log: Log
  readonly #fatal: (error: Error) => void
  readonly #waiting = new Map<number, Waiter>()
  #count = 0
  #waitingBytes = 0
  /** Why the last append was refused, if it was. */
  #refusal: string | undefined
  #ended: Error | undefined

  /** `fatal` is told when a thread ends by itself: then nothing can be kept, or found, any more. */
  constructor(root: string, log: Log, fatal: (error: Error) => void) {
    this.#root = root
    this.#log = log
    this.#fatal = fatal
    mkdirSync(root, { recursive: true, mode: 0o700 })
    this.#answers.port1.on('message', (message: FromThread) => this.#hear(message))
    const self = import.meta.url
    const file = self.endsWith('.ts') ? './segment-worker.ts' : './segment-worker.js'
    const { port1: questions } = this.#questions
    this.#writer = new Worker(new URL(file, self), {
      workerData: { root, questions },
      transferList: [questions],
    })
    this.#writer.on('message', (message: FromThread) => this.#hear(message))
    this.#writer.on('error', (error) => this.#end(error))
    this.#writer.on('exit', (code) =>
      this.#end(new Error(`the log storage's thread ended with code ${code}`)),
    )
  }

  async append(
    stream: StreamRef,
    events: readonly LogEvent[],
    ingestionTime: number,
  ): Promise<void> {
    const { buffer, length } = encodeFrame(events, ingestionTime)
    if (this.#waitingBytes + length > WAITING_BYTES_MAX)
      throw new StorageUnavailable('the disk does not keep up')
    this.#waitingBytes += length
    try {
      await this.#ask({ type: 'append', stream, frame: buffer }, [buffer])
    } finally {
      this.#waitingBytes -= length
    }
  }

  read(query: Query): Promise<Page> {
    this.#readNoMore ??= readFor(
      { root: this.#root, questions: this.#questions.port2, answers: this.#answers.port2 },
      (error) => this.#end(error),
    )
    return this.#ask({ type: 'read', query }) as Promise<Page>
  }

  stats(groupId: string, streamIds: readonly string[]): Promise<readonly StreamStats[]> {
    if (streamIds.length === 0) return Promise.resolve([])
    return this.#ask({ type: 'stats', groupId, streamIds }) as Promise<readonly StreamStats[]>
  }

  async expire(groupId: string, before: number): Promise<void> {
    await this.#ask({ type: 'expire', groupId, before })
  }

  async delete(what: { groupId: string; streamId?: string | undefined }): Promise<void> {
    const { groupId, streamId } = what
    await this.#ask({ type: 'delete', what: { groupId, streamId } })
  }

  async close(): Promise<void> {
    if (this.#ended) return
    await this.#ask({ type: 'close' })
    this.#stop(new Error('the log storage is closed'))
    await this.#writer.terminate()
  }

  #ask(ask: Ask, transfer: readonly ArrayBuffer[] = []): Promise<unknown> {
    if (this.#ended) return Promise.reject(new StorageUnavailable(this.#ended.message))
    if (ask.type !== 'append' && this.#waiting.size > WAITING_READS_MAX)
      return Promise.reject(new StorageUnavailable('too much is asked at once'))
    const id = ++this.#count
    return new Promise((done, fail) => {
      this.#waiting.set(id, { done, fail, isAppend: ask.type === 'append' })
      this.#writer.postMessage({ ...ask, id } satisfies Asked, [...transfer])
    })
  }

  #hear(message: FromThread): void {
    if (message.type === 'damaged') {
      this.#log.error('a log segment is damaged; what is sound of it stays', { path: message.path })
      return
    }
    const waiter = this.#waiting.get(message.id)
    this.#waiting.delete(message.id)
    if (message.type === 'done') {
      if (waiter?.isAppend) this.#refusal = undefined
      return waiter?.done(message.result)
    }
    // A full disk refuses everything: it is said once, and not on that disk for ever.
    if (message.message !== this.#refusal)
      this.#log.error('the log storage failed', { error: message.message })
    if (waiter?.isAppend) this.#refusal = message.message
    waiter?.fail(new StorageUnavailable(message.message))
  }

  #end(error: Error): void {
    if (this.#ended) return
    this.#stop(error)
    this.#fatal(error)
  }

  #stop(why: Error): void {
    this.#ended = why
    this.#readNoMore?.()
    this.#answers.port1.close()
    for (const { fail } of this.#waiting.values()) fail(new StorageUnavailable(why.message))
    this.#waiting.clear()
  }
}
