/** One room's entries in segment files, as the room asks for them. docs/design/files.md */
import { assert } from '#kernel/assert.ts'

import {
  APPEND_BYTES_MAX,
  type Entry,
  type EntryStorage,
  type Page,
  type Query,
  StorageUnavailable,
  type StreamRef,
  type StreamStats,
} from '../storage.ts'
import type { Workers } from '../worker.ts'
import { encodeFrame } from './frames.ts'
import { type PackedPage, unpacked } from './packed-page.ts'

/** What of a room waits for the disk; more is refused until it has caught up. */
const WAITING_BYTES_MAX = 64 << 20

export class SegmentStorage implements EntryStorage {
  readonly #room: string
  readonly #workers: Workers
  readonly #closed: () => Promise<void>
  #waitingBytes = 0

  constructor(room: string, workers: Workers, closed: () => Promise<void>) {
    this.#room = room
    this.#workers = workers
    this.#closed = closed
  }

  /** Not the one that waits: what was encoded is thousands of objects, which need not live as long. */
  append(stream: StreamRef, entries: readonly Entry[], appendedAt: number): Promise<void> {
    return this.#append(stream, encodeFrame(entries, appendedAt).buffer)
  }

  async #append(stream: StreamRef, frame: ArrayBuffer): Promise<void> {
    const { byteLength: length } = frame
    assert(length <= APPEND_BYTES_MAX, 'an append has a limit')
    if (this.#waitingBytes + length > WAITING_BYTES_MAX)
      throw new StorageUnavailable('the disk does not keep up')
    this.#waitingBytes += length
    try {
      await this.#workers.ask(this.#room, { type: 'append', stream, frame }, [frame])
    } finally {
      this.#waitingBytes -= length
    }
  }

  async read(query: Query): Promise<Page> {
    return unpacked((await this.#workers.ask(this.#room, { type: 'read', query })) as PackedPage)
  }

  stats(
    groupId: string,
    streamIds: readonly string[],
    of?: string,
  ): Promise<readonly StreamStats[]> {
    if (streamIds.length === 0) return Promise.resolve([])
    const asked = this.#workers.ask(this.#room, { type: 'stats', groupId, streamIds, of })
    return asked as Promise<readonly StreamStats[]>
  }

  async expire(groupId: string, before: number): Promise<void> {
    await this.#workers.ask(this.#room, { type: 'expire', groupId, before })
  }

  dropOldest(groupId: string): Promise<boolean> {
    return this.#workers.ask(this.#room, { type: 'drop oldest', groupId }) as Promise<boolean>
  }

  async delete(what: { groupId: string; streamId?: string | undefined }): Promise<void> {
    const { groupId, streamId } = what
    await this.#workers.ask(this.#room, { type: 'delete', what: { groupId, streamId } })
  }

  async close(): Promise<void> {
    await this.#workers.close(this.#room)
    await this.#closed()
  }
}
