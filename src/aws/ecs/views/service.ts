/** A service as the API shows it. */
import type * as Api from '#contract/ecs.ts'
import type { Read } from '#store/store.ts'

import { clusterArn, definitionArn } from '../names/names.ts'
import {
  inService,
  serviceArn,
  serviceDeploymentArn,
  serviceRevisionArn,
  SHARE,
} from '../names/services.ts'
import {
  type Deployment,
  type Service,
  type ServiceRevision,
  serviceRevisions,
  type TaskSet,
} from '../records/services.ts'
import { eventsOf } from '../services/events.ts'
import { deploymentsOf, serviceDeploymentsOf, taskSetsOf } from '../services/find.ts'
import { toTaskSet } from './task-set.ts'

type Include = ReadonlySet<string>
export const WITH_TAGS: Include = new Set(['TAGS'])

export function toService(tx: Read, service: Service, include?: Include): Api.Service {
  const isExternal = service.deploymentController === 'EXTERNAL'
  const all = deploymentsOf(tx, service)
  const deployments = shown(all)
  const taskSets = isExternal ? taskSetsOf(tx, service) : []
  const shares: readonly (Deployment | TaskSet)[] = isExternal ? taskSets : deployments
  // A service that is gone shows what it has run last.
  const primary = shares.find(({ status }) => status === 'PRIMARY') ?? all[0]
  const [newest] = serviceDeploymentsOf(tx, service)
  return {
    serviceArn: serviceArn(service),
    serviceName: service.serviceName,
    clusterArn: clusterArn(service, service.clusterName),
    loadBalancers: [],
    serviceRegistries: [],
    status: service.status,
    desiredCount: service.desiredCount,
    runningCount: sum(shares, ({ runningCount }) => runningCount),
    pendingCount: sum(shares, ({ pendingCount }) => pendingCount),
    ...(!isExternal && { launchType: service.launchType }),
    ...(primary && { taskDefinition: definitionArn(service, primary.family, primary.revision) }),
    deploymentConfiguration: service.deploymentConfiguration,
    ...(isExternal && { taskSets: taskSets.map((set) => toTaskSet(service, set, include)) }),
    deployments: deployments.map((deployment) => toDeployment(tx, service, deployment)),
    events: eventsOf(tx, service).map(({ id, createdAt, message }) => ({
      id,
      createdAt: new Date(createdAt),
      message,
    })),
    createdAt: new Date(service.createdAt),
    ...(newest && {
      currentServiceDeployment: serviceDeploymentArn(service, newest.serviceDeploymentId),
    }),
    ...(!isExternal && {
      currentServiceRevisions: deployments.map((deployment) => ({
        arn: serviceRevisionArn(service, deployment.revisionId),
        requestedTaskCount: desiredCountOf(service, deployment),
        runningTaskCount: deployment.runningCount,
        pendingTaskCount: deployment.pendingCount,
      })),
    }),
    placementConstraints: service.placementConstraints,
    placementStrategy: service.placementStrategy,
    ...(service.networkConfiguration && { networkConfiguration: service.networkConfiguration }),
    healthCheckGracePeriodSeconds: service.healthCheckGracePeriodSeconds,
    schedulingStrategy: service.schedulingStrategy,
    deploymentController: { type: service.deploymentController },
    ...(include?.has('TAGS') && { tags: service.tags }),
    createdBy: service.createdBy,
    enableECSManagedTags: service.enableECSManagedTags,
    propagateTags: service.propagateTags,
    enableExecuteCommand: false,
    availabilityZoneRebalancing: service.availabilityZoneRebalancing,
    resourceManagementType: 'CUSTOMER',
  }
}

/** Deployments that still count; the one that counts first is after a rollback not the newest. */
const shown = (all: readonly Deployment[]): Deployment[] =>
  ['PRIMARY', 'ACTIVE'].flatMap((wanted) => all.filter(({ status }) => status === wanted))

function toDeployment(tx: Read, service: Service, deployment: Deployment): Api.Deployment {
  const revision: ServiceRevision | undefined = tx.get(
    serviceRevisions,
    inService(service, deployment.revisionId),
  )
  return {
    id: `${SHARE}${deployment.deploymentId}`,
    status: deployment.status,
    taskDefinition: definitionArn(service, deployment.family, deployment.revision),
    desiredCount: desiredCountOf(service, deployment),
    pendingCount: deployment.pendingCount,
    runningCount: deployment.runningCount,
    failedTasks: deployment.failedTasks,
    createdAt: new Date(deployment.createdAt),
    updatedAt: new Date(deployment.updatedAt),
    launchType: revision?.launchType ?? service.launchType,
    ...(revision?.networkConfiguration && { networkConfiguration: revision.networkConfiguration }),
    rolloutState: deployment.rolloutState,
    rolloutStateReason: deployment.rolloutStateReason,
  }
}

/** A deployment that a newer one has taken the place of wants no tasks any more. */
const desiredCountOf = (service: Service, { status }: Pick<Deployment, 'status'>): number =>
  status === 'PRIMARY' ? service.desiredCount : 0

const sum = <T>(all: readonly T[], of: (one: T) => number): number =>
  all.reduce((total, one) => total + of(one), 0)
