/** Makes task records: what RunTask and StartTask have in common once the host is chosen. */
import type { Tag, TaskOverride } from '#contract/ecs.ts'
import type { Context } from '#room/room.ts'
import type { Read, Write } from '#store/store.ts'

import { containerArn } from '../names.ts'
import { ofInstance } from '../names.ts'
import {
  type Cluster,
  type ContainerInstance,
  type Definition,
  type Task,
  type TaskDefinition,
  tasksByInstance,
} from '../records.ts'
import type { Host, Need } from '../scheduler/place.ts'
import { addTask } from './change.ts'
import { gpusOf } from './need.ts'

export type Launch = {
  readonly cluster: Cluster
  readonly taskDefinition: TaskDefinition
  /** With the overrides applied. */
  readonly definition: Definition
  readonly overrides: TaskOverride
  readonly need: Need
  readonly group: string
  readonly startedBy: string | undefined
  readonly tags: readonly Tag[]
  readonly launchType: 'EC2' | 'EXTERNAL'
  /** By container: the image that its service revision's tag means. */
  readonly imageDigests?: Readonly<Record<string, string>>
}

type LaunchContext = Pick<Context, 'now' | 'ids'>

export function launch(
  tx: Write,
  what: Launch,
  on: ContainerInstance,
  context: LaunchContext,
): Task {
  const { cluster, definition, need } = what
  const taskId = context.ids.hex(32)
  const architecture = on.attributes.find(({ name }) => name === 'ecs.cpu-architecture')
  const { accountId, region, tenant } = cluster
  const gpuIds = on.remaining.gpuIds.slice(0, need.gpus)
  const gpus = gpusByContainer(definition, gpuIds)
  const task: Task = {
    tenant,
    accountId,
    region,
    taskId,
    clusterName: cluster.clusterName,
    family: what.taskDefinition.family,
    revision: what.taskDefinition.revision,
    containerInstanceId: on.containerInstanceId,
    availabilityZone:
      on.attributes.find(({ name }) => name === 'ecs.availability-zone')?.value ?? '',
    launchType: what.launchType,
    group: what.group,
    ...(what.startedBy !== undefined && { startedBy: what.startedBy }),
    cpu: String(need.cpu),
    memory: String(need.memoryMiB),
    overrides: what.overrides,
    attributes: architecture ? [architecture] : [],
    tags: what.tags,
    reserved: {
      cpu: need.cpu,
      memoryMiB: need.memoryMiB,
      ports: need.ports,
      portsUdp: need.portsUdp,
      gpuIds,
    },
    createdAt: context.now,
    desiredStatus: 'RUNNING',
    lastStatus: 'PENDING',
    containers: definition.containerDefinitions.map((container, at) => ({
      containerArn: containerArn(cluster, cluster.clusterName, taskId, context.ids.uuid()),
      name: container.name,
      image: container.image,
      cpu: container.cpu ?? 0,
      memory: container.memory,
      memoryReservation: container.memoryReservation,
      lastStatus: 'PENDING',
      healthStatus: 'UNKNOWN',
      networkBindings: [],
      ...(gpus[at]?.length && { gpuIds: gpus[at] }),
    })),
    healthStatus: 'UNKNOWN',
    version: 1,
    connectivity: 'CONNECTED',
    connectivityAt: context.now,
    ...(what.imageDigests && { imageDigests: what.imageDigests }),
  }
  addTask(tx, task, { now: context.now, id: context.ids.uuid() })
  return task
}

/** Each container's own GPUs, in the order of the containers: a GPU belongs to one container. */
function gpusByContainer(definition: Definition, gpuIds: readonly string[]): (readonly string[])[] {
  let taken = 0
  return definition.containerDefinitions.map((container) => {
    const from = taken
    taken += gpusOf(container)
    return gpuIds.slice(from, taken)
  })
}

/** A container instance as placement sees it. */
export function hostOf(tx: Read, instance: ContainerInstance, arn: string): Host {
  const attributes = new Map(instance.attributes.map(({ name, value }) => [name, value ?? '']))
  let counted: ReadonlyMap<string, number> | undefined
  // Only some strategies and constraints ask, and a host may have many tasks.
  const counts = () => (counted ??= groupCounts(tx, instance))
  return {
    arn,
    active: instance.status === 'ACTIVE',
    agentConnected: instance.agentConnected,
    agentVersion: instance.versionInfo.agentVersion,
    ec2InstanceId: instance.ec2InstanceId,
    registeredAt: instance.registeredAt,
    runningTasksCount: instance.runningTasksCount,
    attributes,
    get taskGroups() {
      return [...counts().keys()]
    },
    get groupCounts() {
      return counts()
    },
    remaining: instance.remaining,
  }
}

function groupCounts(tx: Read, instance: ContainerInstance): ReadonlyMap<string, number> {
  const counts = new Map<string, number>()
  for (const { row } of tx.find(tasksByInstance, ofInstance(instance)))
    if (row.desiredStatus === 'RUNNING') counts.set(row.group, (counts.get(row.group) ?? 0) + 1)
  return counts
}
