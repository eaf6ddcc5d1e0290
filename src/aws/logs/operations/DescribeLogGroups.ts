import type { DescribeLogGroupsRequest, DescribeLogGroupsResponse } from '#contract/logs.ts'
import type { Caller } from '#kernel/principal.ts'
import type { WaitingOperation } from '#room/operation.ts'
import { scopeOf } from '#room/owned.ts'
import type { Page } from '#room/pages.ts'
import type { Read } from '#store/store.ts'

import { allGroups } from '../access.ts'
import {
  groupArn,
  groupKey,
  groupNamed,
  invalidParameter,
  streamsPrefix,
  wholeGroupArn,
} from '../names.ts'
import { ownAccountOnly } from '../own-account.ts'
import { page } from '../pages.ts'
import { type LogGroup, logGroups, logStreams } from '../records.ts'
import type { LogStorage } from '../storage.ts'

const LIMIT_MAX = 50

export const DescribeLogGroups = (
  storage: LogStorage,
): WaitingOperation<DescribeLogGroupsRequest, DescribeLogGroupsResponse> => ({
  access: allGroups,
  async wait(input, { caller, read }) {
    checkFilters(caller, input)
    const { items, nextToken } = read((tx) => pageOf(tx, caller, input))
    const found: LogGroup[] = items.map(({ row }) => row)
    // A search by pattern tells less at AWS, and there is always a page behind what it found.
    if (input.logGroupNamePattern !== undefined) return { logGroups: found.map(view), nextToken }
    const sizes = await Promise.all(
      found.map(async (group) => {
        const ids = read((tx) =>
          [...tx.scan(logStreams, { prefix: streamsPrefix(caller, group) })].map(
            ({ row }) => row.streamId,
          ),
        )
        const stats = await storage.stats(group.groupId, ids, group.tenant)
        return stats.reduce((sum, { storedBytes }) => sum + storedBytes, 0)
      }),
    )
    return {
      logGroups: found.map((group, index) => ({
        ...view(group),
        storedBytes: sizes[index] ?? 0,
        deletionProtectionEnabled: group.deletionProtectionEnabled ?? false,
      })),
      nextToken,
    }
  },
})

function checkFilters(caller: Caller, input: DescribeLogGroupsRequest): void {
  ownAccountOnly(caller, input)
  const { logGroupNamePrefix, logGroupNamePattern, logGroupIdentifiers } = input
  if (logGroupNamePrefix !== undefined && logGroupNamePattern !== undefined)
    throw invalidParameter(
      'LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters.',
    )
  if (logGroupIdentifiers && (logGroupNamePrefix ?? logGroupNamePattern) !== undefined)
    throw invalidParameter(
      'LogGroup identifiers are mutually exclusive with LogGroup name prefix and pattern.',
    )
}

function pageOf(
  tx: Read,
  caller: Caller,
  input: DescribeLogGroupsRequest,
): Page<{ readonly at: string; readonly row: LogGroup }> {
  const { logGroupNamePrefix = '', logGroupNamePattern = '', logGroupIdentifiers } = input
  const { logGroupClass = 'STANDARD', nextToken, limit } = input
  const scope = scopeOf(caller)
  const named = logGroupIdentifiers?.map((identifier) =>
    groupKey(caller, groupNamed(caller, { logGroupIdentifier: identifier })),
  )
  const question = `${scope} log groups ${logGroupNamePrefix} ${logGroupNamePattern} ${named?.join()}`
  const endsEmpty = input.logGroupNamePattern !== undefined
  const ask = { nextToken, maxResults: limit, limit: LIMIT_MAX, question, endsEmpty }
  return page(ask, function* (after) {
    if (logGroupClass !== 'STANDARD') return
    for (const found of tx.scan(logGroups, { prefix: `${scope}/${logGroupNamePrefix}`, after }))
      if (
        found.row.logGroupName.includes(logGroupNamePattern) &&
        (named === undefined || named.includes(found.key))
      )
        yield found
  })
}

function view(group: LogGroup) {
  const { logGroupName, creationTime, retentionInDays } = group
  return {
    logGroupName,
    creationTime,
    retentionInDays,
    metricFilterCount: 0,
    arn: wholeGroupArn(group, logGroupName),
    logGroupClass: 'STANDARD' as const,
    logGroupArn: groupArn(group, logGroupName),
  }
}
