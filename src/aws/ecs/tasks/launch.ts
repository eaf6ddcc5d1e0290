/** Makes task records: what RunTask and StartTask have in common once the host is chosen. */
import type { Tag, TaskOverride } from '#contract/ecs.ts'
import type { Context } from '#room/room.ts'
import type { Write } from '#store/store.ts'

import { containerArn } from '../names.ts'
import {
  type Cluster,
  type ContainerInstance,
  type Definition,
  type Task,
  type TaskDefinition,
} from '../records.ts'
import type { Need } from '../scheduler/place.ts'
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
}

export function launch(tx: Write, what: Launch, on: ContainerInstance, context: Context): Task {
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
