/** Makes task records: what RunTask and StartTask have in common once the host is chosen. */
import type { Attribute, Tag, TaskOverride } from '#contract/ecs.ts'
import { oncePer } from '#kernel/once-per.ts'
import type { Context } from '#room/operation.ts'

import { wantedGroups } from '../definitions/log-groups.ts'
import type { Need } from '../definitions/need.ts'
import { gpusOf, needOfAny } from '../definitions/need.ts'
import {
  type Cluster,
  type Container,
  type ContainerInstance,
  type Definition,
  type Reservation,
  type Task,
  type TaskDefinition,
} from '../records/records.ts'
import type { Tasks } from './change.ts'

export type Launch = {
  readonly cluster: Cluster
  readonly taskDefinition: TaskDefinition
  /** The task definition's, with the overrides applied. */
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
  all: Tasks,
  what: Launch,
  on: ContainerInstance,
  context: LaunchContext,
): Task {
  const { cluster, definition, need } = what
  const { accountId, region, tenant } = cluster
  const gpuIds = on.remaining.gpuIds.slice(0, need.gpus)
  const task: Task = {
    tenant,
    accountId,
    region,
    taskId: context.ids.hex(32),
    clusterName: cluster.clusterName,
    family: what.taskDefinition.family,
    revision: what.taskDefinition.revision,
    containerInstanceId: on.containerInstanceId,
    ...placeOf(on.attributes),
    launchType: what.launchType,
    group: what.group,
    ...(what.startedBy !== undefined && { startedBy: what.startedBy }),
    overrides: what.overrides,
    tags: what.tags,
    reserved: gpuIds.length === 0 ? reservedOf(definition) : { ...reservedOf(definition), gpuIds },
    createdAt: context.now,
    desiredStatus: 'RUNNING',
    lastStatus: 'PENDING',
    containers: gpuIds.length === 0 ? newContainers(definition) : withGpus(definition, gpuIds),
    healthStatus: 'UNKNOWN',
    version: 1,
    connectivity: 'CONNECTED',
    ...(what.imageDigests && { imageDigests: what.imageDigests }),
    ...(wantedGroups(definition).length > 0 && { awaits: 'LOG_GROUPS' }),
  }
  all.add(task, { now: context.now, id: context.ids.uuid() })
  return task
}

/** What a task shows of its container instance's attributes. */
const placeOf = oncePer(
  (attributes: readonly Attribute[]): Pick<Task, 'availabilityZone' | 'attributes'> => {
    const named = (wanted: string) => attributes.find(({ name }) => name === wanted)
    const architecture = named('ecs.cpu-architecture')
    return {
      availabilityZone: named('ecs.availability-zone')?.value ?? '',
      attributes: architecture ? [architecture] : [],
    }
  },
)

/** What a task without GPUs reserves, as `newContainers`: all tasks of the definition share them. */
const reservedOf = oncePer((definition: Definition): Reservation => {
  const { cpu, memoryMiB, ports, portsUdp } = needOfAny(definition)
  return { cpu, memoryMiB, ports, portsUdp, gpuIds: [] }
})

const newContainers = oncePer((definition: Definition): readonly Container[] =>
  definition.containerDefinitions.map(({ name, image, cpu = 0, memory, memoryReservation }) => ({
    name,
    image,
    cpu,
    ...(memory !== undefined && { memory }),
    ...(memoryReservation !== undefined && { memoryReservation }),
    lastStatus: 'PENDING',
    healthStatus: 'UNKNOWN',
    networkBindings: [],
  })),
)

/** Each container has its own GPUs, in the order of the containers: a GPU belongs to one container. */
function withGpus(definition: Definition, gpuIds: readonly string[]): readonly Container[] {
  let taken = 0
  return newContainers(definition).map((container, place) => {
    const from = taken
    taken += gpusOf(definition.containerDefinitions[place] ?? {})
    return from === taken ? container : { ...container, gpuIds: gpuIds.slice(from, taken) }
  })
}
