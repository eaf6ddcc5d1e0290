/**
 * Where log events are kept: the port of this room to what is no record. Groups and streams are records of the
 * store and are known here by ids that are never used twice, so that what was deleted cannot come back under its name.
 */
export type StreamRef = { readonly groupId: string; readonly streamId: string }

export type LogEvent = {
  /** Milliseconds since the epoch, by the word of whoever wrote it. */
  readonly timestamp: number
  readonly message: string
}

/** One moment in the order of a group's events: by time, then by stream, then as they came. */
export type Place = {
  readonly timestamp: number
  readonly streamId: string
  /** How many events the stream had got before. */
  readonly sequence: number
}
export type StoredEvent = LogEvent & Place & { readonly ingestionTime: number }

export type Query = {
  readonly groupId: string
  readonly streamIds: readonly string[]
  /** Timestamps from `from` on and before `until`. */
  readonly from: number
  readonly until: number
  /** Only events beyond this place, in the query's direction. */
  readonly beyond?: Place | undefined
  /** Latest first. */
  readonly reverse: boolean
  readonly limit: number
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

export interface LogStorage {
  /** Takes events in the order of their timestamps. Resolves when they are durable and can be read. */
  append(stream: StreamRef, events: readonly LogEvent[], ingestionTime: number): Promise<void>
  read(query: Query): Promise<Page>
  stats(groupId: string, streamIds: readonly string[]): Promise<readonly StreamStats[]>
  /** Drops what can be dropped of the events before `before`; some may stay until the rest of their file is old. */
  expire(groupId: string, before: number): Promise<void>
  /** Deletes a stream's events, or a whole group's; what is not there is deleted already. */
  delete(what: { readonly groupId: string; readonly streamId?: string | undefined }): Promise<void>
  /** Makes durable what was taken, then lets go of the files. */
  close(): Promise<void>
}

/** What the storage cannot take now: the disk is full or does not keep up. The caller may try again. */
export class StorageUnavailable extends Error {
  override name = 'StorageUnavailable'
}

/** What each event counts beside its message. */
export const EVENT_OVERHEAD_BYTES = 26
/** A page ends when its events together are this large. */
export const PAGE_BYTES_MAX = 1 << 20
/** How much one read looks at for what it finds; it says then how far it came. */
export const SCAN_BYTES_MAX = 64 << 20
/** Steps that a pattern takes in one read, so that one made to be slow has its thread for some seconds at most. */
export const SCAN_STEPS_MAX = 64 << 20

export function comparePlaces(one: Place, other: Place): number {
  if (one.timestamp !== other.timestamp) return one.timestamp - other.timestamp
  if (one.streamId !== other.streamId) return one.streamId < other.streamId ? -1 : 1
  return one.sequence - other.sequence
}
