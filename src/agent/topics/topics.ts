/** The topics that parts of this agent are told by the control plane: kept in memory, and asked for anew by each process. */
import type { Clock } from '#kernel/clock.ts'
import type { Ids } from '#kernel/ids.ts'
import type { Log } from '#kernel/log.ts'
import { HELLO_ENTRIES_MAX } from '#wire/limits.ts'
import type { KnownTopic, TopicEntries, TopicState } from '#wire/topic.ts'

import type { Part } from '../part.ts'
import { HostTopic } from './host-topic.ts'

export type TopicsOptions = { readonly clock: Clock; readonly ids: Ids; readonly log: Log }

export class Topics {
  readonly #topics = new Map<string, HostTopic>()

  constructor(parts: readonly Part[], options: TopicsOptions) {
    for (const part of parts) {
      const { topic: name } = part
      if (name === undefined || !part.apply) continue
      const apply = async (key: string, content: unknown) => part.apply?.(key, content)
      this.#topics.set(name, new HostTopic({ ...options, name, apply }))
    }
  }

  /** For the control plane, when a connection opens: entry by entry as far as that has room. */
  known(): readonly KnownTopic[] {
    let room = HELLO_ENTRIES_MAX
    return [...this.#topics].map(([name, topic]) => {
      const { revision, revisions } = topic
      if (revisions.length > room) return { name, revision }
      room -= revisions.length
      return { name, revision, entries: revisions }
    })
  }

  hear(news: TopicEntries): void {
    this.#topics.get(news.name)?.hear(news)
  }

  /** From a control plane that knows no entries: all of the topic as one value, whose members they are. */
  hearWhole(name: string, revision: string, content: unknown): void {
    const members = Object.entries((content ?? {}) as Readonly<Record<string, unknown>>)
    const changed = members.map(([key, value]) => ({ key, revision, content: value }))
    this.#topics.get(name)?.hear({ name, changed, gone: [], whole: true })
  }

  /** The control plane listens: it is told what became of all that is here, and from then on what is new. */
  opened(tell: (state: TopicState) => void): void {
    for (const topic of this.#topics.values()) topic.opened(tell)
  }

  closed(): void {
    for (const topic of this.#topics.values()) topic.closed()
  }

  stop(): void {
    for (const topic of this.#topics.values()) topic.stop()
  }
}
