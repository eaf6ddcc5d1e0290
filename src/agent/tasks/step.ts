import type { AcsContainer } from '#wire/task.ts'

import {
  attachmentFailure,
  type AttachmentName,
  changeAttachment,
  detachable,
  unattached,
} from './attachments.ts'
import { dependentsOf, gate } from './dependencies.ts'
import {
  change,
  containerOf,
  containersOf,
  isEssential,
  isStopped,
  type Doing,
  type KnownTask,
} from './task.ts'

export type ContainerAct = { readonly type: Doing; readonly container: string }
export type AttachmentAct = {
  readonly type: 'attach' | 'detach'
  readonly attachment: AttachmentName
}
export type Act = ContainerAct | AttachmentAct
export type Step = {
  /** The task with every conclusion drawn, and each act marked as being done. */
  readonly task: KnownTask
  readonly acts: readonly Act[]
  /** When to ask again although nothing happened; `Infinity` for never. */
  readonly wakeAt: number
}

/**
 * From what is known to what is to be done next. Asked again after every change, it brings a task to its end.
 * `upfront` pulls images although their containers have to wait.
 */
export function step(known: KnownTask, now: number, upfront = false): Step {
  if (!known.admitted && known.desired === 'RUNNING')
    return { task: known, acts: [], wakeAt: Infinity }
  let task = conclude(known, now)
  const acts: Act[] = []
  let wakeAt = Infinity
  for (const container of containersOf(task)) {
    const next = actFor(task, container, now, upfront)
    if (typeof next === 'number') wakeAt = Math.min(wakeAt, next)
    if (typeof next !== 'string') continue
    if (next === 'create' && unattached(task).length > 0) {
      for (const { name, doing } of unattached(task)) if (!doing) begin('attach', name)
      continue
    }
    acts.push({ type: next, container: container.name })
    task = change(task, container.name, { doing: next })
    if (next === 'pull') task = { ...task, pullStartedAt: task.pullStartedAt ?? now }
  }
  if (task.admitted && isStopped(task))
    for (const { name, doing, againAt = 0 } of detachable(task))
      if (againAt > now) wakeAt = Math.min(wakeAt, againAt)
      else if (!doing) begin('detach', name)
  return { task, acts, wakeAt }

  function begin(type: AttachmentAct['type'], attachment: AttachmentName): void {
    acts.push({ type, attachment })
    task = changeAttachment(task, attachment, { doing: type })
  }
}

/** Draws conclusions until nothing follows any more; each moves something forward, so this ends. */
function conclude(task: KnownTask, now: number): KnownTask {
  for (;;) {
    const next = conclusion(task, now)
    if (next === task) return task
    task = next
  }
}

function conclusion(task: KnownTask, now: number): KnownTask {
  const containers = containersOf(task)
  if (task.desired === 'RUNNING') {
    const fallen = containers.find(
      (container) =>
        isEssential(container) &&
        (isOver(task, container.name) || containerOf(task, container.name).failure !== undefined),
    )
    if (fallen || isStopped(task)) return { ...task, desired: 'STOPPED' }
  }
  if (task.stoppedAt === undefined && isStopped(task)) return { ...task, stoppedAt: now }
  if (task.executionStoppedAt === undefined) {
    const over = containers.find(
      ({ name }) =>
        isOver(task, name) &&
        (task.desired === 'STOPPED' || isStopped(task)) &&
        containerOf(task, name).startedAt !== undefined,
    )
    if (over) return { ...task, executionStoppedAt: containerOf(task, over.name).finishedAt ?? now }
  }
  for (const container of containers) {
    const next = unstarted(task, container, now)
    if (next !== task) return next
    const over = unrestarted(task, container)
    if (over !== task) return over
  }
  return task
}

/** A container that waits to be started once more is over when its task is to stop. */
function unrestarted(task: KnownTask, { name }: AcsContainer): KnownTask {
  const { ended, doing } = containerOf(task, name)
  if (!ended || doing !== undefined || task.desired !== 'STOPPED') return task
  return change(task, name, { ...ended, status: 'STOPPED', ended: undefined })
}

/** A container that has not started ends when it may no longer start: at once, or with what the engine has of it. */
function unstarted(task: KnownTask, container: AcsContainer, now: number): KnownTask {
  const { status, doing, failure } = containerOf(task, container.name)
  if (status === 'RUNNING' || status === 'STOPPED' || failure !== undefined) return task
  // A pull goes on to nobody's use; a create or start must be awaited, since it leaves a container behind.
  if (doing !== undefined && doing !== 'pull') return task
  if (task.desired === 'STOPPED') return neverRuns(task, container.name)
  const may = gate(task, container, now)
  if (may.type === 'never')
    return { ...neverRuns(task, container.name, may.reason), desired: 'STOPPED' }
  const lack = may.type === 'open' && status === 'PULLED' ? attachmentFailure(task) : undefined
  return lack === undefined ? task : change(task, container.name, { failure: lack })
}

/** Of a container that was never started since what it waits for never comes, as of one that was asked to end: AWS's. */
const EXIT_CODE_UNMET = 143

/** A start that nobody waits for any more may still come about: what is on the engine is over when it is removed. */
function neverRuns(task: KnownTask, name: string, reason?: string): KnownTask {
  const { dockerId, removed } = containerOf(task, name)
  const isLeft = dockerId !== undefined && !removed
  const over = isLeft ? { failure: reason ?? '' } : ({ status: 'STOPPED', reason } as const)
  return change(task, name, {
    ...over,
    ...(reason !== undefined && { exitCode: EXIT_CODE_UNMET }),
  })
}

/** What to do with one container now, or when to ask again. */
function actFor(
  task: KnownTask,
  container: AcsContainer,
  now: number,
  upfront: boolean,
): Doing | number | undefined {
  const known = containerOf(task, container.name)
  if (known.doing !== undefined) return undefined
  if (known.status === 'STOPPED') {
    // What was created and never ran is of no use to anybody, not even for its logs.
    const left = known.dockerId !== undefined && known.startedAt === undefined && !known.removed
    return left ? at('remove') : undefined
  }
  if (known.failure !== undefined) return at('remove')
  if (task.desired === 'STOPPED') {
    if (!dependentsOf(task, container.name).every((name) => isOver(task, name))) return undefined
    return at('stop')
  }
  if (task.adopted) return undefined
  if (known.status === 'RUNNING') return known.ended ? at('restart') : undefined
  const may = gate(task, container, now)
  const early = known.status === 'NONE' && upfront
  if (may.type === 'wait' && !early) return may.until
  return at(({ NONE: 'pull', PULLED: 'create', CREATED: 'start' } as const)[known.status])

  function at(act: Doing): Doing | number {
    const againAt = known.againAt ?? 0
    return againAt > now ? againAt : act
  }
}

function isOver(task: KnownTask, name: string): boolean {
  return containerOf(task, name).status === 'STOPPED'
}
