/** Which agents are connected, which of them a commit concerns, and what all of them share. Knows no message. */
import { assert } from '#kernel/assert.ts'
import type { Tools } from '#room/room.ts'
import type { Topic } from '#room/topic.ts'

import { containerInstanceArn, containerInstanceKey, ofInstance } from '../names/names.ts'
import {
  type ContainerInstance,
  containerInstances,
  type HostKey,
  hostKeys,
  type Task,
  tasks,
} from '../records/records.ts'
import { Intake } from './intake.ts'
import { type Holder, Rivalries } from './rivals.ts'
import { type Due, Rounds } from './rounds.ts'

/** A connected agent as the hub sees it. */
export interface Connected extends Due, Holder {
  readonly instance: ContainerInstance
  /** A task of this host has changed. */
  taskChanged(key: string): void
  /** What the host is to have of this topic may have changed. */
  topicChanged(name: string): void
  /** Another connection took its place, the host is no longer registered, or its key is good no more. */
  dismiss(): void
}

/** An open telemetry connection. */
export type Teller = { readonly instance: ContainerInstance; readonly dismiss: () => void }

/** Whether a task is to be something else, or has ended: nothing else of it is told to its host. */
const isNews = (before: Task | undefined, after: Task): boolean =>
  before?.desiredStatus !== after.desiredStatus ||
  before.awaits !== after.awaits ||
  after.lastStatus === 'STOPPED'

export class AgentHub {
  readonly rounds: Rounds
  readonly intake: Intake
  readonly rivalries: Rivalries
  /** Of all rooms, by name. */
  readonly topics: ReadonlyMap<string, Topic>
  /** By the name of a table, the topics that hear it. */
  readonly #hearing = new Map<string, Topic[]>()
  readonly #agents = new Map<string, Connected>()
  /** What closes a host's telemetry: it has one such connection. */
  readonly #tellers = new Map<string, Teller>()
  readonly #stopWatching: () => void
  #stopped = false

  constructor(tools: Tools) {
    const { store, topics } = tools
    this.topics = new Map(topics.map((topic) => [topic.name, topic]))
    assert(this.topics.size === topics.length, 'each topic is one room’s')
    for (const topic of topics)
      for (const { name } of topic.hears)
        this.#hearing.set(name, [...(this.#hearing.get(name) ?? []), topic])
    this.rounds = new Rounds(tools)
    this.intake = new Intake(tools)
    this.rivalries = new Rivalries(tools)
    this.#stopWatching = store.watch(({ changes }) => {
      for (const change of changes) {
        const { table, key, before, after } = change
        if (table === tasks.name && after) {
          const task = after as Task
          if (!isNews(before as Task | undefined, task)) continue
          const host = containerInstanceKey(task, task.clusterName, task.containerInstanceId)
          this.#agents.get(host)?.taskChanged(key)
        } else if (table === containerInstances.name) {
          const is = after as ContainerInstance | undefined
          if (!is || is.status === 'INACTIVE') this.#dismiss(key)
        } else if (table === hostKeys.name) this.#keyChanged(before as HostKey, after as HostKey)
        for (const topic of this.#hearing.get(table) ?? [])
          for (const host of topic.hostsOf(change)) this.#agents.get(host)?.topicChanged(topic.name)
      }
    })
  }

  /** True once the server ends: connections that close then say nothing about their agents. */
  get stopped(): boolean {
    return this.#stopped
  }

  get(instanceKey: string): Connected | undefined {
    return this.#agents.get(instanceKey)
  }

  /** A newer connection of the same host takes the place of an older one. */
  join(agent: Connected): void {
    const key = ofInstance(agent.instance)
    const before = this.#agents.get(key)
    this.#agents.set(key, agent)
    if (!before) return
    if (!before.identity) this.rivalries.replaced(key, agent.instance)
    before.dismiss()
  }

  /** True when the agent was still the host's current connection. */
  leave(instanceKey: string, agent: Connected): boolean {
    if (this.#agents.get(instanceKey) !== agent) return false
    this.#agents.delete(instanceKey)
    return true
  }

  /** A newer telemetry connection of the same host takes the place of an older one. Returns how to say that it ended. */
  joinTelemetry(teller: Teller): () => void {
    const key = ofInstance(teller.instance)
    this.#tellers.get(key)?.dismiss()
    this.#tellers.set(key, teller)
    return () => {
      if (this.#tellers.get(key) === teller) this.#tellers.delete(key)
    }
  }

  #dismiss(instanceKey: string): void {
    this.#agents.get(instanceKey)?.dismiss()
    this.#tellers.get(instanceKey)?.dismiss()
    this.rivalries.forget(instanceKey)
  }

  /** A key that was revoked or rotated ends what is open with it: whose host it was is the record's word. */
  #keyChanged(before: HostKey | undefined, after: HostKey | undefined): void {
    if (after?.endedAt === undefined || after.endedAt === before?.endedAt) return
    for (const { instance } of [...this.#agents.values(), ...this.#tellers.values()])
      if (containerInstanceArn(instance) === after.containerInstanceArn)
        this.#dismiss(ofInstance(instance))
  }

  stop(): void {
    this.#stopped = true
    this.#stopWatching()
  }
}
