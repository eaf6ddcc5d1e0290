/**
 * The records of CloudWatch Logs: groups and streams. Events are kept elsewhere (storage.ts), under ids that are never
 * used twice. All fields are written by operations; `discards` are emptied by their reconciler.
 */
import { type Owned, scopeOf } from '#room/owned.ts'
import { follow, table, view } from '#store/store.ts'

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
/** How many groups there are, by `tenant/region`. */
export const groupCounts = view((rows) => {
  const counts = new Map<string, number>()
  for (const { row } of rows.scan(logGroups)) addTo(counts, row, 1)
  return counts
})
follow(logGroups, groupCounts, (counts, _key, before, after) => {
  const group = after ?? before
  if (group) addTo(counts, group, (after ? 1 : 0) - (before ? 1 : 0))
})

function addTo(counts: Map<string, number>, group: LogGroup, by: number): void {
  const scope = scopeOf(group)
  const count = (counts.get(scope) ?? 0) + by
  if (count === 0) counts.delete(scope)
  else counts.set(scope, count)
}

export const logStreams = table<LogStream>('logs.streams')
export const discards = table<Discard>('logs.discards')
