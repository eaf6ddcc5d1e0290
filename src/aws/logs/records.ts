/**
 * The records of CloudWatch Logs: groups and streams. Events are kept elsewhere (storage.ts), under ids that are never
 * used twice. All fields are written by operations; `discards` are emptied by their reconciler.
 */
import type { Owned } from '#room/owned.ts'
import { table } from '#store/store.ts'

/** Key: `tenant/region/name`. */
export type LogGroup = Owned & {
  readonly logGroupName: string
  readonly groupId: string
  /** Milliseconds since the epoch. */
  readonly creationTime: number
  readonly retentionInDays?: number | undefined
  readonly deletionProtectionEnabled?: boolean | undefined
  readonly tags: Readonly<Record<string, string>>
}

/** Key: `tenant/region/groupId/name`. A group that is gone has no streams any more, whatever is left under its id. */
export type LogStream = {
  readonly logStreamName: string
  readonly streamId: string
  readonly creationTime: number
}

/** What is deleted and still lies about. Key: the group's id, or `groupId/streamId`. */
export type Discard = {
  readonly groupId: string
  readonly streamId?: string | undefined
  /** Where the records of a discarded group's streams are. */
  readonly streamsPrefix?: string | undefined
}

export const logGroups = table<LogGroup>('logs.groups')
export const logStreams = table<LogStream>('logs.streams')
export const discards = table<Discard>('logs.discards')
