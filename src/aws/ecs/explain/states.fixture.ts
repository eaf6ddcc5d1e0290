/** Services in every state that they may be in, as rows of a store: for whoever claims something of all of them. */
import fc from 'fast-check'

import { MemoryLog } from '#store/memory-log.fixture.ts'
import { Store, type Write } from '#store/store.ts'

import { clusterKey, definitionKey, ofInstance } from '../names/names.ts'
import { inService, ofService } from '../names/services.ts'
import {
  type Cluster,
  clusters,
  type ContainerInstance,
  containerInstances,
  type Task,
  taskDefinitions,
} from '../records/records.ts'
import {
  type Deployment,
  deployments,
  type Service,
  serviceDeployments,
  serviceRevisions,
  services,
} from '../records/services.ts'
import { launchOf } from '../services/start-tasks.ts'
import { changeTask, together } from '../tasks/change.ts'
import { launch } from '../tasks/launch.ts'

export const BEGIN = Date.UTC(2026, 0, 1)
const OWNER = { tenant: '111122223333', accountId: '111122223333', region: 'us-east-1' }
const PLACE = { ...OWNER, clusterName: 'default', serviceName: 'web', serviceId: 'service-1' }
const HOUR_MS = 60 * 60_000
const OLD = '1000000000000000001'
const NEW = '1000000000000000002'

const hosts = fc.array(
  fc.record({
    cpu: fc.constantFrom(1024, 2048, 4096),
    zone: fc.constantFrom('a', 'b'),
    isDraining: rarely(),
    isOutOfReach: rarely(),
  }),
  { maxLength: 4 },
)
const tasks = fc.array(
  fc.record({
    isOld: fc.boolean(),
    host: fc.nat(3),
    state: fc.constantFrom('PENDING', 'YOUNG', 'RUNNING', 'UNHEALTHY', 'STOPPING'),
    isProtected: rarely(),
  }),
  { maxLength: 8 },
)
/** What users may have asked for, and how far it has come. */
export const states = fc.record({
  hosts,
  tasks,
  cpu: fc.tuple(fc.constantFrom(256, 512, 1024), fc.constantFrom(256, 512, 1024)),
  isChecked: fc.boolean(),
  isDaemon: fc.boolean(),
  desired: fc.nat(6),
  percents: fc.constantFrom([100, 200], [50, 100], [50, 200], [0, 100], [75, 150], [100, 125]),
  isUpdated: fc.boolean(),
  isDeleted: rarely(),
  isBalanced: fc.boolean(),
  strategy: fc.constantFrom<Service['placementStrategy']>(
    [],
    [{ type: 'binpack', field: 'cpu' }],
    [{ type: 'spread', field: 'instanceId' }],
  ),
  bakeMinutes: fc.constantFrom(0, 0, 3),
  isWatched: fc.boolean(),
})
export type State = typeof states extends fc.Arbitrary<infer T> ? T : never

function rarely(): fc.Arbitrary<boolean> {
  return fc.nat(7).map((chance) => chance === 0)
}

export const KEY = ofService(PLACE)

/** Ids in their order, the same for whoever begins anew, however many messages go between two tasks. */
export function orderedIds() {
  let [things, messages] = [0, 0]
  return {
    hex: (digits: number): string => (++things).toString(16).padStart(digits, '0'),
    uuid: (): string => `message-${++messages}`,
    random: () => 0,
  }
}

/** A store in which a service is in that state. */
export async function storeIn(state: State): Promise<Store> {
  const store = await Store.open(new MemoryLog(), (error) => {
    throw error
  })
  await store.write((tx) => {
    const cluster: Cluster = {
      ...OWNER,
      clusterName: PLACE.clusterName,
      status: 'ACTIVE',
      settings: [],
      tags: [],
    }
    tx.put(clusters, clusterKey(OWNER, cluster.clusterName), cluster)
    state.cpu.forEach((cpu, at) => define(tx, at + 1, cpu, state.isChecked))
    const instances = state.hosts.map((host, at) => join(tx, host, at))
    const service = serviceOf(state)
    tx.put(services, KEY, service)
    const old = deploy(tx, state, { id: OLD, isOld: true })
    const share = state.isUpdated ? deploy(tx, state, { id: NEW, isOld: false }) : old
    const ids = orderedIds()
    for (const [at, task] of state.tasks.entries()) {
      const host = instances[task.host % Math.max(1, instances.length)]
      const what = launchOf(tx, service, task.isOld ? old : share)
      const on = host && tx.get(containerInstances, ofInstance(host))
      if (!what || !on || on.remaining.cpu < what.need.cpu) continue
      const moment = { now: BEGIN - HOUR_MS, ids: { ...ids, hex: () => `before-${at}` } }
      const launched = together(tx, (all) => launch(all, what, on, moment))
      age(tx, launched, task)
    }
  })
  return store
}

type Aged = State['tasks'][number]

function age(tx: Write, task: Task, { state, isProtected }: Aged): void {
  const id = `aged-${task.taskId}`
  if (state === 'PENDING') return
  const isUnhealthy = state === 'UNHEALTHY'
  const healthStatus = isUnhealthy ? 'UNHEALTHY' : state === 'YOUNG' ? 'UNKNOWN' : 'HEALTHY'
  const containers: Task['containers'] = task.containers.map((one) => ({
    ...one,
    lastStatus: 'RUNNING',
    healthStatus,
  }))
  const startedAt = state === 'YOUNG' ? BEGIN - 10_000 : BEGIN - HOUR_MS
  const ran = changeTask(
    tx,
    task,
    {
      lastStatus: 'RUNNING',
      startedAt,
      containers,
      healthStatus,
      ...(isProtected && { protectedUntil: BEGIN + HOUR_MS }),
    },
    { now: startedAt, id },
  )
  if (state === 'STOPPING')
    changeTask(
      tx,
      ran,
      { desiredStatus: 'STOPPED', stoppingAt: BEGIN - 1_000, stopCode: 'UserInitiated' },
      { now: BEGIN - 1_000, id: `stopping-${id}` },
    )
}

function define(tx: Write, revision: number, cpu: number, isChecked: boolean): void {
  tx.put(taskDefinitions, definitionKey(OWNER, 'web', revision), {
    ...OWNER,
    family: 'web',
    revision,
    status: 'ACTIVE',
    definition: {
      family: 'web',
      placementConstraints: [],
      volumes: [],
      containerDefinitions: [
        {
          name: 'app',
          image: 'app:1',
          cpu,
          memory: 64,
          essential: true,
          ...(isChecked && { healthCheck: { command: ['CMD', 'true'] } }),
        },
      ],
    },
    requiresAttributes: [],
    compatibilities: ['EC2'],
    registeredAt: BEGIN,
    registeredBy: '',
    tags: [],
  })
}

function join(tx: Write, host: State['hosts'][number], at: number): ContainerInstance {
  const has = { cpu: host.cpu, memoryMiB: 4096, ports: [], portsUdp: [], gpuIds: [] }
  const instance: ContainerInstance = {
    ...OWNER,
    containerInstanceId: `host-${at}`,
    clusterName: PLACE.clusterName,
    status: host.isDraining ? 'DRAINING' : 'ACTIVE',
    registeredAt: BEGIN - HOUR_MS,
    ec2InstanceId: `i-${at}`,
    registered: has,
    remaining: has,
    attributes: [
      { name: 'ecs.availability-zone', value: host.zone },
      { name: 'ecs.capability.container-health-check' },
    ],
    tags: [],
    agentConnected: !host.isOutOfReach,
    ...(host.isOutOfReach && { disconnectedAt: BEGIN - 1_000 }),
    versionInfo: {},
    runningTasksCount: 0,
    pendingTasksCount: 0,
    version: 1,
  }
  tx.put(containerInstances, ofInstance(instance), instance)
  return instance
}

function serviceOf(state: State): Service {
  const [minimumHealthyPercent = 0, maximumPercent = 100] = state.percents
  const isBalanced =
    state.isBalanced && !state.isDaemon && maximumPercent > 100 && state.strategy.length === 0
  return {
    ...PLACE,
    status: state.isDeleted ? 'DRAINING' : 'ACTIVE',
    schedulingStrategy: state.isDaemon ? 'DAEMON' : 'REPLICA',
    deploymentController: 'ECS',
    desiredCount: state.isDeleted ? 0 : state.desired,
    launchType: 'EC2',
    deploymentConfiguration: {
      minimumHealthyPercent,
      maximumPercent: state.isDaemon ? 100 : maximumPercent,
      strategy: 'ROLLING',
      bakeTimeInMinutes: state.bakeMinutes,
      deploymentCircuitBreaker: { enable: state.isWatched, rollback: true },
    },
    availabilityZoneRebalancing: isBalanced ? 'ENABLED' : 'DISABLED',
    placementConstraints: [],
    placementStrategy: state.strategy,
    healthCheckGracePeriodSeconds: 0,
    enableECSManagedTags: false,
    propagateTags: 'NONE',
    tags: [],
    createdAt: BEGIN - HOUR_MS,
    createdBy: '',
    requestHash: '',
    meaningHash: '',
    isSteady: false,
    toldAt: {},
  }
}

/** A deployment, completed an hour ago or begun just now. */
function deploy(
  tx: Write,
  state: State,
  { id, isOld }: { readonly id: string; readonly isOld: boolean },
): Deployment {
  const { deploymentConfiguration } = serviceOf(state)
  const at = isOld ? BEGIN - HOUR_MS : BEGIN
  const revision = isOld ? 1 : 2
  const share = { requestedTaskCount: 0, runningTaskCount: 0, pendingTaskCount: 0 }
  tx.put(serviceRevisions, inService(PLACE, `revision-${id}`), {
    ...PLACE,
    revisionId: `revision-${id}`,
    family: 'web',
    revision,
    launchType: 'EC2',
    createdAt: at,
    digests: {},
  })
  tx.put(serviceDeployments, inService(PLACE, `way-${id}`), {
    ...PLACE,
    serviceDeploymentId: `way-${id}`,
    status: isOld ? 'SUCCESSFUL' : 'PENDING',
    stage: isOld ? 'CLEAN_UP' : 'RECONCILE_SERVICE',
    stageSince: at,
    hooks: [],
    sources: [],
    target: { revisionId: `revision-${id}`, ...share },
    deploymentConfiguration,
    breaker: { status: 'DISABLED' },
    alarms: { status: 'DISABLED', ignored: [], triggered: [] },
    createdAt: at,
    updatedAt: at,
    ...(isOld && { finishedAt: at }),
  })
  const deployment: Deployment = {
    ...PLACE,
    deploymentId: id,
    serviceDeploymentId: `way-${id}`,
    revisionId: `revision-${id}`,
    family: 'web',
    revision,
    status: isOld && state.isUpdated ? 'ACTIVE' : 'PRIMARY',
    rolloutState: isOld ? 'COMPLETED' : 'IN_PROGRESS',
    rolloutStateReason: '',
    pendingCount: 0,
    runningCount: 0,
    failedTasks: 0,
    failures: 0,
    healthyCount: 0,
    hasRun: isOld,
    createdAt: at,
    updatedAt: at,
    ...(isOld && { completedAt: at }),
  }
  tx.put(deployments, inService(PLACE, id), deployment)
  return deployment
}
