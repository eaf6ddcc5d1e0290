/**
 * What one connected host was told of the topics of all rooms, and what it says became of that. Its agent says at first
 * which topics it has a part for and what it knows of them; from then on it hears of what changes.
 */
import { canonicalJson, fingerprint } from '#kernel/fingerprint.ts'
import type { Tools } from '#room/room.ts'
import type { EntryState, Topic } from '#room/topic.ts'
import type { AcsDown, AcsUp } from '#wire/acs.ts'
import { TOPIC_STATES_MAX } from '#wire/limits.ts'
import { digestOf, type KnownTopic, TOPICS_VERSION, type TopicState } from '#wire/topic.ts'

import type { AgentHub } from './hub.ts'
import { newsOf, type Revisions, revisionsOf, type TopicNow, topicNow } from './topic-news.ts'
import { CONTAINER_INSTANCE } from './topics.ts'

type Hello = Extract<AcsUp, { type: 'BerthHello' }>['message']

export class ToldTopics {
  readonly #tools: Tools
  readonly #hub: AgentHub
  readonly #host: string
  /** What the host has of each topic that it hears, all that is on its way included. */
  readonly #told = new Map<string, Told>()
  readonly #due = new Set<string>()
  readonly #frames: AcsDown[] = []
  /** By topic: what became of entries, as the host said last. */
  readonly #states = new Map<string, Map<string, EntryState>>()
  #isTaking = false

  constructor(tools: Tools, hub: AgentHub, host: string) {
    this.#tools = tools
    this.#hub = hub
    this.#host = host
  }

  hello({ version = 1, topics }: Hello): void {
    this.#told.clear()
    this.#frames.length = 0
    if (version < TOPICS_VERSION) {
      const known = topics.find(({ name }) => name === CONTAINER_INSTANCE)
      this.#told.set(CONTAINER_INSTANCE, { as: 'one value', revision: known?.revision })
    } else for (const known of topics) this.#told.set(known.name, toldOf(known))
    for (const name of this.#told.keys()) this.#due.add(name)
  }

  changed(name: string): void {
    if (this.#told.has(name)) this.#due.add(name)
  }

  get isDue(): boolean {
    return this.#due.size > 0 || this.#frames.length > 0
  }

  /** The next frame that the host is to hear. */
  next(): AcsDown | undefined {
    for (const name of this.#due) {
      if (this.#frames.length > 0) break
      this.#due.delete(name)
      this.#compute(name)
    }
    return this.#frames.shift()
  }

  #compute(name: string): void {
    const topic = this.#hub.topics.get(name)
    const told = this.#told.get(name)
    // Of a topic that nobody here has nothing is said: forgetting is no order to let go.
    if (!topic || !told) return
    const now = this.#now(topic)
    if (told.as === 'one value') return this.#computeWhole(name, told.revision, now)
    const revisions = revisionsOf(now)
    const has = told.as === 'entries' ? told.revisions : undefined
    this.#told.set(name, { as: 'entries', revisions })
    if (told.as === 'digest' && told.digest === digestOf(revisions)) return
    for (const message of newsOf(name, has, now))
      this.#frames.push({ type: 'BerthTopicEntries', message })
  }

  /** As agents hear it that know no entries: an object of them all. */
  #computeWhole(name: string, before: string | undefined, now: TopicNow): void {
    const content = Object.fromEntries([...now].map(([key, entry]) => [key, entry.content]))
    const revision = fingerprint(canonicalJson(content))
    if (revision === before) return
    this.#told.set(name, { as: 'one value', revision })
    this.#frames.push({ type: 'BerthTopic', message: { name, revision, content } })
  }

  #now(topic: Topic): TopicNow {
    const { store, log } = this.#tools
    const refuse = (key: string): void =>
      log.error('an entry of a topic is too large for a host', { topic: topic.name, key })
    return store.read((tx) => topicNow(topic.content(tx, this.#host), refuse))
  }

  /** What is said of entries that have changed since says nothing any more. */
  heard({ name, revision, entries }: TopicState): void {
    const told = this.#told.get(name)
    if (!this.#hub.topics.get(name)?.heard || told?.as !== 'entries') return
    const { revisions } = told
    const states = this.#states.get(name) ?? new Map<string, EntryState>()
    if (!entries && revision === digestOf(revisions))
      for (const key of revisions.keys()) states.set(key, { key, state: 'applied' })
    for (const { revision: its, ...state } of entries ?? [])
      if (revisions.get(state.key) === its) states.set(state.key, state)
    this.#states.set(name, states)
    if (!this.#isTaking) void this.#takeStates()
  }

  /** What a host says while something of it is taken replaces what it said before of the same: so it has a limit. */
  async #takeStates(): Promise<void> {
    this.#isTaking = true
    for (;;) {
      const [name, states] = [...this.#states][0] ?? []
      const topic = name === undefined ? undefined : this.#hub.topics.get(name)
      if (!topic || !states) break
      const some = [...states.values()].slice(0, TOPIC_STATES_MAX)
      for (const { key } of some) states.delete(key)
      if (states.size === 0) this.#states.delete(topic.name)
      await this.#take(topic, some)
    }
    this.#isTaking = false
  }

  async #take(topic: Topic, states: readonly EntryState[]): Promise<void> {
    if (states.length === 0) return
    try {
      await this.#hub.intake.hear(topic, this.#host, states)
    } catch (error) {
      // The host says it again when it connects anew.
      this.#tools.log.error('what a host says of a topic could not be taken', {
        topic: topic.name,
        error: String(error),
      })
    }
  }
}

/** What a host has of a topic: each entry's revision, a digest where they are many, or all of it as one value. */
type Told =
  | { readonly as: 'entries'; readonly revisions: Revisions }
  | { readonly as: 'digest'; readonly digest: string }
  | { readonly as: 'one value'; readonly revision: string | undefined }

const toldOf = ({ revision, entries }: KnownTopic): Told =>
  entries
    ? { as: 'entries', revisions: new Map(entries.map((entry) => [entry.key, entry.revision])) }
    : { as: 'digest', digest: revision }
