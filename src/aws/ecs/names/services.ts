/** Names of services and of what belongs to them: record keys, ARNs, and how tasks tell whose they are. */
import { arnsOf } from '#room/arns.ts'
import { type Owned, scopeOf } from '#room/owned.ts'

/** Where a service is. */
export type ServicePlace = Owned & { readonly clusterName: string; readonly serviceName: string }

export const serviceKey = (of: Owned, cluster: string, service: string): string =>
  `${scopeOf(of)}/${cluster}/${service}`
export const ofService = (of: ServicePlace): string =>
  serviceKey(of, of.clusterName, of.serviceName)
/** The key of a deployment, a task set, a service deployment, a service revision or an event, by its id. */
export const inService = (of: ServicePlace, id: string): string => `${ofService(of)}/${id}`

export const serviceArns = arnsOf('ecs', 'service/{clusterName}/{serviceName}')
/** As AWS wrote them before 2018: without the cluster. */
export const shortServiceArns = arnsOf('ecs', 'service/{serviceName}')
const deploymentArns = arnsOf('ecs', 'service-deployment/{clusterName}/{serviceName}/{id}')
const revisionArns = arnsOf('ecs', 'service-revision/{clusterName}/{serviceName}/{id}')
const taskSetArns = arnsOf('ecs', 'task-set/{clusterName}/{serviceName}/ecs-svc/{id}')

export const serviceArn = (of: ServicePlace): string => serviceArns.write(of, of)
export const serviceDeploymentArn = (of: ServicePlace, id: string): string =>
  deploymentArns.write(of, { ...namesOf(of), id })
export const serviceRevisionArn = (of: ServicePlace, id: string): string =>
  revisionArns.write(of, { ...namesOf(of), id })
export const taskSetArn = (of: ServicePlace, id: string): string =>
  taskSetArns.write(of, { ...namesOf(of), id })

const namesOf = ({ clusterName, serviceName }: ServicePlace) => ({ clusterName, serviceName })

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
