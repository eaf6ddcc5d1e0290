/**
 * The records of ECS. Field names are the API's own. Each field has one writer, named beside it: `operations`
 * (what users ask), `reports` (what agents say), `scheduler`. Keys start with `tenant/region/`; see names.ts.
 */
import type {
  Attribute,
  ClusterConfiguration,
  ClusterSetting,
  ContainerDefinition,
  NetworkBinding,
  RegisterTaskDefinitionRequest,
  Tag,
  TaskOverride,
  VersionInfo,
} from '#contract/ecs.ts'
import { clientTokensOf } from '#room/client-tokens.ts'
import { type Owned, scopeOf } from '#room/owned.ts'
import { index, table, timeIndex } from '#store/store.ts'

export type Cluster = Owned & {
  readonly clusterName: string
  readonly status: 'ACTIVE' | 'INACTIVE' // operations
  readonly settings: readonly ClusterSetting[] // operations
  readonly configuration?: ClusterConfiguration | undefined // operations
  readonly tags: readonly Tag[] // operations
}

/** Kept beside the cluster, so that a task's step rewrites three numbers and not the cluster. */
export type ClusterCounts = {
  readonly runningTasksCount: number
  readonly pendingTasksCount: number
  readonly registeredContainerInstancesCount: number
}

/** A family outlives its revisions: its counter never goes back. */
export type Family = {
  readonly family: string
  readonly lastRevision: number
  readonly activeRevisions: number
}

export type TaskDefinition = Owned & {
  readonly family: string
  readonly revision: number
  readonly status: 'ACTIVE' | 'INACTIVE' | 'DELETE_IN_PROGRESS' // operations
  /** What was registered with every default filled in, as it is read back. */
  readonly definition: Definition
  readonly requiresAttributes: readonly Attribute[]
  readonly compatibilities: readonly string[]
  readonly registeredAt: number
  readonly registeredBy: string
  readonly deregisteredAt?: number | undefined // operations
  readonly deleteRequestedAt?: number | undefined // operations
  readonly tags: readonly Tag[] // operations
}
export type Definition = Omit<RegisterTaskDefinitionRequest, 'tags' | 'containerDefinitions'> & {
  readonly containerDefinitions: readonly (ContainerDefinition & {
    readonly name: string
    readonly image: string
  })[]
}

export type TaskStatus =
  | 'PROVISIONING'
  | 'PENDING'
  | 'ACTIVATING'
  | 'RUNNING'
  | 'DEACTIVATING'
  | 'STOPPING'
  | 'DEPROVISIONING'
  | 'STOPPED'
export type StopCode =
  | 'TaskFailedToStart'
  | 'EssentialContainerExited'
  | 'UserInitiated'
  | 'ServiceSchedulerInitiated'
  | 'SpotInterruption'
  | 'TerminationNotice'
export type Health = 'HEALTHY' | 'UNHEALTHY' | 'UNKNOWN'

/** Its ARN follows from its task and its place among the containers. */
export type Container = {
  readonly name: string
  readonly image: string
  readonly cpu: number
  readonly memory?: number | undefined
  readonly memoryReservation?: number | undefined
  readonly lastStatus: TaskStatus // reports
  readonly healthStatus: Health // reports
  readonly imageDigest?: string | undefined // reports
  readonly runtimeId?: string | undefined // reports
  /** Recorded once, never changed. */
  readonly exitCode?: number | undefined // reports
  readonly reason?: string | undefined // reports
  readonly networkBindings: readonly NetworkBinding[] // reports
  readonly gpuIds?: readonly string[] | undefined // scheduler
}

/** What a task holds of its container instance, from placement until the agent confirms the stop. */
export type Reservation = {
  readonly cpu: number
  readonly memoryMiB: number
  readonly ports: readonly number[]
  readonly portsUdp: readonly number[]
  readonly gpuIds: readonly string[]
}

/**
 * There may be a million of these. What many tasks have in common (lists, overrides, what is reserved, containers of
 * which nothing was reported) is one object for all of them, and what follows from other fields is not here.
 */
export type Task = Owned & {
  readonly taskId: string
  readonly clusterName: string
  readonly family: string
  readonly revision: number
  readonly containerInstanceId: string // scheduler
  readonly availabilityZone: string
  readonly launchType: 'EC2' | 'EXTERNAL'
  readonly group: string
  readonly startedBy?: string | undefined
  readonly overrides: TaskOverride
  readonly attributes: readonly Attribute[]
  readonly tags: readonly Tag[] // operations
  readonly reserved: Reservation // scheduler
  readonly createdAt: number
  readonly desiredStatus: 'RUNNING' | 'STOPPED' // operations; reports once an essential container ends
  readonly lastStatus: TaskStatus // reports, forward only
  readonly containers: readonly Container[] // reports
  readonly healthStatus: Health // reports
  /** One more for each change that is published. */
  readonly version: number
  readonly connectivity: 'CONNECTED' | 'DISCONNECTED'
  readonly pullStartedAt?: number | undefined // reports
  readonly pullStoppedAt?: number | undefined // reports
  readonly startedAt?: number | undefined // reports
  readonly stoppingAt?: number | undefined
  readonly executionStoppedAt?: number | undefined // reports
  readonly stoppedAt?: number | undefined // reports
  readonly stopCode?: StopCode | undefined
  readonly stoppedReason?: string | undefined
  /** Until when the scheduler must not end it. */
  readonly protectedUntil?: number | undefined // operations: UpdateTaskProtection
  /** By container: the image that its service revision's tag means. */
  readonly imageDigests?: Readonly<Record<string, string>> | undefined
  /** What must be made before its host hears of it. */
  readonly awaits?: 'LOG_GROUPS' | undefined // scheduler; reconcilers/log-groups.ts
}

export type Resources = {
  readonly cpu: number
  readonly memoryMiB: number
  readonly ports: readonly number[]
  readonly portsUdp: readonly number[]
  readonly gpuIds: readonly string[]
}

export type ContainerInstance = Owned & {
  readonly containerInstanceId: string
  readonly clusterName: string
  readonly status: 'ACTIVE' | 'DRAINING' | 'INACTIVE' // operations
  readonly statusReason?: string | undefined
  readonly registeredAt: number
  readonly ec2InstanceId: string
  /** Ports here are those that nothing may use; registered ones are reserved by the host itself. */
  readonly registered: Resources // operations: RegisterContainerInstance
  readonly remaining: Resources // scheduler
  readonly attributes: readonly Attribute[] // operations
  readonly tags: readonly Tag[] // operations
  readonly agentConnected: boolean // agents
  /** An agent that says who it is has the connection, and was heard lately: no other may register in its place. */
  readonly agentHolds?: boolean | undefined // agents
  /** Since when it is out of reach. */
  readonly disconnectedAt?: number | undefined // agents
  readonly versionInfo: VersionInfo // agents
  readonly runningTasksCount: number // scheduler, reports
  readonly pendingTasksCount: number // scheduler, reports
  readonly version: number
  readonly health?: {
    readonly status: string
    readonly lastUpdated: number
    readonly lastStatusChange: number
  } // agents
}

/** By a request with a client token: tasks, or one service or task set. */
export type Made = { readonly taskArns: readonly string[] }

export type AccountSetting = {
  readonly name: string
  readonly value: string
  readonly principalArn: string
}

/** A machine that holds a machine key: good for one container instance, the one that it first registered. */
export type HostKey = {
  readonly hostId: string
  readonly accountId: string
  readonly containerInstanceArn?: string | undefined // operations: RegisterContainerInstance
  /** When its access keys were last revoked or rotated: what was open then is closed. */
  readonly endedAt?: number | undefined // hosts.ts
}

/** How far the numbers of messages to a container instance's agent may have been used. */
export type AgentSequence = { readonly usedUntil: number }

export const clusters = table<Cluster>('ecs.clusters')
export const clusterCounts = table<ClusterCounts>('ecs.clusterCounts')
export const families = table<Family>('ecs.families')
export const taskDefinitions = table<TaskDefinition>('ecs.taskDefinitions')
export const tasks = table<Task>('ecs.tasks', {
  kin: ({ family, revision, lastStatus }) => `${family}:${revision} ${lastStatus}`,
})
export const containerInstances = table<ContainerInstance>('ecs.containerInstances')
export const clientTokens = clientTokensOf<Made>('ecs.clientTokens')
export const accountSettings = table<AccountSetting>('ecs.accountSettings')
/** Keys are `accountId/hostId`. */
export const hostKeys = table<HostKey>('ecs.hostKeys')
export const agentSequences = table<AgentSequence>('ecs.agentSequences')

/** `scope/family/STATUS`, then the revision: the latest active one is the last of its kind. */
export const definitionsByStatus = index(
  taskDefinitions,
  'status',
  (row) => `${scopeOf(row)}/${row.family}/${row.status}`,
)
/** Definitions that wait to be gone. */
export const definitionsToDelete = index(taskDefinitions, 'toDelete', (row) =>
  row.status === 'DELETE_IN_PROGRESS' ? scopeOf(row) : undefined,
)
/** `scope/cluster/DESIRED`: what ListTasks reads. */
export const tasksByDesired = index(
  tasks,
  'desired',
  (row) => `${scopeOf(row)}/${row.clusterName}/${row.desiredStatus}`,
  (before, after) => before.desiredStatus === after.desiredStatus,
)
/** A task stays in its cluster, on its container instance and in its group. */
const isOverAsBefore = (before: Task, after: Task): boolean =>
  (before.lastStatus === 'STOPPED') === (after.lastStatus === 'STOPPED')

/** `scope/cluster/container instance`, tasks whose end the agent has not confirmed. */
export const tasksByInstance = index(
  tasks,
  'instance',
  (row) =>
    row.lastStatus === 'STOPPED'
      ? undefined
      : `${scopeOf(row)}/${row.clusterName}/${row.containerInstanceId}`,
  isOverAsBefore,
)
/** `scope/cluster/service:NAME` of tasks that the service scheduler started and whose end is not confirmed. */
export const tasksByService = index(
  tasks,
  'service',
  (row) =>
    row.lastStatus === 'STOPPED' || !row.group.startsWith('service:')
      ? undefined
      : `${scopeOf(row)}/${row.clusterName}/${row.group}`,
  isOverAsBefore,
)
/** Stopped tasks in the order of their end. */
export const tasksByStop = timeIndex(tasks, 'stopped', (row) => row.stoppedAt)
/** Tasks for which something is made before their hosts hear of them. */
export const tasksThatAwait = index(tasks, 'awaits', (row) => row.awaits)
