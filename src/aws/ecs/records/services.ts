/**
 * The records of services. A service is what users wrote; a deployment is one attempt to run one revision of it; a task
 * set is the same under an external controller. Both are *shares*: tasks are counted by the share that started them.
 * Writers, beside each field: `operations` (what users ask), `scheduler` (the service reconciler and its decisions),
 * `tasks` (services/account.ts, in the same transaction as the task's own change).
 */
import type {
  DeploymentConfiguration,
  NetworkConfiguration,
  PlacementConstraint,
  PlacementStrategy,
  Tag,
} from '#contract/ecs.ts'
import { type Owned, scopeOf } from '#room/owned.ts'
import { index, table } from '#store/store.ts'

type InService = Owned & { readonly clusterName: string; readonly serviceName: string }

export type Service = InService & {
  /** Another each time that a name is used again, so that nothing of an earlier service is taken for this one's. */
  readonly serviceId: string
  readonly status: 'ACTIVE' | 'DRAINING' | 'INACTIVE' // operations; scheduler: INACTIVE
  readonly schedulingStrategy: 'REPLICA' | 'DAEMON'
  readonly deploymentController: 'ECS' | 'EXTERNAL'
  /** A daemon's is the number of container instances that it belongs on. */
  readonly desiredCount: number // operations; scheduler: daemons
  readonly launchType: 'EC2' | 'EXTERNAL'
  /** With every default filled in, as it is read back. */
  readonly deploymentConfiguration: DeploymentConfiguration & {
    readonly minimumHealthyPercent: number
    readonly maximumPercent: number
  } // operations
  readonly availabilityZoneRebalancing: 'ENABLED' | 'DISABLED' // operations
  readonly placementConstraints: readonly PlacementConstraint[] // operations
  readonly placementStrategy: readonly PlacementStrategy[] // operations
  readonly networkConfiguration?: NetworkConfiguration | undefined // operations
  readonly healthCheckGracePeriodSeconds: number // operations
  readonly enableECSManagedTags: boolean // operations
  readonly propagateTags: 'NONE' | 'SERVICE' | 'TASK_DEFINITION' // operations
  readonly tags: readonly Tag[] // operations
  readonly createdAt: number
  readonly createdBy: string
  /** What CreateService was asked: the same request again is answered with the same service. */
  readonly requestHash: string
  /** What it meant: so is one that says the same with defaults written out, or names in another way. */
  readonly meaningHash: string
  readonly inactiveAt?: number | undefined // scheduler
  /** Whether its last steady state was told; a change of what it should be makes it false. */
  readonly isSteady: boolean // scheduler
  /** Repeated events that are kept back: the key of each, and when it was told. */
  readonly toldAt: Readonly<Record<string, number>> // scheduler
}

/** What a share counts of its tasks. */
export type Counts = { readonly pendingCount: number; readonly runningCount: number }

/** How often in a row a round of launches came to nothing, at the start or by a crash, and when the next may begin. */
export type Throttle = {
  readonly of: 'START' | 'CRASH'
  readonly rounds: number
  readonly until: number
}

export type Deployment = InService &
  Counts & {
    // Counts: tasks
    readonly serviceId: string
    /** The digits of `ecs-svc/…`. */
    readonly deploymentId: string
    readonly serviceDeploymentId: string
    readonly revisionId: string
    readonly family: string
    readonly revision: number
    readonly status: 'PRIMARY' | 'ACTIVE' | 'INACTIVE' // operations: a newer one; scheduler: drained
    readonly rolloutState: 'IN_PROGRESS' | 'COMPLETED' | 'FAILED' // scheduler
    readonly rolloutStateReason: string // scheduler
    /** Tasks that ended without having run, or failed a health check. */
    readonly failedTasks: number // tasks
    /** What the circuit breaker counts: as `failedTasks`, but back to nothing when a task becomes healthy. */
    readonly failures: number // tasks, scheduler
    /** Its healthy tasks when the scheduler last looked, while it is IN_PROGRESS. */
    readonly healthyCount: number // scheduler
    /** Whether a task of it was ever RUNNING: from then on only failed health checks count. */
    readonly hasRun: boolean // tasks
    readonly throttle?: Throttle | undefined // tasks
    readonly createdAt: number
    readonly updatedAt: number
    readonly completedAt?: number | undefined // scheduler
  }

export type ServiceDeploymentStatus =
  | 'PENDING'
  | 'IN_PROGRESS'
  | 'SUCCESSFUL'
  | 'STOPPED'
  | 'STOP_REQUESTED'
  | 'ROLLBACK_REQUESTED'
  | 'ROLLBACK_IN_PROGRESS'
  | 'ROLLBACK_SUCCESSFUL'
  | 'ROLLBACK_FAILED'

/** The stages that a rolling deployment goes through; the traffic stages of the others are in deployments/stages.ts. */
export type Stage =
  | 'RECONCILE_SERVICE'
  | 'PRE_SCALE_UP'
  | 'SCALE_UP'
  | 'POST_SCALE_UP'
  | 'BAKE_TIME'
  | 'CLEAN_UP'

/** One pause of a deployment, for as long as the deployment is known. */
export type Hook = {
  readonly hookId: string
  /** Its place in the list of hooks of the deployment configuration, and the stage that it was for. */
  readonly at: number
  readonly stage: Stage
  readonly status: 'AWAITING_ACTION' | 'SUCCEEDED' | 'FAILED' | 'TIMED_OUT'
  readonly expiresAt: number
  readonly timeoutAction: 'CONTINUE' | 'ROLLBACK'
}

/** The whole way from one revision to another, its rollback included. */
export type ServiceDeployment = InService & {
  readonly serviceId: string
  readonly serviceDeploymentId: string
  readonly status: ServiceDeploymentStatus // scheduler; operations: *_REQUESTED, and STOPPED by a newer one
  readonly statusReason?: string | undefined
  readonly stage: Stage // scheduler
  readonly stageSince: number // scheduler
  readonly hooks: readonly Hook[] // scheduler; operations: ContinueServiceDeployment
  readonly sources: readonly RevisionShare[]
  readonly target: RevisionShare
  readonly deploymentConfiguration: DeploymentConfiguration
  readonly rollback?: {
    readonly reason: string
    readonly startedAt: number
    readonly revisionId: string
  } // scheduler
  readonly breaker: {
    readonly status: 'DISABLED' | 'MONITORING' | 'MONITORING_COMPLETE' | 'TRIGGERED'
  } // scheduler
  readonly alarms: {
    readonly status: 'DISABLED' | 'MONITORING' | 'MONITORING_COMPLETE' | 'TRIGGERED'
    /** Alarms that were in ALARM when it began: they are not looked at. */
    readonly ignored: readonly string[]
    readonly triggered: readonly string[]
  } // scheduler
  readonly createdAt: number
  readonly startedAt?: number | undefined // scheduler
  readonly finishedAt?: number | undefined // scheduler
  readonly stoppedAt?: number | undefined // scheduler
  readonly updatedAt: number
}
/** A revision as a service deployment tells of it: the counts are those of the moment for one that runs. */
export type RevisionShare = {
  readonly revisionId: string
  readonly requestedTaskCount: number
  readonly runningTaskCount: number
  readonly pendingTaskCount: number
}

/** What one deployment or task set runs; never changed but by the digests, each of which is written once. */
export type ServiceRevision = InService & {
  readonly serviceId: string
  readonly revisionId: string
  readonly family: string
  readonly revision: number
  readonly launchType: 'EC2' | 'EXTERNAL'
  readonly networkConfiguration?: NetworkConfiguration | undefined
  readonly createdAt: number
  /** By container: what its image's tag was when its first task pulled it. All later tasks run that. */
  readonly digests: Readonly<Record<string, string>> // tasks
}

export type TaskSet = InService &
  Counts & {
    // Counts: tasks
    readonly serviceId: string
    /** The digits of `ecs-svc/…`. */
    readonly taskSetId: string
    readonly revisionId: string
    readonly family: string
    readonly revision: number
    readonly status: 'PRIMARY' | 'ACTIVE' | 'DRAINING' // operations
    readonly externalId?: string | undefined
    readonly startedBy?: string | undefined
    readonly scale: number // operations: percent of the service's desired count
    readonly launchType: 'EC2' | 'EXTERNAL'
    readonly networkConfiguration?: NetworkConfiguration | undefined
    readonly tags: readonly Tag[] // operations
    readonly stabilityStatus: 'STEADY_STATE' | 'STABILIZING' // scheduler
    readonly stabilityStatusAt: number // scheduler
    readonly toldAt: Readonly<Record<string, number>> // scheduler
    readonly throttle?: Throttle | undefined // tasks
    readonly createdAt: number
    readonly updatedAt: number
  }

export type ServiceEvent = {
  readonly id: string
  readonly createdAt: number
  readonly message: string
}

/** Keys are `tenant/region/cluster/service`, of the records below with one more id, which grows with time. */
export const services = table<Service>('ecs.services')
export const deployments = table<Deployment>('ecs.deployments')
export const serviceDeployments = table<ServiceDeployment>('ecs.serviceDeployments')
export const serviceRevisions = table<ServiceRevision>('ecs.serviceRevisions')
export const taskSets = table<TaskSet>('ecs.taskSets')
/** The last part of the key counts up. */
export const serviceEvents = table<ServiceEvent>('ecs.serviceEvents')

/** All that tells of services; the services themselves first. */
export const serviceTables = {
  services,
  taskSets,
  deployments,
  serviceDeployments,
  serviceRevisions,
  serviceEvents,
}

/** `scope/family:revision` of deployments and task sets that run it: their definition is kept. */
export const deploymentsByDefinition = index(deployments, 'definition', (row) =>
  row.status === 'INACTIVE' ? undefined : definitionOf(row),
)
export const taskSetsByDefinition = index(taskSets, 'definition', definitionOf)

/** `scope/cluster/STATUS`: what ListServices and DeleteCluster read. */
export const servicesByStatus = index(
  services,
  'status',
  (row) => `${scopeOf(row)}/${row.clusterName}/${row.status}`,
)

function definitionOf(row: Deployment | TaskSet): string {
  return `${scopeOf(row)}/${row.family}:${row.revision}`
}
