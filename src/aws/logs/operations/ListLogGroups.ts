import type { ListLogGroupsRequest, ListLogGroupsResponse } from '#contract/logs.ts'
import { page } from '#kernel/page.ts'
import type { Operation } from '#room/operation.ts'

import { allGroups } from '../access.ts'
import { scopeOf } from '../names.ts'
import { groupArn } from '../names.ts'
import { ownAccountOnly } from '../own-account.ts'
import { logGroups } from '../records.ts'
import { unavailable } from '../unbuilt.ts'

const LIMIT = 50
const LIMIT_MAX = 1000

export const ListLogGroups: Operation<ListLogGroupsRequest, ListLogGroupsResponse> = {
  access: allGroups,
  run(tx, input, { caller }) {
    const { logGroupNamePattern = '', logGroupClass = 'STANDARD', nextToken, limit } = input
    ownAccountOnly(caller, input)
    for (const later of ['dataSources', 'fieldIndexNames', 'logGroupTags'] as const)
      if (input[later] !== undefined) throw unavailable('This filter is', later)
    const scope = scopeOf(caller)
    const ask = {
      nextToken,
      maxResults: limit ?? LIMIT,
      limit: LIMIT_MAX,
      question: `${scope} log groups ${logGroupNamePattern} ${logGroupClass}`,
    }
    const { items, nextToken: next } = page(ask, function* (after) {
      for (const found of tx.scan(logGroups, { prefix: `${scope}/`, after }))
        if (logGroupClass === 'STANDARD' && fits(logGroupNamePattern, found.row.logGroupName))
          yield found
    })
    return {
      logGroups: items.map(({ row }) => ({
        logGroupName: row.logGroupName,
        logGroupArn: groupArn(row, row.logGroupName),
        logGroupClass: 'STANDARD' as const,
      })),
      nextToken: next,
    }
  },
}

/** Texts, one of which is in the name, or at its start after a `^`; the model holds the pattern to that. */
function fits(pattern: string, name: string): boolean {
  return pattern
    .split('|')
    .some((part) => (part.startsWith('^') ? name.startsWith(part.slice(1)) : name.includes(part)))
}
