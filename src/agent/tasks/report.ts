import { own } from '#kernel/own.ts'
import type { ContainerStateChange, SubmitTaskStateChangeRequest } from '#wire/calls.ts'
import { NETWORK_BINDINGS_MAX, REASON_LENGTH_MAX, RUNTIME_ID_LENGTH_MAX } from '#wire/limits.ts'
import type { AcsContainer } from '#wire/task.ts'

import { isPause, PAUSE_NAME } from './pause.ts'
import { joinRanges } from './ports.ts'
import {
  containerOf,
  containersOf,
  isEssential,
  isStopped,
  type KnownContainer,
  type KnownTask,
  type ReportedStatus,
} from './task.ts'

export type Report = Omit<SubmitTaskStateChangeRequest, 'cluster'>

/** What the control plane does not know yet, or `undefined`. One report at a time: the next follows its answer. */
export function nextReport(task: KnownTask): Report | undefined {
  const status = statusToReport(task)
  if (status === undefined) return undefined
  // A task that ended before its start was told is told to have run first, so that it gets its start time.
  const late = status === 'RUNNING' && isStopped(task)
  const containers = toldOf(task).flatMap(({ name }) => {
    const known = containerOf(task, name)
    const told = late ? 'RUNNING' : status === 'PENDING' ? status : toldStatus(known)
    return told === undefined ||
      (told === own(task.reported.containers, name) && status !== 'STOPPED')
      ? []
      : [stateChange(task, name, known, told)]
  })
  if (status === task.reported.status && containers.length === 0) return undefined
  return {
    task: task.arn,
    status,
    reason: (task.problem ?? pauseReason(task) ?? '').slice(0, REASON_LENGTH_MAX),
    containers,
    pullStartedAt: seconds(task.pullStartedAt),
    pullStoppedAt: seconds(task.pullStoppedAt),
    executionStoppedAt: status === 'STOPPED' ? seconds(task.executionStoppedAt) : undefined,
  }
}

/** Nobody is told of the pause container, so what went wrong with it is told of the task that cannot be without it. */
function pauseReason(task: KnownTask): string | undefined {
  return containerOf(task, PAUSE_NAME).reason
}

/** The agent's own containers are nobody's business. */
function toldOf(task: KnownTask): readonly AcsContainer[] {
  return containersOf(task).filter((container) => !isPause(container))
}

/** The task after the control plane acknowledged the report. */
export function reported(task: KnownTask, report: Report): KnownTask {
  const containers = (report.containers ?? []).map(
    ({ containerName, status }) => [containerName, status] as const,
  )
  return {
    ...task,
    reported: {
      status: report.status,
      containers: { ...task.reported.containers, ...Object.fromEntries(containers) },
    },
  }
}

function statusToReport(task: KnownTask): Exclude<ReportedStatus, 'NONE'> | undefined {
  const { status } = task.reported
  if (status === 'STOPPED') return undefined
  if (status === 'RUNNING') return isStopped(task) ? 'STOPPED' : 'RUNNING'
  if (hasRun(task)) return 'RUNNING'
  if (isStopped(task)) return 'STOPPED'
  return status === 'NONE' && isResolved(task) ? 'PENDING' : undefined
}

/** Whether a registry has said of every image which one it is: that is told before the task runs. */
function isResolved(task: KnownTask): boolean {
  const containers = toldOf(task)
  return (
    containers.length > 0 &&
    containers.every(({ name }) => containerOf(task, name).imageDigest !== undefined)
  )
}

/** Whether the task was ever wholly running: a container whose start failed keeps it from that for good. */
function hasRun(task: KnownTask): boolean {
  const containers = containersOf(task)
  return (
    containers.some(({ name }) => containerOf(task, name).startedAt !== undefined) &&
    containers.every((container) => {
      const { startedAt, status } = containerOf(task, container.name)
      return startedAt !== undefined || (!isEssential(container) && status === 'STOPPED')
    })
  )
}

function toldStatus({ status }: KnownContainer): 'RUNNING' | 'STOPPED' | undefined {
  return status === 'RUNNING' || status === 'STOPPED' ? status : undefined
}

function stateChange(
  task: KnownTask,
  containerName: string,
  known: KnownContainer,
  status: 'PENDING' | 'RUNNING' | 'STOPPED',
): ContainerStateChange {
  return {
    containerName,
    status,
    runtimeId: known.dockerId?.slice(0, RUNTIME_ID_LENGTH_MAX),
    exitCode: known.exitCode,
    reason: known.reason?.slice(0, REASON_LENGTH_MAX),
    imageDigest: known.imageDigest?.slice(0, RUNTIME_ID_LENGTH_MAX),
    networkBindings: bindings(task, containerName, known).slice(0, NETWORK_BINDINGS_MAX),
  }
}

/** In host mode the engine maps nothing: a container's ports are the host's. */
function bindings(task: KnownTask, containerName: string, known: KnownContainer) {
  const container = containersOf(task).find(({ name }) => name === containerName)
  if (task.definition.networkMode !== 'host')
    return joinRanges(container, known.networkBindings ?? [])
  return (container?.portMappings ?? []).flatMap(({ containerPort, protocol }) =>
    containerPort === undefined
      ? []
      : [
          {
            bindIP: '0.0.0.0',
            containerPort,
            hostPort: containerPort,
            protocol: protocol ?? ('tcp' as const),
          },
        ],
  )
}

function seconds(ms: number | undefined): number | undefined {
  return ms === undefined ? undefined : ms / 1000
}
