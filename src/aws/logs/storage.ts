/**
 * Where log events are kept: the port of this room to what is no record, over its files (src/files). Groups and streams
 * are records of the store and are known there by ids that are never used twice.
 */
import type {
  EntryStorage,
  Place,
  Query as FilesQuery,
  RoomFiles,
  StreamRef,
} from '#files/storage.ts'

import { MATCHING } from './matcher.ts'

export type LogEvent = {
  /** Milliseconds since the epoch, by the word of whoever wrote it. */
  readonly timestamp: number
  readonly message: string
}
export type StoredEvent = LogEvent & Place & { readonly ingestionTime: number }

export type Query = Omit<FilesQuery, 'match'> & {
  /** A filter pattern; the empty one matches all. */
  readonly pattern: string
}

export type Page = {
  /** In the query's direction. */
  readonly events: readonly StoredEvent[]
  /** Where to go on, where there may be more: the last event that was looked at, found or not. */
  readonly reached?: Place | undefined
}

export type StreamStats = {
  readonly firstEventTimestamp?: number | undefined
  readonly lastEventTimestamp?: number | undefined
  readonly lastIngestionTime?: number | undefined
  /** UTF-8 bytes of the messages, and 26 for each event, as AWS counts. */
  readonly storedBytes: number
}

export interface LogStorage extends Pick<EntryStorage, 'expire' | 'delete' | 'close'> {
  append(stream: StreamRef, events: readonly LogEvent[], ingestionTime: number): Promise<void>
  read(query: Query): Promise<Page>
  stats(groupId: string, streamIds: readonly string[], of?: string): Promise<readonly StreamStats[]>
}

/** Events have no limit but the disk's: what is no longer wanted is deleted, or expires. */
export const LOG_FILES: RoomFiles = { name: 'logs', matching: MATCHING }

/** An event is an entry whose payload is the message. */
export const logStorage = (entries: EntryStorage): LogStorage => ({
  append: (stream, events, ingestionTime) =>
    entries.append(
      stream,
      events.map(({ timestamp, message }) => ({ timestamp, payload: message })),
      ingestionTime,
    ),
  async read({ pattern, ...query }) {
    const match = pattern.trim() === '' ? undefined : pattern
    const page = await entries.read({ ...query, match })
    const events = page.entries.map(
      ({ timestamp, streamId, sequence, appendedAt: ingestionTime, payload }): StoredEvent => ({
        timestamp,
        streamId,
        sequence,
        ingestionTime,
        message: payload.toString(),
      }),
    )
    return page.reached ? { events, reached: page.reached } : { events }
  },
  async stats(groupId, streamIds, of) {
    const stats = await entries.stats(groupId, streamIds, of)
    return stats.map(({ oldest, newest, lastAppendedAt, storedBytes }) =>
      oldest === undefined
        ? { storedBytes }
        : {
            firstEventTimestamp: oldest,
            lastEventTimestamp: newest,
            lastIngestionTime: lastAppendedAt,
            storedBytes,
          },
    )
  },
  expire: (groupId, before) => entries.expire(groupId, before),
  delete: (what) => entries.delete(what),
  close: () => entries.close(),
})
