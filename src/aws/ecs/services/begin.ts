/** How a deployment begins: a new revision, the way to it, and the newest deployment, which all older ones give way to. */
import type { Ids } from '#kernel/ids.ts'
import type { Write } from '#store/store.ts'

import { inService, SHARE } from '../names/services.ts'
import {
  type Deployment,
  deployments,
  type Service,
  type ServiceDeployment,
  serviceDeployments,
  type ServiceRevision,
  serviceRevisions,
} from '../records/services.ts'
import { runningOf, sharesNow, stopOpen } from './end.ts'
import { noticeDeployment } from './events.ts'
import { ServiceSnapshot } from './snapshot.ts'

export type Beginning = {
  readonly now: number
  readonly ids: Ids
}

/** The id of a deployment, a task set or a revision: nineteen digits, later ones greater. */
export const newShareId = ({ now, ids }: Beginning): string =>
  `${now}${String(Number.parseInt(ids.hex(6), 16) % 1e6).padStart(6, '0')}`
const SERVICE_DEPLOYMENT_ID_DIGITS = 21

/** Begins to replace whatever the service runs by the revision. Service deployments that are still open are STOPPED. */
export function beginDeployment(
  tx: Write,
  service: Service,
  revision: ServiceRevision,
  beginning: Beginning,
): Deployment {
  const { now, ids } = beginning
  const { deploymentConfiguration } = service
  const snapshot = new ServiceSnapshot(tx, service)
  const serviceDeployment: ServiceDeployment = {
    ...placeOf(service),
    serviceDeploymentId: ids.hex(SERVICE_DEPLOYMENT_ID_DIGITS),
    status: 'PENDING',
    stage: 'RECONCILE_SERVICE',
    stageSince: now,
    hooks: [],
    sources: runningOf(snapshot),
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
  stopOpen(tx, service, reason, now, (open) => sharesNow(snapshot, open))
  tx.put(
    serviceDeployments,
    inService(service, serviceDeployment.serviceDeploymentId),
    serviceDeployment,
  )
  return supersede(tx, snapshot, revision, serviceDeployment.serviceDeploymentId, beginning)
}

/** A new PRIMARY deployment of the revision, within a service deployment; all older ones become ACTIVE and are drained. */
function supersede(
  tx: Write,
  snapshot: ServiceSnapshot,
  revision: ServiceRevision,
  serviceDeploymentId: string,
  { now, ids }: Beginning,
): Deployment {
  const { service } = snapshot
  for (const older of snapshot.deployments)
    if (older.status === 'PRIMARY') snapshot.change(older, { status: 'ACTIVE', updatedAt: now })
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
