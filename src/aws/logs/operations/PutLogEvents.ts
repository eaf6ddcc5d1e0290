import type { PutLogEventsRequest, PutLogEventsResponse } from '#contract/logs.ts'
import type { WaitingOperation } from '#room/operation.ts'

import { theStream } from '../access.ts'
import { sortOut } from '../batch.ts'
import { existingGroup, existingStream, groupKey, notFound, streamKey } from '../names.ts'
import { logGroups, logStreams } from '../records.ts'
import type { LogStorage } from '../storage.ts'

const TOKEN_DIGITS = 54

/** Answers once the events are durable and can be found. Sequence tokens are taken and mean nothing, as in AWS. */
export const PutLogEvents = (
  storage: LogStorage,
): WaitingOperation<PutLogEventsRequest, PutLogEventsResponse> => ({
  access: theStream,
  async wait({ logGroupName, logStreamName, logEvents, entity }, { caller, read, now }) {
    const { stream, retentionInDays } = read((tx) => {
      const group = existingGroup(tx, caller, logGroupName)
      const { streamId } = existingStream(tx, caller, group, logStreamName)
      const { groupId, retentionInDays: days } = group
      return { stream: { groupId, streamId }, retentionInDays: days }
    })
    const { accepted, rejected } = sortOut(logEvents, retentionInDays, now)
    if (accepted.length > 0) {
      await storage.append(stream, accepted, now)
      // Whoever deleted the stream meanwhile may have done so before the events were there.
      const isThere = read((tx) => {
        const group = tx.get(logGroups, groupKey(caller, logGroupName))
        const row = group && tx.get(logStreams, streamKey(caller, group, logStreamName))
        return row?.streamId === stream.streamId
      })
      if (!isThere) {
        await storage.delete(stream)
        throw notFound('stream')
      }
    }
    return {
      nextSequenceToken: `49${String(now).padStart(TOKEN_DIGITS, '0')}`,
      ...(rejected && { rejectedLogEventsInfo: rejected }),
      // Entities have no use before there are service maps; AWS takes the events and refuses the entity alone.
      ...(entity && { rejectedEntityInfo: { errorType: 'UnsupportedLogGroupType' as const } }),
    }
  },
})
