/** Service deployments and service revisions as the API shows them. */
import type * as Api from '#contract/ecs.ts'
import { own } from '#kernel/own.ts'
import type { Read } from '#store/store.ts'

import { clusterArn, definitionArn, definitionKey } from '../names/names.ts'
import {
  ofService,
  serviceArn,
  serviceDeploymentArn,
  serviceRevisionArn,
} from '../names/services.ts'
import { taskDefinitions } from '../records/records.ts'
import {
  type Deployment,
  type Hook,
  type RevisionShare,
  type Service,
  type ServiceDeployment,
  type ServiceRevision,
  services,
} from '../records/services.ts'
import { thresholdOf } from '../services/breaker.ts'
import { sharesNow } from '../services/end.ts'
import { deploymentsOf, OPEN } from '../services/find.ts'

const date = (ms: number | undefined): Date | undefined =>
  ms === undefined ? undefined : new Date(ms)

export function toServiceDeployment(tx: Read, row: ServiceDeployment): Api.ServiceDeployment {
  const { rollback, alarms } = row
  const service = tx.get(services, ofService(row))
  const deployments = service ? deploymentsOf(tx, service) : []
  const now =
    service?.serviceId === row.serviceId ? sharesNow({ service, deployments }, row) : undefined
  const { sources, target } = now && OPEN.has(row.status) ? now : ended(row, now)
  return {
    serviceDeploymentArn: serviceDeploymentArn(row, row.serviceDeploymentId),
    serviceArn: serviceArn(row),
    clusterArn: clusterArn(row, row.clusterName),
    createdAt: date(row.createdAt),
    startedAt: date(row.startedAt),
    finishedAt: date(row.finishedAt),
    stoppedAt: date(row.stoppedAt),
    updatedAt: date(row.updatedAt),
    sourceServiceRevisions: sources.map((share) => toShare(row, share)),
    targetServiceRevision: toShare(row, target),
    status: row.status,
    statusReason: row.statusReason,
    lifecycleStage: row.stage,
    ...(row.hooks.length > 0 && { lifecycleHookDetails: row.hooks.map(toHook) }),
    deploymentConfiguration: row.deploymentConfiguration,
    rollback: rollback && {
      reason: rollback.reason,
      startedAt: date(rollback.startedAt),
      serviceRevisionArn: serviceRevisionArn(row, rollback.revisionId),
    },
    deploymentCircuitBreaker: toBreaker(row, service, deployments),
    alarms: {
      status: alarms.status,
      alarmNames: row.deploymentConfiguration.alarms?.alarmNames ?? [],
      triggeredAlarmNames: alarms.triggered,
    },
  }
}

export const toServiceDeploymentBrief = (row: ServiceDeployment): Api.ServiceDeploymentBrief => ({
  serviceDeploymentArn: serviceDeploymentArn(row, row.serviceDeploymentId),
  serviceArn: serviceArn(row),
  clusterArn: clusterArn(row, row.clusterName),
  startedAt: date(row.startedAt),
  createdAt: date(row.createdAt),
  finishedAt: date(row.finishedAt),
  targetServiceRevisionArn: serviceRevisionArn(row, row.target.revisionId),
  status: row.status,
  statusReason: row.statusReason,
})

export function toServiceRevision(tx: Read, row: ServiceRevision): Api.ServiceRevision {
  const definition = tx.get(taskDefinitions, definitionKey(row, row.family, row.revision))
  return {
    serviceRevisionArn: serviceRevisionArn(row, row.revisionId),
    serviceArn: serviceArn(row),
    clusterArn: clusterArn(row, row.clusterName),
    taskDefinition: definitionArn(row, row.family, row.revision),
    launchType: row.launchType,
    loadBalancers: [],
    serviceRegistries: [],
    ...(row.networkConfiguration && { networkConfiguration: row.networkConfiguration }),
    containerImages: definition?.definition.containerDefinitions.map(({ name, image }) => ({
      containerName: name,
      image,
      imageDigest: own(row.digests, name),
    })),
    guardDutyEnabled: false,
    createdAt: date(row.createdAt),
  }
}

/** What a service deployment ended with; but nothing of it starts any more, so what was about to start by then is no longer. */
function ended(row: Shares, now: Shares | undefined): Shares {
  const of = (share: RevisionShare, left: RevisionShare | undefined): RevisionShare => ({
    ...share,
    pendingTaskCount: Math.min(share.pendingTaskCount, left?.pendingTaskCount ?? 0),
  })
  return {
    sources: row.sources.map((share, at) => of(share, now?.sources[at])),
    target: of(row.target, now?.target),
  }
}
type Shares = Pick<ServiceDeployment, 'sources' | 'target'>

const toShare = (row: ServiceDeployment, share: RevisionShare): Api.ServiceRevisionSummary => ({
  arn: serviceRevisionArn(row, share.revisionId),
  requestedTaskCount: share.requestedTaskCount,
  runningTaskCount: share.runningTaskCount,
  pendingTaskCount: share.pendingTaskCount,
})

function toBreaker(
  row: ServiceDeployment,
  service: Service | undefined,
  deployments: readonly Deployment[],
): Api.ServiceDeploymentCircuitBreaker {
  const deployment = deployments.find(
    (one) =>
      one.serviceDeploymentId === row.serviceDeploymentId &&
      one.revisionId === row.target.revisionId,
  )
  const { deploymentCircuitBreaker: breaker } = row.deploymentConfiguration
  return {
    status: row.breaker.status,
    failureCount: deployment?.failures ?? 0,
    ...(service && breaker?.enable && { threshold: thresholdOf(breaker, service.desiredCount) }),
  }
}

const toHook = (hook: Hook): Api.DeploymentLifecycleHookDetail => ({
  hookId: hook.hookId,
  targetType: 'PAUSE',
  status: hook.status,
  expiresAt: date(hook.expiresAt),
  timeoutAction: hook.timeoutAction,
})
