/**
 * The port to what is no record: entries that are many, large, never changed, and read by time. An entry is a moment
 * and a payload that only its room understands. Groups and streams are known by ids that rooms never use twice, so
 * that what was deleted cannot come back under its name.
 */
import type { Matching } from './matching.ts'

/** What a room keeps here. Its name is its folder's, in the data directory. */
export type RoomFiles = {
  readonly name: string
  readonly matching: Matching
  /** What its files may take up; more is refused with StorageFull. Absent, the disk is the limit. */
  readonly bytes?: number | undefined
}

/** Opens a room's files; whoever opens them closes them. */
export type OpenFiles = (its: RoomFiles) => EntryStorage

export type StreamRef = { readonly groupId: string; readonly streamId: string }

export type Entry = {
  /** Milliseconds since the epoch, by the word of whoever wrote it. */
  readonly timestamp: number
  /** A text is kept as its UTF-8. */
  readonly payload: string | Uint8Array
}

/** One moment in the order of a group's entries: by time, then by stream, then as they came. */
export type Place = {
  readonly timestamp: number
  readonly streamId: string
  /** How many entries the stream had got before. */
  readonly sequence: number
}
export type StoredEntry = Place & { readonly appendedAt: number; readonly payload: Buffer }

export type Query = {
  readonly groupId: string
  readonly streamIds: readonly string[]
  /** Timestamps from `from` on and before `until`. */
  readonly from: number
  readonly until: number
  /** Only entries beyond this place, in the query's direction. */
  readonly beyond?: Place | undefined
  /** Latest first. */
  readonly reverse: boolean
  readonly limit: number
  /** What the room's matcher is made of. Absent, all entries are found. */
  readonly match?: string | undefined
  /** Whose question it is: of several, none waits for all of another's. */
  readonly of?: string | undefined
}

export type Page = {
  /** In the query's direction. */
  readonly entries: readonly StoredEntry[]
  /** Where to go on, where there may be more: the last entry that was looked at, found or not. */
  readonly reached?: Place | undefined
}

export type StreamStats = {
  readonly oldest?: number | undefined
  readonly newest?: number | undefined
  readonly lastAppendedAt?: number | undefined
  /** Bytes of the payloads, and ENTRY_OVERHEAD_BYTES for each. */
  readonly storedBytes: number
}

export interface EntryStorage {
  /**
   * Takes entries in the order of their timestamps, of APPEND_BYTES_MAX together. Resolves when they are durable and can
   * be read. All are kept, or none.
   */
  append(stream: StreamRef, entries: readonly Entry[], appendedAt: number): Promise<void>
  read(query: Query): Promise<Page>
  /** `of` is as a query's. */
  stats(groupId: string, streamIds: readonly string[], of?: string): Promise<readonly StreamStats[]>
  /** Drops what can be dropped of the entries before `before`; some may stay until the rest of their file is old. */
  expire(groupId: string, before: number): Promise<void>
  /** Drops the oldest of a group's entries, and what lies in one file with them. False where there are none. */
  dropOldest(groupId: string): Promise<boolean>
  /** Deletes a stream's entries, or a whole group's; what is not there is deleted already. */
  delete(what: { readonly groupId: string; readonly streamId?: string | undefined }): Promise<void>
  /** Makes durable what was taken, then lets go of the files. */
  close(): Promise<void>
}

/** What the storage cannot take now: the disk is full or does not keep up. The caller may try again. */
export class StorageUnavailable extends Error {
  override name = 'StorageUnavailable'
}
/** The room's own bytes are used up: it has to delete something before it appends more. */
export class StorageFull extends StorageUnavailable {
  override name = 'StorageFull'
  constructor() {
    super('the room’s files take up all that they may')
  }
}

/** What each entry counts beside its payload: as AWS counts log events. Indexes that are on disks count with it. */
export const ENTRY_OVERHEAD_BYTES = 26
/** Of one append, as ENTRY_OVERHEAD_BYTES counts. */
export const APPEND_BYTES_MAX = 2 << 20
/** A page ends when its entries together are this large. */
export const PAGE_BYTES_MAX = 1 << 20
/** How much one read looks at for what it finds; it says then how far it came. */
export const SCAN_BYTES_MAX = 64 << 20
/** Steps that matchers take in one read, so that one made to be slow has its thread for some seconds at most. */
export const SCAN_STEPS_MAX = 64 << 20

export const sizeOf = ({ payload }: Pick<Entry, 'payload'>): number =>
  Buffer.byteLength(payload) + ENTRY_OVERHEAD_BYTES

export function comparePlaces(one: Place, other: Place): number {
  if (one.timestamp !== other.timestamp) return one.timestamp - other.timestamp
  if (one.streamId !== other.streamId) return one.streamId < other.streamId ? -1 : 1
  return one.sequence - other.sequence
}
