/**
 * What an agent reports becomes the task's observed state. Statuses only move forward, an exit code is recorded
 * once, a lost or doubled report does no harm: the same report twice changes nothing.
 */
import type {
  ContainerStateChange,
  NetworkBinding,
  SubmitTaskStateChangeRequest,
} from '#contract/ecs.ts'
import { oncePer } from '#kernel/once-per.ts'
import { sameText } from '#kernel/same-text.ts'
import type { Write } from '#store/store.ts'
import {
  BIND_IP_LENGTH_MAX,
  NETWORK_BINDINGS_MAX,
  PORT_RANGE_LENGTH_MAX,
  REASON_LENGTH_MAX,
  RUNTIME_ID_LENGTH_MAX,
} from '#wire/limits.ts'

import { definitionKey } from '../names/names.ts'
import {
  type Container,
  type Definition,
  type StopCode,
  type Task,
  taskDefinitions,
  type TaskStatus,
} from '../records/records.ts'
import { type Moment, type Tasks, together } from './change.ts'

const ORDER: readonly TaskStatus[] = [
  'PROVISIONING',
  'PENDING',
  'ACTIVATING',
  'RUNNING',
  'DEACTIVATING',
  'STOPPING',
  'DEPROVISIONING',
  'STOPPED',
]
export const isLater = (a: TaskStatus, b: TaskStatus): boolean =>
  ORDER.indexOf(a) > ORDER.indexOf(b)

export type Report = Pick<
  SubmitTaskStateChangeRequest,
  'status' | 'reason' | 'containers' | 'pullStartedAt' | 'pullStoppedAt' | 'executionStoppedAt'
>

/** Applies a report; returns the task as it is now. */
export const applyReport = (tx: Write, task: Task, report: Report, moment: Moment): Task =>
  together(tx, (all) =>
    applyReportTo(all, task, report, { essential: essentials(tx, task), moment }),
  )

/** As `applyReport`, where several are applied together. */
export function applyReportTo(
  all: Tasks,
  task: Task,
  report: Report,
  { essential, moment }: { readonly essential: ReadonlySet<string>; readonly moment: Moment },
): Task {
  const fields = reported(task, report, moment.now, essential)
  return Object.keys(fields).length === 0 ? task : all.change(task, fields, moment)
}

/** The names of the containers whose end ends the task. */
export function essentials(tx: Write, task: Task): ReadonlySet<string> {
  const row = tx.get(taskDefinitions, definitionKey(task, task.family, task.revision))
  return row ? essentialsOf(row.definition) : NO_NAMES
}

const NO_NAMES: ReadonlySet<string> = new Set()
const essentialsOf = oncePer(
  ({ containerDefinitions }: Definition): ReadonlySet<string> =>
    new Set(containerDefinitions.filter(({ essential }) => essential).map(({ name }) => name)),
)

/** The fields that the report changes; empty when it says nothing new. Pure. */
export function reported(
  task: Task,
  report: Report,
  now: number,
  essential: ReadonlySet<string>,
): Partial<Task> {
  if (task.lastStatus === 'STOPPED') return {}
  const containers = task.containers.map((container) =>
    (report.containers ?? [])
      .filter((change) => change.containerName === container.name)
      .reduce(oneContainer, container),
  )
  const fields: { -readonly [Field in keyof Task]?: Task[Field] } = {}
  if (containers.some((container, at) => container !== task.containers[at]))
    fields.containers = containers
  for (const name of ['pullStartedAt', 'pullStoppedAt', 'executionStoppedAt'] as const) {
    const at = report[name]?.getTime()
    // Agents that never pulled send the zero moment of their language, long before any task.
    if (task[name] === undefined && at !== undefined && at > 0) fields[name] = at
  }
  const isOver = containers.some(
    (container) => essential.has(container.name) && container.lastStatus === 'STOPPED',
  )
  const reports =
    report.status === 'STOPPED' ? 'STOPPED' : report.status === 'RUNNING' ? 'RUNNING' : 'PENDING'
  if (isLater(reports, task.lastStatus)) {
    fields.lastStatus = reports
    if (reports === 'RUNNING') fields.startedAt = now
    if (reports === 'STOPPED') {
      fields.stoppedAt = now
      fields.executionStoppedAt ??= task.executionStoppedAt ?? now
      fields.containers = containers.map(ended)
    }
  }
  const stopping = task.desiredStatus === 'RUNNING' && (isOver || reports === 'STOPPED')
  if (stopping) {
    fields.desiredStatus = 'STOPPED'
    fields.stoppingAt = now
    const { stopCode, stoppedReason } = whyEnded(task, containers, report.reason)
    fields.stopCode = stopCode
    fields.stoppedReason = stoppedReason
    // A task whose first report is its end may still have run: the container's exit code says so.
  }
  return fields
}

function oneContainer(container: Container, change: ContainerStateChange): Container {
  const status =
    change.status === 'STOPPED' || change.status === 'RUNNING' ? change.status : 'PENDING'
  const after: { -readonly [Field in keyof Container]: Container[Field] } = { ...container }
  if (isLater(status, container.lastStatus)) after.lastStatus = status
  if (container.runtimeId === undefined && change.runtimeId)
    after.runtimeId = change.runtimeId.slice(0, RUNTIME_ID_LENGTH_MAX)
  if (container.imageDigest === undefined && change.imageDigest)
    after.imageDigest = sameText(change.imageDigest.slice(0, RUNTIME_ID_LENGTH_MAX))
  if (container.exitCode === undefined && change.exitCode !== undefined)
    after.exitCode = change.exitCode
  if (container.reason === undefined && change.reason)
    after.reason = change.reason.slice(0, REASON_LENGTH_MAX)
  if (container.networkBindings.length === 0 && change.networkBindings?.length)
    after.networkBindings = change.networkBindings.slice(0, NETWORK_BINDINGS_MAX).map(keptBinding)
  const names = Object.keys(after) as (keyof Container)[]
  return names.some((name) => after[name] !== container[name]) ? after : container
}

/** All texts that a record takes from a host have their length: a commit holds every report. */
function keptBinding({
  bindIP,
  containerPort,
  hostPort,
  containerPortRange,
  hostPortRange,
  protocol,
}: NetworkBinding): NetworkBinding {
  const range = (text: string): string => text.slice(0, PORT_RANGE_LENGTH_MAX)
  return {
    ...(bindIP !== undefined && { bindIP: bindIP.slice(0, BIND_IP_LENGTH_MAX) }),
    ...(containerPort !== undefined && { containerPort }),
    ...(hostPort !== undefined && { hostPort }),
    ...(containerPortRange !== undefined && { containerPortRange: range(containerPortRange) }),
    ...(hostPortRange !== undefined && { hostPortRange: range(hostPortRange) }),
    ...(protocol !== undefined && { protocol: protocol === 'udp' ? 'udp' : 'tcp' }),
  }
}

/** A task that has ended has no container that has not. */
const ended = (container: Container): Container =>
  container.lastStatus === 'STOPPED' ? container : { ...container, lastStatus: 'STOPPED' }

const NEVER_STARTED =
  /^(Cannot\w+Error|ResourceInitializationError|DockerTimeoutError|TaskDependencyError)/

function whyEnded(
  task: Task,
  containers: readonly Container[],
  reason: string | undefined,
): { readonly stopCode: StopCode; readonly stoppedReason: string } {
  const failed = containers.find(({ reason: why }) => why !== undefined && NEVER_STARTED.test(why))
  if (failed && task.startedAt === undefined)
    return { stopCode: 'TaskFailedToStart', stoppedReason: failed.reason as string }
  const exited = containers.some(({ exitCode }) => exitCode !== undefined)
  if (!exited && task.startedAt === undefined)
    return {
      stopCode: 'TaskFailedToStart',
      stoppedReason: reason?.slice(0, REASON_LENGTH_MAX) || 'Task failed to start',
    }
  return {
    stopCode: 'EssentialContainerExited',
    stoppedReason: 'Essential container in task exited',
  }
}
