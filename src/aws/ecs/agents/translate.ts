/**
 * A task as its agent is to run it: the task definition with the overrides applied becomes ACS's task JSON, and what
 * that JSON has no field for becomes Docker's own configuration. Pure: golden cases are its tests.
 */
import type { AcsTask } from '#wire/wire.ts'

import { overridden } from '../definitions/need.ts'
import { meant } from '../meant.ts'
import { clusterArn, taskArn } from '../names/names.ts'
import type { Definition, Task, TaskDefinition } from '../records/records.ts'
import { toAcsContainer } from './translate-container.ts'

/** The least that stops a task. */
export const toStop = (task: Task): AcsTask => ({ arn: taskArn(task), desiredStatus: 'STOPPED' })

/** `endpoint` is how the host reaches this server, for what it sends by itself, such as logs. */
export function toAcsTask(task: Task, row: TaskDefinition, endpoint: string): AcsTask {
  const definition = meant(overridden(row.definition, task.overrides))
  const { pidMode, ipcMode, cpu, memory } = definition
  return {
    arn: taskArn(task),
    desiredStatus: 'RUNNING',
    taskClusterArn: clusterArn(task, task.clusterName),
    family: task.family,
    version: String(task.revision),
    // Amazon's agent stops a task that has any other override than a command: all are applied already.
    overrides: '{}',
    taskDefinitionAccountId: task.accountId,
    launchType: task.launchType,
    networkMode: definition.networkMode ?? 'bridge',
    group: task.group,
    ...(cpu !== undefined && { cpu: Number(cpu) / UNITS_PER_VCPU }),
    ...(memory !== undefined && { memory: Number(memory) }),
    ...(pidMode !== undefined && { pidMode }),
    ...(ipcMode !== undefined && { ipcMode }),
    volumes: (definition.volumes ?? []).map(toAcsVolume),
    ...(task.reserved.gpuIds.length > 0 && { associations: gpuAssociations(task) }),
    containers: definition.containerDefinitions.map((container) =>
      toAcsContainer(container, definition, { task, endpoint }),
    ),
  }
}

/** Agents give a container the GPUs that are associated with it by name. */
const gpuAssociations = (task: Task): object[] =>
  task.containers.flatMap(({ name, gpuIds = [] }) =>
    gpuIds.map((id) => ({
      containers: [name],
      content: { encoding: 'base64', value: '' },
      name: id,
      type: 'gpu',
    })),
  )

const UNITS_PER_VCPU = 1024

type AcsVolume = NonNullable<AcsTask['volumes']>[number]

function toAcsVolume(volume: NonNullable<Definition['volumes']>[number]): AcsVolume {
  const name = volume.name as string
  const docker = volume.dockerVolumeConfiguration
  if (docker)
    return {
      name,
      type: 'docker',
      dockerVolumeConfiguration: {
        scope: docker.scope ?? 'task',
        autoprovision: docker.autoprovision ?? false,
        driver: docker.driver ?? 'local',
        driverOpts: docker.driverOpts ?? {},
        labels: docker.labels ?? {},
      },
    }
  const { sourcePath } = volume.host ?? {}
  return { name, type: 'host', host: sourcePath === undefined ? {} : { sourcePath } }
}
