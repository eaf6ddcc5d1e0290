/** Deleting: the record goes at once, and a note is left of what is still to be freed (reconcilers/discards.ts). */
import type { Write } from '#store/store.ts'

import { groupKey, streamKey, streamsPrefix } from './names.ts'
import { discards, type LogGroup, logGroups, type LogStream, logStreams } from './records.ts'

export function discardGroup(tx: Write, group: LogGroup): void {
  const { groupId } = group
  tx.delete(logGroups, groupKey(group, group.logGroupName))
  tx.put(discards, groupId, { groupId, streamsPrefix: streamsPrefix(group, group) })
}

export function discardStream(tx: Write, group: LogGroup, stream: LogStream): void {
  const { groupId } = group
  const { streamId } = stream
  tx.delete(logStreams, streamKey(group, group, stream.logStreamName))
  tx.put(discards, `${groupId}/${streamId}`, { groupId, streamId })
}
