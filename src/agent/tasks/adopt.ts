import { own } from '#kernel/own.ts'
import { readTask } from '#wire/task.ts'

import type { Listing, Observed } from '../engine.ts'
import { accept } from './accept.ts'
import { jsonObject, LABELS } from './create.ts'
import { change, containerOf, observe, type KnownTask } from './task.ts'

/**
 * The tasks that containers on the engine belong to, where the agent's own state does not know them: each container
 * carries its task as a label. Nothing is started anew: what runs is running, what ended is reported as ended.
 */
export function adopt(
  found: readonly Observed[],
  known: ReadonlyMap<string, KnownTask>,
  hex: () => string,
  now: number,
): readonly KnownTask[] {
  const adopted = new Map<string, KnownTask>()
  for (const container of found.toSorted((one, other) => one.createdAt - other.createdAt)) {
    const arn = container.labels[LABELS.taskArn]
    const name = container.labels[LABELS.containerName]
    if (!arn || !name || known.has(arn)) continue
    const task = adopted.get(arn) ?? taskOf(arn, container, hex)
    // What was created may have been asked to start: nobody remembers.
    const startAskedAt = container.state === 'created' ? now : undefined
    if (task) adopted.set(arn, change(attach(task, name, container, now), name, { startAskedAt }))
  }
  return [...adopted.values()]
}

/**
 * Lays what the engine has over a task that the agent knows, after the agent was away. Of a container that is `silent`
 * is held true what was known of it.
 */
export function reconcile(
  task: KnownTask,
  found: readonly Observed[],
  silent: Listing['silent'],
  now: number,
): KnownTask {
  let result = task
  for (const name of Object.keys(task.containers)) {
    const before = own(result.containers, name)
    const isMine = ({ id, labels }: Pick<Observed, 'id' | 'labels'>): boolean =>
      (before?.dockerId === undefined || id === before.dockerId) &&
      labels[LABELS.taskArn] === task.arn &&
      labels[LABELS.containerName] === name
    const mine = found.find(isMine)
    // What was under way when the agent ended is not under way any more.
    // What the engine was asked to do may be: how long it is waited for counts from now.
    const startAskedAt = before?.startAskedAt === undefined ? undefined : now
    result = change(result, name, { doing: undefined, againAt: undefined, startAskedAt })
    if (mine) result = attach(result, name, mine, now)
    else if (!silent.some(isMine)) result = observe(result, name, undefined, now)
  }
  return result
}

function attach(task: KnownTask, name: string, container: Observed, now: number): KnownTask {
  const named = change(task, name, {
    dockerName: container.name,
    endpointId: container.labels[LABELS.endpoint] || containerOf(task, name).endpointId,
  })
  return observe(named, name, container, now)
}

function taskOf(arn: string, container: Observed, hex: () => string): KnownTask | undefined {
  try {
    const definition = readTask(JSON.parse(container.labels[LABELS.task] ?? ''), 'label')
    const volumes = jsonObject(container.labels[LABELS.volumes]) as Record<string, string>
    if (definition.arn !== arn) return undefined
    // What is on the engine has been let in already.
    return {
      ...accept({ ...definition, desiredStatus: 'RUNNING' }, 0, hex),
      volumes,
      admitted: true,
      adopted: true,
    }
  } catch {
    // A label that no agent of ours wrote: the container is left alone.
    return undefined
  }
}
