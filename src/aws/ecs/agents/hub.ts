/** Which agents are connected, which of them a commit concerns, and what all of them share. Knows no message. */
import type { Tools } from '#room/room.ts'

import { containerInstanceKey } from '../names.ts'
import { type ContainerInstance, containerInstances, type Task, tasks } from '../records.ts'
import { Intake } from './intake.ts'
import { type Due, Rounds } from './rounds.ts'

/** A connected agent as the hub sees it. */
export interface Connected extends Due {
  /** A task of this host has changed. */
  taskChanged(key: string): void
  /** What the host is told of itself has changed. */
  topicsChanged(): void
  /** The host is no longer registered. */
  dismiss(): void
}

/** Whether a task is to be something else, or has ended: nothing else of it is told to its host. */
const isNews = (before: Task | undefined, after: Task): boolean =>
  before?.desiredStatus !== after.desiredStatus || after.lastStatus === 'STOPPED'

export class AgentHub {
  readonly rounds: Rounds
  readonly intake: Intake
  readonly #agents = new Map<string, Connected>()
  readonly #stopWatching: () => void
  #stopped = false

  constructor(tools: Tools) {
    const { store } = tools
    this.rounds = new Rounds(tools)
    this.intake = new Intake(tools)
    this.#stopWatching = store.watch(({ changes }) => {
      for (const { table, key, before, after } of changes)
        if (table === tasks.name && after) {
          const task = after as Task
          if (!isNews(before as Task | undefined, task)) continue
          const host = containerInstanceKey(task, task.clusterName, task.containerInstanceId)
          this.#agents.get(host)?.taskChanged(key)
        } else if (table === containerInstances.name) {
          const [was, is] = [before, after] as (ContainerInstance | undefined)[]
          if (!is || is.status === 'INACTIVE') this.#agents.get(key)?.dismiss()
          else if (is.status !== was?.status || is.tags !== was.tags)
            this.#agents.get(key)?.topicsChanged()
        }
    })
  }

  /** True once the server ends: connections that close then say nothing about their agents. */
  get stopped(): boolean {
    return this.#stopped
  }

  has(instanceKey: string): boolean {
    return this.#agents.has(instanceKey)
  }

  /** A newer connection of the same host takes the place of an older one. */
  join(instanceKey: string, agent: Connected): Connected | undefined {
    const before = this.#agents.get(instanceKey)
    this.#agents.set(instanceKey, agent)
    return before
  }

  /** True when the agent was still the host's current connection. */
  leave(instanceKey: string, agent: Connected): boolean {
    if (this.#agents.get(instanceKey) !== agent) return false
    this.#agents.delete(instanceKey)
    return true
  }

  stop(): void {
    this.#stopped = true
    this.#stopWatching()
  }
}
