import type { FilterLogEventsRequest, FilterLogEventsResponse } from '#contract/logs.ts'
import { fingerprint } from '#kernel/fingerprint.ts'
import type { Caller } from '#kernel/principal.ts'
import type { WaitingOperation } from '#room/operation.ts'
import type { Read } from '#store/store.ts'

import { theGroup } from '../access.ts'
import { expiry } from '../batch.ts'
import {
  existingGroup,
  existingStream,
  groupNamed,
  invalidParameter,
  streamsPrefix,
} from '../names.ts'
import { compilePattern, PatternError } from '../patterns/pattern.ts'
import { type LogGroup, type LogStream, logStreams } from '../records.ts'
import type { LogStorage } from '../storage.ts'
import { eventId, readGroupToken, writeGroupToken } from '../tokens.ts'

const LIMIT_MAX = 10_000

/**
 * Events of many streams, by time. A page may end before it is full, or be empty, when much was looked at for little:
 * then its token says where to go on.
 */
export const FilterLogEvents = (
  storage: LogStorage,
): WaitingOperation<FilterLogEventsRequest, FilterLogEventsResponse> => ({
  access: theGroup,
  async wait(input, { caller, read, now }) {
    const { filterPattern = '', startTime = 0, endTime, nextToken, limit = LIMIT_MAX } = input
    checkInput(input)
    const { group, streams } = read((tx) => searched(tx, caller, input))
    const names = new Map(streams.map(({ streamId, logStreamName }) => [streamId, logStreamName]))
    const reverse = input.startFromHead === false
    const question = questionOf(group, { ...input, filterPattern, startTime, reverse })
    const { events, reached } = await storage.read({
      of: caller.tenant,
      groupId: group.groupId,
      streamIds: [...names.keys()],
      from: Math.max(startTime, expiry(group.retentionInDays, now)),
      until: endTime === undefined ? Number.MAX_SAFE_INTEGER : endTime + 1,
      beyond: nextToken === undefined ? undefined : readGroupToken(question, nextToken),
      reverse,
      limit,
      pattern: filterPattern,
    })
    return {
      events: events.map((event) => ({
        logStreamName: names.get(event.streamId),
        timestamp: event.timestamp,
        message: event.message,
        ingestionTime: event.ingestionTime,
        eventId: eventId(event),
      })),
      // Empty since 2020, as AWS says: which streams were searched to the end is not told any more.
      searchedLogStreams: [],
      nextToken: reached && writeGroupToken(question, reached),
    }
  },
})

/** All that decides which events come and in which order: a token goes on with the same question only. */
function questionOf(
  { groupId }: LogGroup,
  {
    filterPattern,
    startTime,
    endTime,
    reverse,
    logStreamNames,
    logStreamNamePrefix,
  }: FilterLogEventsRequest & { readonly reverse: boolean },
): string {
  const streams = logStreamNames?.toSorted() ?? logStreamNamePrefix
  const asked = [groupId, filterPattern, startTime, endTime, reverse, streams]
  return fingerprint(JSON.stringify(asked))
}

function checkInput({
  logStreamNames,
  logStreamNamePrefix,
  startTime = 0,
  endTime = Number.MAX_SAFE_INTEGER,
  filterPattern = '',
}: FilterLogEventsRequest): void {
  if (logStreamNames !== undefined && logStreamNamePrefix !== undefined)
    throw invalidParameter(
      'LogStream names and LogStream name prefix are mutually exclusive parameters.',
    )
  if (endTime < startTime) throw invalidParameter('End time should not be less than start time.')
  try {
    compilePattern(filterPattern)
  } catch (error) {
    if (error instanceof PatternError)
      throw invalidParameter(`Invalid filter pattern: ${error.message}`)
    throw error
  }
}

function searched(
  tx: Read,
  caller: Caller,
  input: FilterLogEventsRequest,
): { group: LogGroup; streams: readonly LogStream[] } {
  const group = existingGroup(tx, caller, groupNamed(caller, input))
  const { logStreamNames, logStreamNamePrefix = '' } = input
  if (logStreamNames)
    return {
      group,
      streams: logStreamNames.map((name) => existingStream(tx, caller, group, name)),
    }
  const prefix = streamsPrefix(caller, group) + logStreamNamePrefix
  return { group, streams: [...tx.scan(logStreams, { prefix })].map(({ row }) => row) }
}
