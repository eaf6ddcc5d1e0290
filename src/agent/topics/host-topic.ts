/** One topic as this host has it: what it was told, what became of that, and what the control plane does not know yet. */
import {
  REASON_LENGTH_MAX,
  TOPIC_ENTRIES_MAX,
  TOPIC_OBSERVED_CHARACTERS_MAX,
  TOPIC_STATES_MAX,
} from '#wire/limits.ts'
import { digestOf, type EntryState, type TopicEntries, type TopicState } from '#wire/topic.ts'

import { Backoff } from '../backoff.ts'
import type { TopicsOptions } from './topics.ts'

const RETRY = { minMs: 1000, maxMs: 60_000, factor: 2, jitter: 0.2 }

type Entry = { readonly revision: string; readonly content: unknown }
type HostTopicOptions = TopicsOptions & {
  readonly name: string
  readonly apply: (key: string, content: unknown) => Promise<unknown>
}

export class HostTopic {
  readonly #options: HostTopicOptions
  readonly #backoff: Backoff
  #entries: ReadonlyMap<string, Entry> = new Map()
  /** The frames of a whole telling that have come; it counts when all have. */
  #gathered: Map<string, Entry> | undefined
  /** To be applied, or undone. */
  readonly #due = new Set<string>()
  readonly #failed = new Set<string>()
  /** Of entries that were tried, what became of them last. */
  readonly #states = new Map<string, EntryState>()
  readonly #untold = new Set<string>()
  #tell: ((state: TopicState) => void) | undefined
  #isApplying = false
  #cancelRetry: () => void = () => {}
  #stopped = false

  constructor(options: HostTopicOptions) {
    this.#options = options
    this.#backoff = new Backoff(RETRY, options.ids)
  }

  get revisions(): readonly { readonly key: string; readonly revision: string }[] {
    return [...this.#entries].map(([key, { revision }]) => ({ key, revision }))
  }

  get revision(): string {
    return digestOf([...this.#entries].map(([key, { revision }]) => [key, revision] as const))
  }

  hear({ changed, gone, whole = false, more = false }: TopicEntries): void {
    const before = this.#entries
    const after = new Map(whole ? this.#gathered : before)
    for (const key of gone) after.delete(key)
    for (const { key, revision, content } of changed) after.set(key, { revision, content })
    if (after.size > TOPIC_ENTRIES_MAX)
      throw new Error(`topic ${this.#options.name} has more than ${TOPIC_ENTRIES_MAX} entries`)
    this.#gathered = whole && more ? after : undefined
    if (whole && more) return
    this.#entries = after
    // What goes makes room for what comes.
    for (const key of before.keys()) if (!after.has(key)) this.#due.add(key)
    for (const [key, { revision }] of after)
      if (before.get(key)?.revision !== revision) this.#due.add(key)
    if (!this.#isApplying) void this.#apply()
  }

  opened(tell: (state: TopicState) => void): void {
    this.#tell = tell
    for (const key of this.#states.keys()) this.#untold.add(key)
    this.#tellStates()
  }

  closed(): void {
    this.#tell = undefined
    this.#gathered = undefined
  }

  stop(): void {
    this.#stopped = true
    this.#cancelRetry()
  }

  /** One entry after another, until all are as they were told; those that fail are tried again later. */
  async #apply(): Promise<void> {
    this.#isApplying = true
    while (this.#due.size > 0 && !this.#stopped) {
      for (const key of this.#due) {
        if (this.#stopped) break
        this.#due.delete(key)
        await this.#applyOne(key)
      }
      this.#tellStates()
    }
    this.#isApplying = false
    if (this.#stopped) return
    this.#cancelRetry()
    if (this.#failed.size === 0) return this.#backoff.reset()
    this.#cancelRetry = this.#options.clock.after(this.#backoff.nextMs(), () => this.#retry())
  }

  #retry(): void {
    for (const key of this.#failed) this.#due.add(key)
    if (!this.#isApplying) void this.#apply()
  }

  async #applyOne(key: string): Promise<void> {
    const { name, apply, log } = this.#options
    const entry = this.#entries.get(key)
    this.#failed.delete(key)
    try {
      const observed = await apply(key, entry?.content)
      if (JSON.stringify(observed ?? null).length > TOPIC_OBSERVED_CHARACTERS_MAX)
        throw new Error(`more than ${TOPIC_OBSERVED_CHARACTERS_MAX} characters were observed`)
      if (entry) this.#become({ key, revision: entry.revision, state: 'applied', observed })
      else this.#states.delete(key)
    } catch (error) {
      const reason = String((error as Error).message).slice(0, REASON_LENGTH_MAX)
      log.warn('cannot apply what the control plane says', { topic: name, key, error: reason })
      this.#failed.add(key)
      if (entry) this.#become({ key, revision: entry.revision, state: 'failed', reason })
    }
  }

  /** What fails in the same way again is no news. */
  #become(state: EntryState): void {
    const before = this.#states.get(state.key)
    this.#states.set(state.key, state)
    if (JSON.stringify(before) !== JSON.stringify(state)) this.#untold.add(state.key)
  }

  #tellStates(): void {
    if (!this.#tell || this.#untold.size === 0) return
    const { name } = this.#options
    const { revision } = this
    if (this.#untold.size >= this.#entries.size && this.#isAllApplied()) {
      this.#untold.clear()
      return this.#tell({ name, revision })
    }
    const untold = [...this.#untold].flatMap((key) => this.#states.get(key) ?? [])
    this.#untold.clear()
    for (let at = 0; at < untold.length; at += TOPIC_STATES_MAX)
      this.#tell({ name, revision, entries: untold.slice(at, at + TOPIC_STATES_MAX) })
  }

  #isAllApplied(): boolean {
    return [...this.#entries].every(([key, { revision }]) => {
      const { state, observed, revision: its } = this.#states.get(key) ?? {}
      return state === 'applied' && observed === undefined && its === revision
    })
  }
}
