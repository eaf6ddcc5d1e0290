/** How a deployment begins: a new revision, the way to it, and the newest deployment, which all older ones give way to. */
import type { Ids } from '#kernel/ids.ts'
import type { Read, Write } from '#store/store.ts'

import { inService, ofService, SHARE } from '../names/services.ts'
import {
  type Deployment,
  deployments,
  type Hook,
  type RevisionShare,
  type Service,
  type ServiceDeployment,
  serviceDeployments,
  type ServiceRevision,
  serviceRevisions,
} from '../records/services.ts'
import { noticeDeployment } from './events.ts'

export type Beginning = {
  readonly now: number
  readonly ids: Ids
}

/** The service deployments that have not come to their end. */
export const OPEN: ReadonlySet<string> = new Set([
  'PENDING',
  'IN_PROGRESS',
  'STOP_REQUESTED',
  'ROLLBACK_REQUESTED',
  'ROLLBACK_IN_PROGRESS',
])

/** Nineteen digits, later ones greater. */
export const newShareId = ({ now, ids }: Beginning): string =>
  `${now}${String(Number.parseInt(ids.hex(6), 16) % 1e6).padStart(6, '0')}`
const SERVICE_DEPLOYMENT_ID_DIGITS = 21

/** The deployments of the service, newest first. */
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

/** The service deployments, newest first. */
export function serviceDeploymentsOf(tx: Read, service: Service): ServiceDeployment[] {
  const found = [...tx.scan(serviceDeployments, { prefix: `${ofService(service)}/` })]
  return found
    .map(({ row }) => row)
    .filter((row) => row.serviceId === service.serviceId)
    .toSorted((one, other) => other.createdAt - one.createdAt)
}

/** Begins to replace whatever the service runs by the revision. Service deployments that are still open are STOPPED. */
export function beginDeployment(
  tx: Write,
  service: Service,
  revision: ServiceRevision,
  beginning: Beginning,
): Deployment {
  const { now, ids } = beginning
  const { deploymentConfiguration } = service
  const serviceDeployment: ServiceDeployment = {
    ...placeOf(service),
    serviceDeploymentId: ids.hex(SERVICE_DEPLOYMENT_ID_DIGITS),
    status: 'PENDING',
    stage: 'RECONCILE_SERVICE',
    stageSince: now,
    hooks: [],
    sources: sourcesOf(tx, service),
    target: {
      revisionId: revision.revisionId,
      requestedTaskCount: service.desiredCount,
      runningTaskCount: 0,
      pendingTaskCount: 0,
    },
    deploymentConfiguration,
    breaker: {
      status: deploymentConfiguration.deploymentCircuitBreaker?.enable ? 'MONITORING' : 'DISABLED',
    },
    alarms: {
      status: deploymentConfiguration.alarms?.enable ? 'MONITORING' : 'DISABLED',
      ignored: [],
      triggered: [],
    },
    createdAt: now,
    updatedAt: now,
  }
  const reason = 'A newer service deployment has taken its place.'
  stopOpen(tx, service, reason, now, (open) => sharesNow(tx, service, open))
  tx.put(
    serviceDeployments,
    inService(service, serviceDeployment.serviceDeploymentId),
    serviceDeployment,
  )
  return supersede(tx, service, revision, serviceDeployment.serviceDeploymentId, beginning)
}

/** A new PRIMARY deployment of the revision, within a service deployment; all older ones become ACTIVE and are drained. */
export function supersede(
  tx: Write,
  service: Service,
  revision: ServiceRevision,
  serviceDeploymentId: string,
  { now, ids }: Beginning,
): Deployment {
  for (const older of deploymentsOf(tx, service))
    if (older.status === 'PRIMARY')
      tx.patch(deployments, inService(service, older.deploymentId), {
        status: 'ACTIVE',
        updatedAt: now,
      })
  const deploymentId = newShareId({ now, ids })
  const deployment: Deployment = {
    ...placeOf(service),
    deploymentId,
    serviceDeploymentId,
    revisionId: revision.revisionId,
    family: revision.family,
    revision: revision.revision,
    status: 'PRIMARY',
    rolloutState: 'IN_PROGRESS',
    rolloutStateReason: `ECS deployment ${SHARE}${deploymentId} in progress.`,
    pendingCount: 0,
    runningCount: 0,
    failedTasks: 0,
    failures: 0,
    healthyCount: 0,
    hasRun: false,
    createdAt: now,
    updatedAt: now,
  }
  tx.put(deployments, inService(service, deploymentId), deployment)
  noticeDeployment(tx, deployment, { now, id: ids.uuid() })
  return deployment
}

/** A new revision of what the service is now, running the task definition. */
export function newRevision(
  tx: Write,
  service: Service,
  definition: { readonly family: string; readonly revision: number },
  beginning: Beginning,
): ServiceRevision {
  const revision: ServiceRevision = {
    ...placeOf(service),
    revisionId: newShareId(beginning),
    family: definition.family,
    revision: definition.revision,
    launchType: service.launchType,
    ...(service.networkConfiguration && { networkConfiguration: service.networkConfiguration }),
    createdAt: beginning.now,
    digests: {},
  }
  tx.put(serviceRevisions, inService(service, revision.revisionId), revision)
  return revision
}

/** Ends the service deployments that are on their way; `told` is what else is kept of each. */
export function stopOpen(
  tx: Write,
  service: Service,
  statusReason: string,
  now: number,
  told: (open: ServiceDeployment) => Partial<ServiceDeployment> = () => ({}),
): void {
  for (const open of serviceDeploymentsOf(tx, service))
    if (OPEN.has(open.status))
      tx.patch(serviceDeployments, inService(service, open.serviceDeploymentId), {
        ...told(open),
        status: 'STOPPED',
        statusReason,
        hooks: unanswered(open.hooks),
        stoppedAt: now,
        finishedAt: now,
        updatedAt: now,
      })
}

/** The hooks of a deployment that is over: nobody can continue it any more. */
export const unanswered = (hooks: readonly Hook[]): readonly Hook[] =>
  hooks.map((hook) => (hook.status === 'AWAITING_ACTION' ? { ...hook, status: 'FAILED' } : hook))

/** The revisions of a service deployment with what they run at this moment. */
export function sharesNow(
  tx: Read,
  service: Service,
  { sources, target }: Pick<ServiceDeployment, 'sources' | 'target'>,
): Pick<ServiceDeployment, 'sources' | 'target'> {
  const running = sourcesOf(tx, service)
  const now = ({ revisionId }: RevisionShare): RevisionShare =>
    running.find((one) => one.revisionId === revisionId) ?? { revisionId, ...NONE }
  return { sources: sources.map(now), target: now(target) }
}
const NONE = { requestedTaskCount: 0, runningTaskCount: 0, pendingTaskCount: 0 }

/** What the service runs now. */
const sourcesOf = (tx: Read, service: Service): RevisionShare[] =>
  deploymentsOf(tx, service)
    .filter(({ status }) => status !== 'INACTIVE')
    .map((deployment) => ({
      revisionId: deployment.revisionId,
      requestedTaskCount: deployment.status === 'PRIMARY' ? service.desiredCount : 0,
      runningTaskCount: deployment.runningCount,
      pendingTaskCount: deployment.pendingCount,
    }))

const placeOf = ({
  tenant,
  accountId,
  region,
  clusterName,
  serviceName,
  serviceId,
}: Service): Pick<
  Service,
  'tenant' | 'accountId' | 'region' | 'clusterName' | 'serviceName' | 'serviceId'
> => ({ tenant, accountId, region, clusterName, serviceName, serviceId })
