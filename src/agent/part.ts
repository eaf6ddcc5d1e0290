/**
 * What the agent does beside running tasks is parts: each in a folder of its own, above `tasks/` and beside each other.
 * The session makes the list of them and knows no more of them than this.
 */
import type { KnownTask } from './tasks/task.ts'

export interface Part {
  /** The topic of the control plane whose entries are for this part; no two parts have the same. */
  readonly topic?: string
  /** Once, when the control plane has let this agent in: before that, nothing is done on the host. */
  start?(): void
  /**
   * Brings about what an entry of the topic says, or undoes one that is gone: then `content` is `undefined`. One entry at a
   * time; what it gives is told to the control plane as observed. One that fails is told so and tried again, so it may have
   * been brought about already, or in part.
   */
  apply?(key: string, content: unknown): unknown
  /** After every change of a task; `undefined` for one that is cleaned up. */
  taskChanged?(arn: string, task: KnownTask | undefined): void
  /** Whether the container engine answers: said whenever its events begin or end. */
  engineIs?(status: 'OK' | 'IMPAIRED'): void
  /** The session ends: resolves once nothing of it goes on. */
  stop?(): void | Promise<void>
}
