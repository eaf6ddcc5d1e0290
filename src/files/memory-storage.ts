import { utf8Bytes } from './batch.ts'
import { Scan } from './scan.ts'
import {
  comparePlaces,
  EVENT_OVERHEAD_BYTES,
  type LogEvent,
  type LogStorage,
  type Page,
  type Query,
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

  read(query: Query): Promise<Page> {
    const { groupId, streamIds, from, until, beyond, reverse } = query
    const scan = new Scan(query)
    const sign = reverse ? -1 : 1
    const all = [...new Set(streamIds)]
      .flatMap((id) => this.#groups.get(groupId)?.get(id) ?? [])
      .filter((event) => event.timestamp >= from && event.timestamp < until)
      .filter((event) => !beyond || sign * comparePlaces(event, beyond) > 0)
      .sort((one, other) => sign * comparePlaces(one, other))
    const isAll = all.every((event) => scan.take(event, utf8Bytes(event.message)))
    return Promise.resolve(scan.page(isAll))
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
