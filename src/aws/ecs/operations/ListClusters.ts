import type { ListClustersRequest, ListClustersResponse } from '#contract/ecs.ts'
import { page } from '#kernel/page.ts'
import type { Operation } from '#room/operation.ts'

import { anyResource } from '../access.ts'
import { PAGE_LIMIT } from '../limits.ts'
import { clusterArn, scopeOf } from '../names/names.ts'
import { clusters } from '../records/records.ts'

export const ListClusters: Operation<ListClustersRequest, ListClustersResponse> = {
  access: anyResource,
  run(tx, { nextToken, maxResults }, { caller }) {
    const scope = scopeOf(caller)
    const ask = { nextToken, maxResults, limit: PAGE_LIMIT, question: `${scope} clusters` }
    const { items, nextToken: next } = page(ask, function* (after) {
      for (const found of tx.scan(clusters, { prefix: `${scope}/`, after }))
        if (found.row.status === 'ACTIVE') yield found
    })
    return {
      clusterArns: items.map(({ row }) => clusterArn(row, row.clusterName)),
      nextToken: next,
    }
  },
}
