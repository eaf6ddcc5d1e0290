import type {
  ListTaskDefinitionFamiliesRequest,
  ListTaskDefinitionFamiliesResponse,
} from '#contract/ecs.ts'
import { page } from '#kernel/page.ts'
import type { Operation } from '#room/operation.ts'

import { anyResource } from '../access.ts'
import { PAGE_LIMIT } from '../limits.ts'
import { invalidParameter, scopeOf } from '../names/names.ts'
import { families, taskDefinitions } from '../records/records.ts'

/** ACTIVE families have an active revision; INACTIVE ones have revisions, but no active one. */
export const ListTaskDefinitionFamilies: Operation<
  ListTaskDefinitionFamiliesRequest,
  ListTaskDefinitionFamiliesResponse
> = {
  access: anyResource,
  run(tx, input, { caller }) {
    const { familyPrefix = '', status = 'ALL', nextToken, maxResults } = input
    if (!['ACTIVE', 'INACTIVE', 'ALL'].includes(status))
      throw invalidParameter(`Invalid status: ${status}.`)
    const prefix = `${scopeOf(caller)}/${familyPrefix}`
    const ask = {
      nextToken,
      maxResults,
      limit: PAGE_LIMIT,
      question: `${prefix} families ${status}`,
    }
    const { items, nextToken: next } = page(ask, function* (after) {
      for (const found of tx.scan(families, { prefix, after })) {
        const active = found.row.activeRevisions > 0
        if (!active && !hasRevisions(found.key)) continue
        if (status === 'ALL' || (status === 'ACTIVE') === active) yield found
      }
    })
    return { families: items.map(({ row }) => row.family), nextToken: next }

    /** A family whose revisions are all deleted keeps only its counter. */
    function hasRevisions(key: string): boolean {
      for (const _found of tx.scan(taskDefinitions, { prefix: `${key}/` })) return true
      return false
    }
  },
}
