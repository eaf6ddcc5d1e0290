import type {
  ListServiceDeploymentsRequest,
  ListServiceDeploymentsResponse,
} from '#contract/ecs.ts'
import type { Operation } from '#room/operation.ts'

import { PAGE_LIMIT, SERVICE_DEPLOYMENTS_PAGE } from '../limits.ts'
import { activeCluster, checkEnum } from '../names/names.ts'
import { ofService } from '../names/services.ts'
import { page } from '../pages.ts'
import type { ServiceDeployment } from '../records/services.ts'
import { theServiceResource } from '../services/access.ts'
import { OPEN, serviceDeploymentsOf, theService } from '../services/find.ts'
import { toServiceDeploymentBrief } from '../views/service-deployment.ts'

const STATUSES = [...OPEN, 'SUCCESSFUL', 'STOPPED', 'ROLLBACK_SUCCESSFUL', 'ROLLBACK_FAILED']

/** The service's deployments, newest first. */
export const ListServiceDeployments: Operation<
  ListServiceDeploymentsRequest,
  ListServiceDeploymentsResponse
> = {
  access: theServiceResource,
  run(tx, input, { caller }) {
    const cluster = activeCluster(tx, caller, input.cluster)
    const service = theService(tx, caller, cluster, input.service)
    const { status = [], createdAt = {}, nextToken } = input
    const { maxResults = SERVICE_DEPLOYMENTS_PAGE } = input
    for (const one of status) checkEnum('status', one, STATUSES)
    const before = createdAt.before?.getTime() ?? Infinity
    const after = createdAt.after?.getTime() ?? -Infinity
    const matches = (row: ServiceDeployment): boolean =>
      (status.length === 0 || status.includes(row.status)) &&
      row.createdAt < before &&
      row.createdAt > after
    const question = [ofService(service), 'deployments', ...status, before, after].join(' ')
    const ask = { nextToken, maxResults, limit: PAGE_LIMIT, question }
    const { items, nextToken: next } = page(ask, function* (from) {
      for (const row of serviceDeploymentsOf(tx, service).toSorted(byPlace)) {
        const at = placeOf(row)
        if ((from === undefined || at < from) && matches(row)) yield { at, row }
      }
    })
    return {
      serviceDeployments: items.map(({ row }) => toServiceDeploymentBrief(row)),
      nextToken: next,
    }
  },
}

const MOMENT_DIGITS = 15
const placeOf = ({ createdAt, serviceDeploymentId }: ServiceDeployment): string =>
  `${String(createdAt).padStart(MOMENT_DIGITS, '0')}/${serviceDeploymentId}`
const byPlace = (one: ServiceDeployment, other: ServiceDeployment): number =>
  placeOf(one) < placeOf(other) ? 1 : -1
