/** A container instance as the API shows it. */
import type * as Api from '#contract/ecs.ts'

import { containerInstanceArn } from '../names/names.ts'
import type { ContainerInstance, Resources } from '../records/records.ts'

const NOTHING_MORE: ReadonlySet<string> = new Set()

export function toContainerInstance(
  instance: ContainerInstance,
  include: ReadonlySet<string> = NOTHING_MORE,
): Api.ContainerInstance {
  return {
    containerInstanceArn: containerInstanceArn(instance),
    ec2InstanceId: instance.ec2InstanceId,
    version: instance.version,
    versionInfo: instance.versionInfo,
    remainingResources: toResources(instance.remaining),
    registeredResources: toResources(instance.registered),
    status: instance.status,
    statusReason: instance.statusReason,
    agentConnected: instance.agentConnected,
    runningTasksCount: instance.runningTasksCount,
    pendingTasksCount: instance.pendingTasksCount,
    attributes: instance.attributes,
    registeredAt: new Date(instance.registeredAt),
    attachments: [],
    tags: include.has('TAGS') ? instance.tags : [],
    ...(include.has('CONTAINER_INSTANCE_HEALTH') && { healthStatus: toHealth(instance) }),
  }
}

function toResources(resources: Resources): Api.Resource[] {
  const number = (name: string, value: number): Api.Resource => ({
    name,
    type: 'INTEGER',
    doubleValue: 0,
    longValue: 0,
    integerValue: value,
  })
  const set = (name: string, values: readonly (string | number)[]): Api.Resource => ({
    name,
    type: 'STRINGSET',
    doubleValue: 0,
    longValue: 0,
    integerValue: 0,
    stringSetValue: values.map(String),
  })
  return [
    number('CPU', resources.cpu),
    number('MEMORY', resources.memoryMiB),
    set('PORTS', resources.ports),
    set('PORTS_UDP', resources.portsUdp),
    ...(resources.gpuIds.length > 0 ? [set('GPU', resources.gpuIds)] : []),
  ]
}

function toHealth({ health }: ContainerInstance): Api.ContainerInstanceHealthStatus {
  const status = (health?.status ?? 'INSUFFICIENT_DATA') as 'OK'
  return {
    overallStatus: status,
    details: [
      {
        type: 'CONTAINER_RUNTIME',
        status,
        ...(health && {
          lastUpdated: new Date(health.lastUpdated),
          lastStatusChange: new Date(health.lastStatusChange),
        }),
      },
    ],
  }
}
