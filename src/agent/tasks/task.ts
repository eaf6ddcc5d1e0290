import { own } from '#kernel/own.ts'
import type { NetworkBinding } from '#wire/calls.ts'
import type { AcsContainer, AcsTask } from '#wire/task.ts'

import type { Health, Observed } from '../engine.ts'
import type { Attachments } from './attachments.ts'
import { hasRunSince, mayRestart, type Ended } from './restarts.ts'

/** In the order in which a container goes through them; it never goes back. */
export const STATUSES = ['NONE', 'PULLED', 'CREATED', 'RUNNING', 'STOPPED'] as const
export type Status = (typeof STATUSES)[number]

/** What is under way with a container. At most one thing is, so nothing is done twice. */
export type Doing = 'pull' | 'create' | 'start' | 'restart' | 'stop' | 'remove'

export type KnownContainer = {
  readonly status: Status
  readonly doing?: Doing | undefined
  /** Chosen before the create call, so that links can name it. */
  readonly dockerName: string
  readonly dockerId?: string | undefined
  /**
   * It never ran and never will; the text is its reason, if it has one. The engine may still do what it was asked to
   * do, so it is over only once it is removed.
   */
  readonly failure?: string | undefined
  /** True once nothing of it is left on the engine. */
  readonly removed?: boolean | undefined
  /**
   * When the engine was asked to start it, durable before it is; gone once that came about. After a crash nobody knows
   * whether it still will, and a second start of what ended meanwhile would run it twice: it is not asked again.
   */
  readonly startAskedAt?: number | undefined
  /** These four are told once and never change. */
  readonly exitCode?: number | undefined
  readonly reason?: string | undefined
  readonly startedAt?: number | undefined
  readonly finishedAt?: number | undefined
  readonly imageDigest?: string | undefined
  /** The image's own region variables: they win over the host's. */
  readonly imageVariables?: readonly string[] | undefined
  /** By this the container knows itself at the metadata endpoint; nobody else can guess it. */
  readonly endpointId?: string | undefined
  /** It ended by itself, and is about to be started once more: until then it counts as running. */
  readonly ended?: Ended | undefined
  readonly restarts?: number | undefined
  /** When it was last started once more, and the end before that. */
  readonly restartedAt?: number | undefined
  readonly endedBefore?: number | undefined
  readonly networkBindings?: readonly NetworkBinding[] | undefined
  readonly health?: Health | undefined
  /** After a failed stop or removal, the instant of the next try. */
  readonly againAt?: number | undefined
}

export type ReportedStatus = 'NONE' | 'PENDING' | 'RUNNING' | 'STOPPED'
export type KnownTask = {
  readonly arn: string
  /** As the control plane sent it, without credentials. */
  readonly definition: AcsTask
  readonly desired: 'RUNNING' | 'STOPPED'
  /** False while it waits for what other tasks still hold of the host. */
  readonly admitted: boolean
  /**
   * True for a task that is known by its containers' labels alone, until the control plane says that it is to run:
   * what it has no container for may never have run, or may have ended and be gone.
   */
  readonly adopted?: boolean | undefined
  readonly containers: Readonly<Record<string, KnownContainer>>
  /** The engine's names of the volumes that were made for this task alone. */
  readonly volumes: Readonly<Record<string, string>>
  /** What else it has of the host, or needs before a container can be created. */
  readonly attachments?: Attachments | undefined
  readonly pullStartedAt?: number | undefined
  readonly pullStoppedAt?: number | undefined
  /** When the first essential container ended, or the last of all. */
  readonly executionStoppedAt?: number | undefined
  /** When the last container ended. */
  readonly stoppedAt?: number | undefined
  /** Where its role's credentials are asked for; the credentials themselves are never kept. */
  readonly credentialsId?: string | undefined
  /** Why the task was refused, in whole. */
  readonly problem?: string | undefined
  /** The number of the payload that brought it: an older manifest says nothing about it. */
  readonly seqNum: number
  /** What the control plane has acknowledged. */
  readonly reported: {
    readonly status: ReportedStatus
    readonly containers: Readonly<Record<string, ReportedStatus>>
  }
}

export function taskIdOf(arn: string): string {
  return arn.split('/').at(-1) ?? arn
}

export function rank(status: Status): number {
  return STATUSES.indexOf(status)
}

export function containersOf(task: KnownTask): readonly AcsContainer[] {
  return task.definition.containers ?? []
}

export function containerOf(task: KnownTask, name: string): KnownContainer {
  return own(task.containers, name) ?? { status: 'NONE', dockerName: '' }
}

export function isEssential(container: AcsContainer): boolean {
  return container.essential ?? true
}

export function isStopped(task: KnownTask): boolean {
  return containersOf(task).every(({ name }) => containerOf(task, name).status === 'STOPPED')
}

/** The one place where a container changes: its status only moves forward, and what is told once stays. */
export function change(task: KnownTask, name: string, patch: Partial<KnownContainer>): KnownTask {
  const before = containerOf(task, name)
  const status =
    patch.status && rank(patch.status) > rank(before.status) ? patch.status : before.status
  const after: KnownContainer = {
    ...before,
    ...patch,
    status,
    dockerId: before.dockerId ?? patch.dockerId,
    exitCode: before.exitCode ?? patch.exitCode,
    reason: before.reason ?? patch.reason,
    startedAt: before.startedAt ?? patch.startedAt,
    finishedAt: before.finishedAt ?? patch.finishedAt,
  }
  return { ...task, containers: { ...task.containers, [name]: after } }
}

/** Lays over the container what the engine says of it; `undefined` when the engine has no such container. */
export function observe(
  task: KnownTask,
  name: string,
  seen: Observed | undefined,
  now: number,
): KnownTask {
  const known = containerOf(task, name)
  // Only its removal ends it: until then the engine may show it in any state.
  if (known.failure !== undefined && known.status !== 'STOPPED') return task
  if (!seen) {
    if (known.status === 'STOPPED') return change(task, name, { removed: true })
    // Between create and its answer the engine may not show the container yet.
    if (known.dockerId === undefined || known.doing === 'create') return task
    return change(task, name, {
      status: 'STOPPED',
      finishedAt: now,
      removed: true,
      reason: 'ContainerVanishedError: No container matching saved ID found',
    })
  }
  const { ended: before, startAskedAt } = known
  if (before && startAskedAt !== undefined && known.doing !== 'restart')
    return hasRunSince(before, seen)
      ? observe(restarted(task, name, before, seen.startedAt), name, seen, now)
      : task
  const seenNow = {
    dockerId: seen.id,
    startAskedAt: undefined,
    startedAt: seen.startedAt,
    health: seen.health ?? known.health,
    networkBindings: seen.networkBindings.length > 0 ? seen.networkBindings : known.networkBindings,
  }
  if (seen.state === 'created') return change(task, name, { status: 'CREATED', dockerId: seen.id })
  if (seen.state === 'running')
    return change(task, name, { ...seenNow, status: 'RUNNING', ended: undefined })
  // Whoever starts it looks at it afterwards: what was seen meanwhile may be of before.
  if (known.doing === 'restart') return task
  const finishedAt = seen.finishedAt ?? now
  // The end that it was started once more after, told again. (A start may be noted later than the end that follows it.)
  if (known.endedBefore !== undefined && finishedAt <= known.endedBefore) return task
  const ended = { exitCode: seen.exitCode ?? 0, finishedAt, reason: reasonOf(seen) }
  const container = containersOf(task).find((one) => one.name === name)
  const started = change(task, name, { ...seenNow, status: 'RUNNING' })
  if (
    known.status !== 'STOPPED' &&
    seen.exitCode !== undefined &&
    mayRestart(started, container, containerOf(started, name), ended)
  )
    return change(started, name, { ended })
  return change(task, name, {
    ...seenNow,
    status: 'STOPPED',
    exitCode: seen.exitCode,
    finishedAt,
    reason: ended.reason,
    ended: undefined,
  })
}

/** Lays over a container that waited to be started once more that it was. */
export function restarted(
  task: KnownTask,
  name: string,
  ended: Ended | undefined,
  startedAt: number | undefined,
): KnownTask {
  const endedBefore = ended?.finishedAt
  return change(task, name, {
    ended: undefined,
    startAskedAt: undefined,
    restarts: (containerOf(task, name).restarts ?? 0) + 1,
    // Where the engine does not say, the end before it is the latest that is certain.
    restartedAt: startedAt ?? endedBefore,
    endedBefore,
  })
}

function reasonOf(seen: Observed): string | undefined {
  if (seen.outOfMemory) return 'OutOfMemoryError: Container killed due to memory usage'
  return seen.error === '' ? undefined : `DockerStateError: ${seen.error}`
}
