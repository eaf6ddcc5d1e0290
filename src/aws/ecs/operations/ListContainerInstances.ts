import type {
  ListContainerInstancesRequest,
  ListContainerInstancesResponse,
} from '#contract/ecs.ts'
import { page } from '#kernel/page.ts'
import type { Operation } from '#room/operation.ts'

import { theCluster } from '../access.ts'
import { PAGE_LIMIT } from '../limits.ts'
import { activeCluster, checkEnum, clusterKey, containerInstanceArn } from '../names/names.ts'
import { parseExpression } from '../query/query.ts'
import { containerInstances } from '../records/records.ts'
import { Groups, InstanceHost } from '../scheduler/hosts.ts'

const STATUSES = ['ACTIVE', 'DRAINING', 'REGISTERING', 'DEREGISTERING', 'REGISTRATION_FAILED']

/** Without a status: every registered one, ACTIVE or DRAINING. `filter` is the cluster query language. */
export const ListContainerInstances: Operation<
  ListContainerInstancesRequest,
  ListContainerInstancesResponse
> = {
  access: theCluster,
  run(tx, input, { caller }) {
    const cluster = activeCluster(tx, caller, input.cluster)
    const { filter, status, nextToken, maxResults } = input
    checkEnum('status', status, STATUSES)
    const holds = filter === undefined || filter === '' ? undefined : parseExpression(filter)
    const prefix = `${clusterKey(cluster, cluster.clusterName)}/`
    const question = `${prefix} instances ${status ?? ''} ${filter ?? ''}`
    const ask = { nextToken, maxResults, limit: PAGE_LIMIT, question }
    const { items, nextToken: next } = page(ask, function* (after) {
      for (const found of tx.scan(containerInstances, { prefix, after })) {
        const { row } = found
        if (status === undefined ? row.status === 'INACTIVE' : row.status !== status) continue
        if (!holds || holds(new InstanceHost(row, new Groups(tx, row)))) yield found
      }
    })
    return {
      containerInstanceArns: items.map(({ row }) => containerInstanceArn(row)),
      nextToken: next,
    }
  },
}
