import { assert } from '#kernel/assert.ts'

import { Scan } from './scan.ts'
import {
  APPEND_BYTES_MAX,
  comparePlaces,
  type Entry,
  type EntryStorage,
  type OpenFiles,
  type Page,
  type Query,
  type RoomFiles,
  sizeOf,
  StorageFull,
  type StoredEntry,
  type StreamRef,
  type StreamStats,
} from './storage.ts'

/** Entries in memory, for tests and simulations: it forgets them with its process, and does everything at once. */
export class MemoryStorage implements EntryStorage {
  readonly #room: RoomFiles
  readonly #groups = new Map<string, Map<string, StoredEntry[]>>()

  constructor(room: RoomFiles) {
    this.#room = room
  }

  async append(
    { groupId, streamId }: StreamRef,
    entries: readonly Entry[],
    appendedAt: number,
  ): Promise<void> {
    const size = bytesOf(entries)
    assert(size <= APPEND_BYTES_MAX, 'an append has a limit')
    const { bytes } = this.#room
    if (bytes !== undefined && this.#bytes() + size > bytes) throw new StorageFull()
    const group = this.#groups.get(groupId) ?? new Map<string, StoredEntry[]>()
    this.#groups.set(groupId, group)
    const stream = group.get(streamId) ?? []
    group.set(streamId, stream)
    for (const { timestamp, payload } of entries) {
      const sequence = stream.length
      const own = typeof payload === 'string' ? Buffer.from(payload, 'utf8') : Buffer.from(payload)
      stream.push({ timestamp, streamId, sequence, appendedAt, payload: own })
    }
  }

  read(query: Query): Promise<Page> {
    const { groupId, streamIds, from, until, beyond, reverse, limit, match } = query
    const { compile } = this.#room.matching
    const scan = new Scan(limit, match === undefined ? undefined : compile(match))
    const sign = reverse ? -1 : 1
    const all = [...new Set(streamIds)]
      .flatMap((id) => this.#groups.get(groupId)?.get(id) ?? [])
      .filter((entry) => entry.timestamp >= from && entry.timestamp < until)
      .filter((entry) => !beyond || sign * comparePlaces(entry, beyond) > 0)
      .sort((one, other) => sign * comparePlaces(one, other))
    const isAll = all.every((entry) => scan.take(entry, entry.payload))
    return Promise.resolve(scan.page(isAll))
  }

  stats(groupId: string, streamIds: readonly string[]): Promise<readonly StreamStats[]> {
    return Promise.resolve(
      streamIds.map((id) => {
        const entries = this.#groups.get(groupId)?.get(id) ?? []
        if (entries.length === 0) return { storedBytes: 0 }
        const times = entries.map(({ timestamp }) => timestamp)
        return {
          oldest: Math.min(...times),
          newest: Math.max(...times),
          lastAppendedAt: Math.max(...entries.map(({ appendedAt }) => appendedAt)),
          storedBytes: bytesOf(entries),
        }
      }),
    )
  }

  expire(groupId: string, before: number): Promise<void> {
    for (const entries of this.#groups.get(groupId)?.values() ?? [])
      if (entries.every(({ timestamp }) => timestamp < before)) entries.length = 0
    return Promise.resolve()
  }

  /** A stream is one file, as it were. */
  dropOldest(groupId: string): Promise<boolean> {
    const streams = [...(this.#groups.get(groupId)?.values() ?? [])].filter(({ length }) => length)
    const newest = (entries: readonly StoredEntry[]): number =>
      Math.max(...entries.map(({ timestamp }) => timestamp))
    const [oldest] = streams.toSorted((one, other) => newest(one) - newest(other))
    if (oldest) oldest.length = 0
    return Promise.resolve(oldest !== undefined)
  }

  delete({ groupId, streamId }: { groupId: string; streamId?: string | undefined }): Promise<void> {
    if (streamId === undefined) this.#groups.delete(groupId)
    else this.#groups.get(groupId)?.delete(streamId)
    return Promise.resolve()
  }

  close(): Promise<void> {
    return Promise.resolve()
  }

  #bytes(): number {
    const streams = [...this.#groups.values()].flatMap((group) => [...group.values()])
    return streams.reduce((sum, entries) => sum + bytesOf(entries), 0)
  }
}

const bytesOf = (entries: readonly Entry[]): number =>
  entries.reduce((sum, entry) => sum + sizeOf(entry), 0)

/** Each room's entries, which outlive the server that opened them, as files do. */
export function memoryFiles(): OpenFiles {
  const kept = new Map<string, MemoryStorage>()
  return (its) => {
    const storage = kept.get(its.name) ?? new MemoryStorage(its)
    kept.set(its.name, storage)
    return storage
  }
}
