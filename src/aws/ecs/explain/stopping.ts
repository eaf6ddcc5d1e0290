/** How long tasks take to end. What a container does when it is asked to cannot be known: it is given its whole timeout. */
import { oncePer } from '#kernel/once-per.ts'
import type { Read } from '#store/store.ts'

import { waitsFor } from '../definitions/dependencies.ts'
import { containerInstanceKey, definitionKey } from '../names/names.ts'
import {
  containerInstances,
  type Definition,
  type Task,
  taskDefinitions,
} from '../records/records.ts'

/** Where neither the container nor its host's agent is told another. */
const STOP_TIMEOUT_SECONDS = 30

/** When a task that was asked to end has ended at the latest; nothing where its host cannot be told. */
export function endsBy(tx: Read, task: Task): number | undefined {
  if (task.desiredStatus !== 'STOPPED' || !isReachable(tx, task)) return undefined
  const row = tx.get(taskDefinitions, definitionKey(task, task.family, task.revision))
  // What has not started has nothing to stop.
  const takesMs = row && task.lastStatus === 'RUNNING' ? stopping(row.definition).ms : 0
  return (task.stoppingAt ?? 0) + takesMs
}

export const isReachable = (tx: Read, task: Task): boolean => {
  const host = containerInstanceKey(task, task.clusterName, task.containerInstanceId)
  return tx.get(containerInstances, host)?.agentConnected ?? false
}

/** A container is asked to end when all that depend on it have. */
const stopping = oncePer(({ containerDefinitions: all }: Definition): { readonly ms: number } => {
  const seconds = (container: (typeof all)[number]): number => {
    const dependents = all.filter((other) => waitsFor(other).includes(container.name))
    return (container.stopTimeout ?? STOP_TIMEOUT_SECONDS) + Math.max(0, ...dependents.map(seconds))
  }
  return { ms: Math.max(...all.map(seconds)) * 1000 }
})
