import type { Telling } from './table.ts'

/**
 * One changed record as the log keeps it: a whole row, a patch of its fields, a deletion, or a stream's row that tells of
 * the record at `of` as it is after this commit: its `fields` are all but that record. A stream's key is its number.
 */
export type LoggedChange =
  | readonly [table: string, key: string, kind: 'put', row: object]
  | readonly [table: string, key: string, kind: 'patch', set: object, drop: readonly string[]]
  | readonly [table: string, key: string, kind: 'delete']
  | readonly [table: string, key: string, kind: 'tell', fields: object, of: Telling['of']]

/** Where a loaded log goes: first the rows of the newest snapshot, then the commits since it began. */
export interface LogSink {
  row(table: string, key: string, row: object): void
  commit(revision: number, changes: readonly LoggedChange[]): void
}

/** A copy of all rows, taken in slices while commits go on; the journal since its start makes it exact. */
export interface SnapshotWriter {
  /** Resolves when the log is ready for more. */
  rows(slice: readonly (readonly [table: string, key: string, row: object])[]): Promise<void>
  /** Makes the snapshot the newest, and lets the log drop what it replaces. */
  end(): Promise<void>
}

/** Where commits are made durable. The store lives in memory and is rebuilt from here. */
export interface StateLog {
  /** Gives back all that is kept, and the newest revision. Rejects when what is kept is damaged. */
  load(sink: LogSink): Promise<number>
  /** Why nothing can be appended, once loaded: a disk that was full already. What is kept can be read all the same. */
  readonly unwritable?: string | undefined
  /** Takes a commit; `listen` tells when it is durable. Commits become durable in order. */
  append(revision: number, changes: string): void
  listen(durable: (revision: number) => void, failed: (error: Error) => void): void
  snapshot(revision: number): SnapshotWriter
  /** Makes durable what was appended, then lets go of the files. */
  close(): Promise<void>
}

/** What a damaged or unusable log says to the operator. */
export class LogError extends Error {
  override name = 'LogError'
}

export class DataInUse extends LogError {
  constructor() {
    super('another Berth server is using this data directory')
  }
}
