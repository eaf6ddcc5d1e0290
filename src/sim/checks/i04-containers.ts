import type { Observed } from '#agent/engine.ts'
import { LABELS } from '#agent/tasks/create.ts'
import { containerInstances, tasks, type Task } from '#aws/ecs/records/records.ts'
import type { Change } from '#store/store.ts'

import type { ContainerEvent } from '../engine.ts'
import { keyOf } from '../place.ts'
import { type Check, type Evidence, holds, type Observable } from './check.ts'

type Labels = ContainerEvent['labels']

/**
 * I4: a task's container is started once, on one host, and only while its task has not ended; nobody ends a container
 * without a reason; and in the end nothing runs that no task knows of.
 */
export class Containers implements Check {
  readonly name = 'I4 every container once, and none without its task'
  readonly #evidence: Evidence
  readonly #startedOn = new Map<string, string>()
  /** Brought back by an engine that was asked long ago: the agent can only end them again. */
  readonly #late = new Set<string>()
  /** An agent that loses its state beside its container cannot know that it has run. */
  readonly #removed = new Set<string>()
  /** Tasks of which something failed or ended: the agent may end the rest. */
  readonly #fallen = new Set<string>()

  constructor(evidence: Evidence) {
    this.#evidence = evidence
  }

  container(host: Observable, event: ContainerEvent): void {
    if (event.type === 'started') this.#started(host, event)
    if (event.type === 'exited') this.#exited(host, event)
    if (event.type === 'failed' || event.type === 'removed')
      this.#fallen.add(event.labels[LABELS.taskArn] ?? '')
    if (event.type === 'removed') this.#removed.add(whatOf(event.labels))
  }

  commit(changes: readonly Change[]): void {
    for (const { table, before, after } of changes) {
      if (table !== tasks.name || (after as Task | undefined)?.lastStatus !== 'STOPPED') continue
      if ((before as Task | undefined)?.lastStatus === 'STOPPED') continue
      const { taskId } = after as Task
      for (const [host, { id, labels }] of this.#running())
        holds(
          this.#late.has(id) || !labels[LABELS.taskArn]?.endsWith(taskId) || this.#isLetGo(labels),
          `${whatOf(labels)} runs on ${host.name} while its task is STOPPED`,
        )
    }
  }

  calm(): void {
    for (const [host, { labels }] of this.#running()) {
      const { lastStatus = 'unknown' } = this.#taskOf(labels) ?? {}
      const isKnown = lastStatus !== 'unknown' && lastStatus !== 'STOPPED'
      holds(
        isKnown || this.#isLetGo(labels),
        `${whatOf(labels)} runs on ${host.name}, and its task is ${lastStatus}`,
      )
    }
    for (const { name, engine } of this.#evidence.hosts)
      for (const { state, labels } of engine.all()) {
        const isOver = (this.#taskOf(labels)?.lastStatus ?? 'STOPPED') === 'STOPPED'
        holds(
          state !== 'created' || !isOver || this.#isLetGo(labels),
          `${whatOf(labels)} never ran on ${name}, and was left there`,
        )
      }
  }

  #started({ name: host, losses }: Observable, { id, labels, isLate }: ContainerEvent): void {
    const what = whatOf(labels)
    const before = this.#startedOn.get(what)
    this.#startedOn.set(what, host)
    if (isLate) {
      this.#late.add(id)
      return
    }
    const isUnknown = losses > 0 && this.#removed.has(what)
    holds(before === undefined || isUnknown, `${what} is started on ${host}, and was on ${before}`)
    const task = this.#taskOf(labels)
    if (!this.#isLetGo(labels))
      holds(task && task.lastStatus !== 'STOPPED', `${what} is started after its task's end`)
  }

  #exited(host: Observable, { id, labels, asked }: ContainerEvent): void {
    const arn = labels[LABELS.taskArn] ?? ''
    const task = this.#taskOf(labels)
    const mayEnd =
      !task ||
      task.desiredStatus === 'STOPPED' ||
      this.#fallen.has(arn) ||
      host.engineFailedAt >= task.createdAt ||
      this.#late.has(id) ||
      this.#isLetGo(labels)
    holds(!asked || mayEnd, `${whatOf(labels)} is ended on ${host.name}, and nobody asked for it`)
    this.#fallen.add(arn)
  }

  #taskOf(labels: Labels): Task | undefined {
    return this.#evidence.oracle.get(tasks, keyOf(labels[LABELS.taskArn] ?? ''))
  }

  /** A host that was deregistered keeps what runs; nobody answers for it any more. */
  #isLetGo(labels: Labels): boolean {
    const key = keyOf(labels[LABELS.containerInstance] ?? '')
    return this.#evidence.oracle.get(containerInstances, key)?.status === 'INACTIVE'
  }

  *#running(): Generator<readonly [Observable, Observed]> {
    for (const host of this.#evidence.hosts)
      for (const container of host.engine.all())
        if (container.state === 'running') yield [host, container]
  }
}

const whatOf = (labels: Labels): string =>
  `${labels[LABELS.containerName]} of ${labels[LABELS.taskArn]?.split('/').at(-1)}`
