import type { GetLogEventsRequest, GetLogEventsResponse } from '#contract/logs.ts'
import type { WaitingOperation } from '#room/operation.ts'

import { theStream } from '../access.ts'
import { expiry } from '../batch.ts'
import { existingGroup, existingStream, groupNamed } from '../names.ts'
import type { LogStorage, StoredEvent } from '../storage.ts'
import { readStreamToken, type StreamToken, writeStreamToken } from '../tokens.ts'

const LIMIT_MAX = 10_000

/**
 * A stream's events, oldest first. Without a token the newest are read, or the oldest with `startFromHead`; then the
 * token's own direction counts. At an end the token that was given comes back, which is how callers know.
 */
export const GetLogEvents = (
  storage: LogStorage,
): WaitingOperation<GetLogEventsRequest, GetLogEventsResponse> => ({
  access: theStream,
  async wait(input, { caller, read, now }) {
    const { nextToken, startFromHead = false, limit = LIMIT_MAX } = input
    const { groupId, streamId, retentionInDays } = read((tx) => {
      const group = existingGroup(tx, caller, groupNamed(caller, input))
      return { ...group, ...existingStream(tx, caller, group, input.logStreamName) }
    })
    const token = nextToken === undefined ? undefined : readStreamToken(streamId, nextToken)
    const from = Math.max(input.startTime ?? 0, expiry(retentionInDays, now))
    const until = input.endTime ?? Number.MAX_SAFE_INTEGER
    const reverse = token ? token.direction === 'b' : !startFromHead
    const { events } = await storage.read({
      of: caller.tenant,
      groupId,
      streamIds: [streamId],
      from,
      until,
      beyond: token,
      reverse,
      limit,
      pattern: '',
    })
    const shown = reverse ? events.toReversed() : events
    return {
      events: shown.map(({ timestamp, message, ingestionTime }) => ({
        timestamp,
        message,
        ingestionTime,
      })),
      ...(shown.length > 0
        ? around(shown)
        : at(token ?? { direction: 'f', timestamp: from, streamId, sequence: BEFORE_ALL })),
    }
  },
})

type Tokens = Pick<GetLogEventsResponse, 'nextForwardToken' | 'nextBackwardToken'>
/** Before every event of its instant. */
const BEFORE_ALL = -1

/** Behind the last event, and before the first. */
function around(events: readonly StoredEvent[]): Tokens {
  const [first] = events
  const last = events.at(-1)
  return {
    nextForwardToken: last && writeStreamToken({ direction: 'f', ...last }),
    nextBackwardToken: first && writeStreamToken({ direction: 'b', ...first }),
  }
}

/** An end: its own token comes back, and the other turns round without losing the event that the token stands at. */
function at(token: StreamToken): Tokens {
  const forward = token.direction === 'f'
  const turned = {
    ...token,
    direction: forward ? ('b' as const) : ('f' as const),
    sequence: Math.max(token.sequence + (forward ? 1 : -1), BEFORE_ALL),
  }
  const [own, other] = [writeStreamToken(token), writeStreamToken(turned)]
  return {
    nextForwardToken: forward ? own : other,
    nextBackwardToken: forward ? other : own,
  }
}
