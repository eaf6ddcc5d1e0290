/** Finds services and what belongs to them: what a request names, and what a service has. */
import type { Caller } from '#kernel/principal.ts'
import { ownerOf } from '#room/owned.ts'
import type { Read } from '#store/store.ts'

import { clusterKey, fault, invalidParameter, localResource } from '../names/names.ts'
import { inService, ofService, serviceKey, type ServicePlace, SHARE } from '../names/services.ts'
import type { Cluster } from '../records/records.ts'
import {
  type Deployment,
  deployments,
  type Service,
  type ServiceDeployment,
  serviceDeployments,
  services,
  servicesByStatus,
  type TaskSet,
  taskSets,
} from '../records/services.ts'

/** The statuses of service deployments that have not come to their end. */
export const OPEN: ReadonlySet<string> = new Set([
  'PENDING',
  'IN_PROGRESS',
  'STOP_REQUESTED',
  'ROLLBACK_REQUESTED',
  'ROLLBACK_IN_PROGRESS',
])

const NAME = /^[A-Za-z0-9_-]{1,255}$/

export function checkServiceName(name: string): void {
  if (!NAME.test(name))
    throw invalidParameter(
      'Invalid service name. Service names can contain up to 255 letters (uppercase and lowercase), numbers, underscores, and hyphens.',
    )
}

/** The short name in a name, or in a long or old ARN; an ARN of another cluster is refused. Nothing is looked up. */
export function serviceNameIn(caller: Caller, cluster: string, identifier: string): string {
  const resource = localResource(caller, identifier, 'service')
  const [first = '', second, ...more] = resource.split('/')
  if (second !== undefined && first !== cluster)
    throw invalidParameter(
      `Invalid identifier: Identifier is for ${first.slice(0, 255)}. Your cluster is ${cluster}`,
    )
  const name = second ?? first
  checkServiceName(more.length > 0 ? resource : name)
  return name
}

/** The service of the name, whatever its status. */
export function findService(
  tx: Read,
  caller: Caller,
  cluster: string,
  identifier: string,
): Service | undefined {
  return tx.get(services, serviceKey(caller, cluster, serviceNameIn(caller, cluster, identifier)))
}

/** The service, which must be there, whatever its status. */
export function theService(
  tx: Read,
  caller: Caller,
  { clusterName }: Cluster,
  identifier: string,
): Service {
  const found = findService(tx, caller, clusterName, identifier)
  if (!found) throw fault('ServiceNotFoundException', 'Service not found.')
  return found
}

/** The service, which must be there and ACTIVE. */
export function activeService(
  tx: Read,
  caller: Caller,
  cluster: Cluster,
  identifier: string,
): Service {
  const found = theService(tx, caller, cluster, identifier)
  if (found.status !== 'ACTIVE') throw fault('ServiceNotActiveException', 'Service was not ACTIVE.')
  return found
}

/** Where the ARN of a service deployment or a service revision points, and its id. */
export function partIn(
  caller: Caller,
  arn: string,
  type: 'service-deployment' | 'service-revision',
): { readonly of: ServicePlace; readonly id: string } {
  const resource = arn.startsWith('arn:') ? localResource(caller, arn, type) : ''
  const [clusterName = '', serviceName = '', id = '', ...more] = resource.split('/')
  if (!NAME.test(clusterName) || !NAME.test(serviceName) || !NAME.test(id) || more.length > 0)
    throw invalidParameter(`Invalid identifier: ${arn.slice(0, 255)}`)
  return { of: { ...ownerOf(caller), clusterName, serviceName }, id }
}

/** The service deployment of the ARN, which must be there. */
export function theServiceDeployment(tx: Read, caller: Caller, arn: string): ServiceDeployment {
  const { of, id } = partIn(caller, arn, 'service-deployment')
  const found = tx.get(serviceDeployments, inService(of, id))
  if (!found)
    throw fault(
      'ServiceDeploymentNotFoundException',
      'The specified service deployment was not found.',
    )
  return found
}

/** The digits in a task set's id or ARN; an ARN of another service is refused. */
export function taskSetIdIn(caller: Caller, of: ServicePlace, identifier: string): string {
  const resource = localResource(caller, identifier, 'task-set')
  const prefix = `${of.clusterName}/${of.serviceName}/`
  const isArn = identifier.startsWith('arn:')
  const short = isArn && resource.startsWith(prefix) ? resource.slice(prefix.length) : resource
  const id = short.startsWith(SHARE) ? short.slice(SHARE.length) : short
  if (!/^\d{1,32}$/.test(id))
    throw invalidParameter(`Invalid identifier: ${identifier.slice(0, 255)}`)
  return id
}

/** The task set of the service's present life. */
export function findTaskSet(
  tx: Read,
  caller: Caller,
  service: Service,
  identifier: string,
): TaskSet | undefined {
  const found = tx.get(taskSets, inService(service, taskSetIdIn(caller, service, identifier)))
  return found?.serviceId === service.serviceId ? found : undefined
}

/** The task set, which must be there. */
export function theTaskSet(
  tx: Read,
  caller: Caller,
  service: Service,
  identifier: string,
): TaskSet {
  const found = findTaskSet(tx, caller, service, identifier)
  if (!found) throw fault('TaskSetNotFoundException', 'The specified task set does not exist.')
  return found
}

/** How many services of the cluster have the status. */
export function countServices(tx: Read, cluster: Cluster, status: Service['status']): number {
  let count = 0
  for (const _service of tx.find(
    servicesByStatus,
    `${clusterKey(cluster, cluster.clusterName)}/${status}`,
  ))
    count++
  return count
}

/** The deployments of the service's present life, newest first. A step of the scheduler has them in its snapshot. */
export function deploymentsOf(tx: Read, service: Service): Deployment[] {
  const found = [...tx.scan(deployments, { prefix: `${ofService(service)}/` })]
  return found
    .map(({ row }) => row)
    .filter((row) => row.serviceId === service.serviceId)
    .toSorted(
      (one, other) =>
        other.createdAt - one.createdAt || (one.deploymentId < other.deploymentId ? 1 : -1),
    )
}

/** The deployment that the service is to run; none where an external controller has task sets. */
export const primaryOf = (tx: Read, service: Service): Deployment | undefined =>
  deploymentsOf(tx, service).find(({ status }) => status === 'PRIMARY')

/** The service deployments of the service's present life, newest first. */
export function serviceDeploymentsOf(tx: Read, service: Service): ServiceDeployment[] {
  const found = [...tx.scan(serviceDeployments, { prefix: `${ofService(service)}/` })]
  return found
    .map(({ row }) => row)
    .filter((row) => row.serviceId === service.serviceId)
    .toSorted((one, other) => other.createdAt - one.createdAt)
}

/** The task sets of the service's present life, newest first. */
export function taskSetsOf(tx: Read, service: Service): TaskSet[] {
  const found = [...tx.scan(taskSets, { prefix: `${ofService(service)}/`, reverse: true })]
  return found.map(({ row }) => row).filter((row) => row.serviceId === service.serviceId)
}
