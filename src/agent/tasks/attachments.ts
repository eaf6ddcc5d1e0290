/**
 * What a task has of its host beside containers. It is attached before the first container is created, each thing by
 * itself, and detached after the last has stopped. Pure; what is done is in `attach.ts`.
 */
import type { TaskLimits } from '../host.ts'
import type { KnownTask } from './task.ts'

export type AttachmentName = 'volumes' | 'group'
export type KnownAttachment = {
  readonly status: 'NONE' | 'ATTACHED' | 'DETACHED'
  readonly doing?: 'attach' | 'detach' | undefined
  /** Why it could not be attached: then no container of the task is created any more. Or why not yet detached. */
  readonly failure?: string | undefined
  /** What containers are told of it when they are created. */
  readonly value?: string | undefined
  /** After a failed try to detach it, the instant of the next. */
  readonly againAt?: number | undefined
}
export type Attachments = Readonly<Partial<Record<AttachmentName, KnownAttachment>>>

/** An engine keeps a volume for as long as a container names it: that is detached when the containers are removed. */
const AT_STOP: ReadonlySet<AttachmentName> = new Set(['group'])

/**
 * The task with what it needs. What was attached in an earlier life of the agent is attached anew before a container is
 * created: the machine may have been started since, and attaching what is there is a success.
 */
export function withAttachments(task: KnownTask, pidsLimit: number | undefined): KnownTask {
  const needed: AttachmentName[] = [
    ...(task.definition.volumes?.some(({ host }) => !host?.sourcePath) ? ['volumes' as const] : []),
    ...(taskLimits(task, pidsLimit) ? ['group' as const] : []),
  ]
  if (needed.length === 0) return task
  const attachments = needed.map((name) => {
    const isGone = task.attachments?.[name]?.status === 'DETACHED'
    return [name, { status: isGone ? 'DETACHED' : 'NONE' }] as const
  })
  return { ...task, attachments: Object.fromEntries(attachments) }
}

export function changeAttachment(
  task: KnownTask,
  name: AttachmentName,
  patch: Partial<KnownAttachment>,
): KnownTask {
  const before = task.attachments?.[name] ?? { status: 'NONE' }
  return { ...task, attachments: { ...task.attachments, [name]: { ...before, ...patch } } }
}

/** Which have to be attached before a container can be created; those under way have `doing`. */
export const unattached = (task: KnownTask): readonly Attachment[] =>
  attachmentsOf(task).filter(({ status }) => status !== 'ATTACHED')

/** Why no container can be created. */
export const attachmentFailure = (task: KnownTask): string | undefined =>
  attachmentsOf(task).find(({ failure }) => failure !== undefined)?.failure

/** What is to be detached once all containers have stopped. */
export const detachable = (task: KnownTask): readonly Attachment[] =>
  attachmentsOf(task).filter(({ name, status }) => AT_STOP.has(name) && status !== 'DETACHED')

type Attachment = KnownAttachment & { readonly name: AttachmentName }

export const attachmentsOf = ({ attachments = {} }: KnownTask): readonly Attachment[] =>
  (Object.entries(attachments) as [AttachmentName, KnownAttachment][]).map(([name, known]) => ({
    ...known,
    name,
  }))

/** `undefined` where nothing limits the task as a whole. */
export function taskLimits(task: KnownTask, pids: number | undefined): TaskLimits | undefined {
  const { cpu: vcpus, memory: memoryMiB } = task.definition
  if (!vcpus && !memoryMiB && !pids) return undefined
  return { vcpus: vcpus || undefined, memoryMiB: memoryMiB || undefined, pids }
}
