import { utf8Bytes } from './batch.ts'
import { compilePattern } from './patterns/pattern.ts'
import {
  comparePlaces,
  EVENT_OVERHEAD_BYTES,
  type LogEvent,
  type LogStorage,
  type Page,
  PAGE_BYTES_MAX,
  type Query,
  SCAN_BYTES_MAX,
  type StoredEvent,
  type StreamRef,
  type StreamStats,
} from './storage.ts'

/** Log events in memory, for tests and simulations: it forgets them with its process, and does everything at once. */
export class MemoryLogStorage implements LogStorage {
  readonly #groups = new Map<string, Map<string, StoredEvent[]>>()

  append(
    { groupId, streamId }: StreamRef,
    events: readonly LogEvent[],
    ingestionTime: number,
  ): Promise<void> {
    const group = this.#groups.get(groupId) ?? new Map<string, StoredEvent[]>()
    this.#groups.set(groupId, group)
    const stream = group.get(streamId) ?? []
    group.set(streamId, stream)
    for (const event of events)
      stream.push({ ...event, streamId, sequence: stream.length, ingestionTime })
    return Promise.resolve()
  }

  read({ groupId, streamIds, from, until, beyond, reverse, limit, pattern }: Query): Promise<Page> {
    const matches = compilePattern(pattern)
    const sign = reverse ? -1 : 1
    const all = [...new Set(streamIds)]
      .flatMap((id) => this.#groups.get(groupId)?.get(id) ?? [])
      .filter((event) => event.timestamp >= from && event.timestamp < until)
      .filter((event) => !beyond || sign * comparePlaces(event, beyond) > 0)
      .sort((one, other) => sign * comparePlaces(one, other))
    const events: StoredEvent[] = []
    let [bytes, scanned] = [0, 0]
    let reached: StoredEvent | undefined
    for (const event of all) {
      const size = sizeOf(event)
      const isFound = matches(event.message)
      const isFull = events.length === limit || (events.length > 0 && bytes + size > PAGE_BYTES_MAX)
      if ((isFound && isFull) || scanned >= SCAN_BYTES_MAX)
        return Promise.resolve({ events, reached })
      scanned += size
      reached = event
      if (!isFound) continue
      events.push(event)
      bytes += size
    }
    return Promise.resolve({ events })
  }

  stats(groupId: string, streamIds: readonly string[]): Promise<readonly StreamStats[]> {
    return Promise.resolve(
      streamIds.map((id) => {
        const events = this.#groups.get(groupId)?.get(id) ?? []
        if (events.length === 0) return { storedBytes: 0 }
        const times = events.map(({ timestamp }) => timestamp)
        return {
          firstEventTimestamp: Math.min(...times),
          lastEventTimestamp: Math.max(...times),
          lastIngestionTime: Math.max(...events.map(({ ingestionTime }) => ingestionTime)),
          storedBytes: events.reduce((sum, event) => sum + sizeOf(event), 0),
        }
      }),
    )
  }

  expire(groupId: string, before: number): Promise<void> {
    for (const events of this.#groups.get(groupId)?.values() ?? [])
      if (events.every(({ timestamp }) => timestamp < before)) events.length = 0
    return Promise.resolve()
  }

  delete({ groupId, streamId }: { groupId: string; streamId?: string | undefined }): Promise<void> {
    if (streamId === undefined) this.#groups.delete(groupId)
    else this.#groups.get(groupId)?.delete(streamId)
    return Promise.resolve()
  }

  close(): Promise<void> {
    return Promise.resolve()
  }
}

const sizeOf = ({ message }: LogEvent): number => utf8Bytes(message) + EVENT_OVERHEAD_BYTES
