import type { ListServicesRequest, ListServicesResponse } from '#contract/ecs.ts'
import { page } from '#kernel/page.ts'
import type { Operation } from '#room/operation.ts'

import { inCluster } from '../access.ts'
import { PAGE_LIMIT, SERVICES_PAGE } from '../limits.ts'
import { activeCluster, checkEnum, clusterKey, LAUNCH_TYPES } from '../names/names.ts'
import { serviceArn } from '../names/services.ts'
import { servicesByStatus } from '../records/services.ts'

/** ACTIVE ones only. All are the customer's: no service of this build is managed by ECS. */
export const ListServices: Operation<ListServicesRequest, ListServicesResponse> = {
  access: (_tx, input, { caller }) => [
    {
      resources: ['*'],
      conditions: inCluster(caller, input.cluster),
    },
  ],
  run(tx, input, { caller }) {
    const cluster = activeCluster(tx, caller, input.cluster)
    const { launchType, schedulingStrategy, resourceManagementType } = input
    checkEnum('launchType', launchType, LAUNCH_TYPES)
    checkEnum('schedulingStrategy', schedulingStrategy, ['REPLICA', 'DAEMON'])
    checkEnum('resourceManagementType', resourceManagementType, ['CUSTOMER', 'ECS'])
    const prefix = `${clusterKey(cluster, cluster.clusterName)}/ACTIVE\u0000`
    const question = [
      prefix,
      'services',
      launchType,
      schedulingStrategy,
      resourceManagementType,
    ].join(' ')
    const { nextToken, maxResults = SERVICES_PAGE } = input
    const ask = { nextToken, maxResults, limit: PAGE_LIMIT, question }
    const { items, nextToken: next } = page(ask, function* (after) {
      if (resourceManagementType === 'ECS') return
      for (const found of tx.scan(servicesByStatus, { prefix, after }))
        if (
          (launchType === undefined || found.row.launchType === launchType) &&
          (schedulingStrategy === undefined || found.row.schedulingStrategy === schedulingStrategy)
        )
          yield found
    })
    return { serviceArns: items.map(({ row }) => serviceArn(row)), nextToken: next }
  },
}
