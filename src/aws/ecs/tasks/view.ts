/** A task as the API shows it. */
import type * as Api from '#contract/ecs.ts'

import {
  clusterArn,
  containerArn,
  containerInstanceArn,
  definitionArn,
  taskArn,
} from '../names/names.ts'
import type { Container, Task } from '../records/records.ts'

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
    // A task has been connected since it is there: hosts that are away are told by their container instances.
    connectivityAt: date(task.createdAt),
    containerInstanceArn: containerInstanceArn(task),
    containers: task.containers.map((container, place) => ({
      containerArn: containerArn(task, place),
      taskArn: arn,
      ...toContainer(container),
    })),
    cpu: String(task.reserved.cpu),
    createdAt: new Date(task.createdAt),
    desiredStatus: task.desiredStatus,
    enableExecuteCommand: false,
    executionStoppedAt: date(task.executionStoppedAt),
    group: task.group,
    healthStatus: task.healthStatus,
    inferenceAccelerators: [],
    lastStatus: task.lastStatus,
    launchType: task.launchType,
    memory: String(task.reserved.memoryMiB),
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

function toContainer(container: Container): Api.Container {
  return {
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
