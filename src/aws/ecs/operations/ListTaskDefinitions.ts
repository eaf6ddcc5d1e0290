import type { ListTaskDefinitionsRequest, ListTaskDefinitionsResponse } from '#contract/ecs.ts'
import { page } from '#kernel/page.ts'
import type { Operation } from '#room/operation.ts'

import { anyResource } from '../access.ts'
import { PAGE_LIMIT } from '../limits.ts'
import { checkEnum, definitionArn, scopeOf } from '../names/names.ts'
import { taskDefinitions } from '../records/records.ts'

/** `familyPrefix` is the whole family name here, as in ECS. Keys sort by family, then by revision as a number. */
export const ListTaskDefinitions: Operation<
  ListTaskDefinitionsRequest,
  ListTaskDefinitionsResponse
> = {
  access: anyResource,
  run(tx, input, { caller }) {
    const { familyPrefix, status = 'ACTIVE', sort = 'ASC', nextToken, maxResults } = input
    checkEnum('status', status, ['ACTIVE', 'INACTIVE', 'DELETE_IN_PROGRESS'])
    checkEnum('sort', sort, ['ASC', 'DESC'])
    const prefix = `${scopeOf(caller)}/${familyPrefix === undefined ? '' : `${familyPrefix}/`}`
    const question = `${prefix} definitions ${status} ${sort}`
    const ask = { nextToken, maxResults, limit: PAGE_LIMIT, question }
    const { items, nextToken: next } = page(ask, function* (after) {
      for (const found of tx.scan(taskDefinitions, { prefix, after, reverse: sort === 'DESC' }))
        if (found.row.status === status) yield found
    })
    return {
      taskDefinitionArns: items.map(({ row }) => definitionArn(row, row.family, row.revision)),
      nextToken: next,
    }
  },
}
