import type { DescribeLogStreamsRequest, DescribeLogStreamsResponse } from '#contract/logs.ts'
import type { WaitingOperation } from '#room/operation.ts'

import { theGroup } from '../access.ts'
import {
  existingGroup,
  groupNamed,
  invalidParameter,
  streamArn,
  streamsPrefix,
  checkEnum,
} from '../names.ts'
import { page } from '../pages.ts'
import { type LogGroup, type LogStream, logStreams } from '../records.ts'
import type { LogStorage, StreamStats } from '../storage.ts'

const LIMIT_MAX = 50
const ORDERS: readonly string[] = ['LogStreamName', 'LastEventTime']
const TIME_DIGITS = 16

/** Orders by name, or by the newest event; streams without events count as the oldest. */
export const DescribeLogStreams = (
  storage: LogStorage,
): WaitingOperation<DescribeLogStreamsRequest, DescribeLogStreamsResponse> => ({
  access: theGroup,
  async wait(input, { caller, read }) {
    const { orderBy = 'LogStreamName', logStreamNamePrefix = '', descending = false } = input
    const { nextToken, limit } = input
    checkEnum('orderBy', orderBy, ORDERS)
    if (orderBy === 'LastEventTime' && logStreamNamePrefix !== '')
      throw invalidParameter('Cannot order by LastEventTime with a logStreamNamePrefix.')
    const { group, streams } = read((tx) => {
      const found = existingGroup(tx, caller, groupNamed(caller, input))
      const prefix = streamsPrefix(caller, found) + logStreamNamePrefix
      const rows = [...tx.scan(logStreams, { prefix })].map(({ row }): LogStream => row)
      return { group: found, streams: rows }
    })
    const known =
      orderBy === 'LastEventTime'
        ? await statsOf(storage, group, streams)
        : new Map<string, never>()
    const entries = streams
      .map((stream) => ({ at: placeOf(stream, orderBy, known.get(stream.streamId)), stream }))
      .sort((one, other) => (one.at < other.at ? -1 : 1))
    if (descending) entries.reverse()
    const question = `${group.groupId} ${orderBy} ${descending} ${logStreamNamePrefix}`
    const found = page({ nextToken, maxResults: limit, limit: LIMIT_MAX, question }, (after) =>
      after === undefined
        ? entries
        : entries.filter(({ at }) => (descending ? at < after : at > after)),
    )
    const shown = found.items.map(({ stream }) => stream)
    const stats = await statsOf(storage, group, shown)
    return {
      logStreams: shown.map((stream) => view(group, stream, stats.get(stream.streamId))),
      nextToken: found.nextToken,
    }
  },
})

async function statsOf(
  storage: LogStorage,
  { groupId, tenant }: LogGroup,
  streams: readonly LogStream[],
): Promise<Map<string, StreamStats>> {
  const ids = streams.map(({ streamId }) => streamId)
  const stats = await storage.stats(groupId, ids, tenant)
  return new Map(stats.map((each, index) => [ids[index] ?? '', each]))
}

function placeOf(
  { logStreamName }: LogStream,
  orderBy: string,
  stats: StreamStats | undefined,
): string {
  if (orderBy === 'LogStreamName') return logStreamName
  return `${String(stats?.lastEventTimestamp ?? 0).padStart(TIME_DIGITS, '0')} ${logStreamName}`
}

function view(group: LogGroup, stream: LogStream, stats: StreamStats | undefined) {
  return {
    logStreamName: stream.logStreamName,
    creationTime: stream.creationTime,
    firstEventTimestamp: stats?.firstEventTimestamp,
    lastEventTimestamp: stats?.lastEventTimestamp,
    lastIngestionTime: stats?.lastIngestionTime,
    arn: streamArn(group, group.logGroupName, stream.logStreamName),
    // AWS says 0 for every stream since June 2019; a group's size is in DescribeLogGroups.
    storedBytes: 0,
  }
}
