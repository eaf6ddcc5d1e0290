/** What a container's log needs of the agent, where its task asks for awslogs: the engine's own drivers need nothing. */
import type { AcsContainer } from '#wire/task.ts'

import type { KnownTask } from './task.ts'

/** Whoever sends what containers write. */
export interface ContainerLogs {
  /** Before a container is created: throws where its options do not act here. */
  check(container: AcsContainer): void
  /** Before a container starts; throws where it must not start without its log. */
  prepare(task: KnownTask, container: AcsContainer): Promise<void>
  /** Whether the container may be removed; not while some of its output is not sent yet. */
  isRemovable(task: KnownTask, name: string): boolean
  /** The container is gone, and its log with it. */
  removed(dockerId: string): Promise<void>
}

type LogConfig = {
  readonly Type?: unknown
  readonly Config?: Readonly<Record<string, string>> | null
}

/** Docker's LogConfig of a container that is to log by awslogs; its values are texts, whoever sent them. */
export function awslogsConfig(
  container: AcsContainer,
): Readonly<Record<string, string>> | undefined {
  const { hostConfig } = container.dockerConfig ?? {}
  const { LogConfig } = (hostConfig ? JSON.parse(hostConfig) : {}) as { LogConfig?: LogConfig }
  return LogConfig?.Type === 'awslogs' ? (LogConfig.Config ?? {}) : undefined
}
