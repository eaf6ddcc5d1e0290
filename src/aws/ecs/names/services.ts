/** Names of services and of what belongs to them: record keys, ARNs, and how tasks tell whose they are. */
import { formatArn } from '#kernel/arn.ts'
import type { Caller } from '#kernel/principal.ts'

import type { Owned } from '../records/records.ts'
import { scopeOf } from './names.ts'

type Of = Owned | Caller
/** Where a service is. */
export type ServicePlace = Owned & { readonly clusterName: string; readonly serviceName: string }

export const serviceKey = (of: Of, cluster: string, service: string): string =>
  `${scopeOf(of)}/${cluster}/${service}`
export const ofService = (of: ServicePlace): string =>
  serviceKey(of, of.clusterName, of.serviceName)
/** Of a deployment, a task set, a service deployment, a service revision or an event, by its id. */
export const inService = (of: ServicePlace, id: string): string => `${ofService(of)}/${id}`

const arn = (of: ServicePlace, type: string, rest = ''): string =>
  formatArn({
    service: 'ecs',
    region: of.region,
    account: of.accountId,
    resource: `${type}/${of.clusterName}/${of.serviceName}${rest}`,
  })
export const serviceArn = (of: ServicePlace): string => arn(of, 'service')
export const serviceDeploymentArn = (of: ServicePlace, id: string): string =>
  arn(of, 'service-deployment', `/${id}`)
export const serviceRevisionArn = (of: ServicePlace, id: string): string =>
  arn(of, 'service-revision', `/${id}`)
export const taskSetArn = (of: ServicePlace, id: string): string =>
  arn(of, 'task-set', `/${SHARE}${id}`)

/** Why a task was stopped that had failed its health checks. */
export const HEALTH_FAILED = 'Task failed container health checks'

const GROUP = 'service:'
/** What the id of a deployment and of a task set begins with, and `startedBy` of their tasks. */
export const SHARE = 'ecs-svc/'
export const groupOf = (service: string): string => `${GROUP}${service}`

/** The service and the share that a task was started for; nothing for a task that stands alone. */
export function shareOf(task: {
  readonly group: string
  readonly startedBy?: string | undefined
}): { readonly serviceName: string; readonly shareId: string } | undefined {
  // Users cannot give a task this group, so what it says is true.
  if (!task.group.startsWith(GROUP)) return undefined
  return {
    serviceName: task.group.slice(GROUP.length),
    shareId: task.startedBy?.slice(SHARE.length) ?? '',
  }
}
