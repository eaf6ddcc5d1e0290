/** A task as the API shows it. */
import type * as Api from '#contract/ecs.ts'

import { clusterArn, containerInstanceArn, definitionArn, taskArn } from '../names.ts'
import type { Container, Task } from '../records.ts'

const date = (ms: number | undefined): Date | undefined =>
  ms === undefined ? undefined : new Date(ms)

/** Without tags, which are shown only where they are asked for. */
export function toTask(task: Task): Api.Task {
  const arn = taskArn(task)
  return {
    attachments: [],
    attributes: task.attributes,
    availabilityZone: task.availabilityZone,
    clusterArn: clusterArn(task, task.clusterName),
    connectivity: task.connectivity,
    connectivityAt: date(task.connectivityAt),
    containerInstanceArn: containerInstanceArn(task),
    containers: task.containers.map((container) => toContainer(container, arn)),
    cpu: task.cpu,
    createdAt: new Date(task.createdAt),
    desiredStatus: task.desiredStatus,
    enableExecuteCommand: false,
    executionStoppedAt: date(task.executionStoppedAt),
    group: task.group,
    healthStatus: task.healthStatus,
    inferenceAccelerators: [],
    lastStatus: task.lastStatus,
    launchType: task.launchType,
    memory: task.memory,
    overrides: {
      inferenceAcceleratorOverrides: [],
      ...task.overrides,
      containerOverrides: overrides(task),
    },
    pullStartedAt: date(task.pullStartedAt),
    pullStoppedAt: date(task.pullStoppedAt),
    startedAt: date(task.startedAt),
    startedBy: task.startedBy,
    stopCode: task.stopCode,
    stoppedAt: date(task.stoppedAt),
    stoppedReason: task.stoppedReason,
    stoppingAt: date(task.stoppingAt),
    tags: [],
    taskArn: arn,
    taskDefinitionArn: definitionArn(task, task.family, task.revision),
    version: task.version,
  }
}

/** Every container has an entry, with or without overrides. */
const overrides = (task: Task): Api.ContainerOverride[] =>
  task.containers.map(
    ({ name }) =>
      task.overrides.containerOverrides?.find((override) => override.name === name) ?? { name },
  )

function toContainer(container: Container, taskArnText: string): Api.Container {
  return {
    containerArn: container.containerArn,
    taskArn: taskArnText,
    name: container.name,
    image: container.image,
    imageDigest: container.imageDigest,
    runtimeId: container.runtimeId,
    lastStatus: container.lastStatus,
    exitCode: container.exitCode,
    reason: container.reason,
    networkBindings: container.networkBindings,
    networkInterfaces: [],
    healthStatus: container.healthStatus,
    cpu: String(container.cpu),
    memory: container.memory === undefined ? undefined : String(container.memory),
    memoryReservation:
      container.memoryReservation === undefined ? undefined : String(container.memoryReservation),
    gpuIds: container.gpuIds,
  }
}
