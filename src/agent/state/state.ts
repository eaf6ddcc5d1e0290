import type { PulledImages } from '../tasks/image-cleanup.ts'
import type { KnownTask } from '../tasks/task.ts'

/** What the agent must not forget. Everything else is found again on the engine. */
export type AgentState = {
  readonly version: 1
  readonly cluster: string
  readonly containerInstanceArn: string | undefined
  /** The greatest `timeline` of a manifest so far: older ones are ignored. */
  readonly timeline: number
  /** Where containers ask for metadata: it is in their environment for good. */
  readonly metadataPort?: number | undefined
  readonly tasks: readonly KnownTask[]
  /** Tasks that are over and cleaned away: a late payload must not run them again. The latest come last. */
  readonly forgotten: readonly string[]
  readonly images?: PulledImages | undefined
}

export interface StateStore {
  /** `undefined` where there is none, or none that can be read: then the containers' labels have to do. */
  load(): Promise<AgentState | undefined>
  /**
   * Resolves once the state is durable as `current` gives it, or a later one. Calls that come while a write is under
   * way share the one that follows it. A write that was cut off leaves the state before it.
   */
  save(current: () => AgentState): Promise<void>
}
