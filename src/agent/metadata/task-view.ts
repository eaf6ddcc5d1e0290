/** A task, as its containers read about it. */
import { CallFault } from '../control-plane.ts'
import { STATUSES, type KnownTask } from '../tasks/task.ts'
import type { ContainerView, ViewVersion } from './container-view.ts'

export type TaskPlace = {
  readonly cluster: string
  /** Absent where the control plane gave the host none. */
  readonly availabilityZone?: string | undefined
}

export function taskView(
  version: ViewVersion,
  task: KnownTask,
  { cluster, availabilityZone }: TaskPlace,
  containers: readonly ContainerView[],
): object {
  const { definition } = task
  const { cpu, memory } = definition
  const instant = (ms: number | undefined) => ms && new Date(ms).toISOString()
  return {
    Cluster: cluster,
    TaskARN: task.arn,
    Family: definition.family ?? '',
    Revision: definition.version ?? '',
    DesiredStatus: task.desired,
    KnownStatus: least(containers.map(({ KnownStatus }) => KnownStatus)),
    ...(cpu || memory ? { Limits: { CPU: cpu, Memory: memory } } : {}),
    Containers: containers,
    PullStartedAt: instant(task.pullStartedAt),
    PullStoppedAt: instant(task.pullStoppedAt),
    ExecutionStoppedAt: instant(task.executionStoppedAt),
    ...(availabilityZone ? { AvailabilityZone: availabilityZone } : {}),
    ...(version === 'v4'
      ? {
          LaunchType: definition.launchType ?? 'EC2',
          ...(definition.serviceName ? { ServiceName: definition.serviceName } : {}),
        }
      : {}),
  }
}

/** The least far of its containers says how far a task is. */
export function least(statuses: readonly string[]): string {
  return STATUSES.find((status) => statuses.includes(status)) ?? 'NONE'
}

/** That tags could not be read is told beside what is known. */
export function tagErrors(field: string, arn: string, error: unknown): object {
  const fault = error instanceof CallFault ? error : undefined
  return {
    ErrorField: field,
    ErrorCode: fault?.code ?? 'InternalServerError',
    ErrorMessage: fault?.message ?? 'the control plane did not answer',
    StatusCode: fault ? 400 : 500,
    ResourceARN: arn,
  }
}
