/**
 * Berth's own part of the conversation with the control plane, where that has it: state changes in batches, health at
 * once, what parts are told by topics. Without it, or when the connection ends in between, all else goes the plain way.
 */
import type { Clock } from '#kernel/clock.ts'
import type { Ids } from '#kernel/ids.ts'
import type { AcsDownReceived, AcsUp } from '#wire/acs.ts'
import type { StateChange, TaskHealth } from '#wire/extension.ts'
import { STATE_CHANGES_MAX } from '#wire/limits.ts'
import { TOPICS_VERSION } from '#wire/topic.ts'

import { CallFault } from './control-plane.ts'
import type { Topics } from './topics/topics.ts'

/** An answer that has not come by then never will. */
const ANSWER_MS = 60_000

/** The change was not answered for: nobody knows whether it was taken, and it may be told again another way. */
export class Unanswered extends Error {
  override name = 'Unanswered'
}

type Waiting = {
  readonly change: StateChange
  readonly taken: () => void
  readonly failed: (error: Error) => void
}
type Flight = {
  readonly messageId: string
  readonly waiting: readonly Waiting[]
  readonly disarm: () => void
}
export type ExtensionDown = Extract<AcsDownReceived, { readonly type: `Berth${string}` }>

export class Extension {
  readonly #clock: Clock
  readonly #ids: Ids
  readonly #topics: Topics
  #send: ((frame: AcsUp) => void) | undefined
  #welcome = false
  #queue: Waiting[] = []
  #flight: Flight | undefined

  constructor({ clock, ids }: { readonly clock: Clock; readonly ids: Ids }, topics: Topics) {
    this.#clock = clock
    this.#ids = ids
    this.#topics = topics
  }

  /** A connection has opened: says what is known of the topics, so that only what is new is sent. */
  opened(send: (frame: AcsUp) => void): void {
    this.closed()
    this.#send = send
    const topics = this.#topics.known()
    send({ type: 'BerthHello', message: { version: TOPICS_VERSION, topics } })
  }

  /** The connection has ended: what was not answered for is told another way. */
  closed(): void {
    this.#send = undefined
    this.#welcome = false
    this.#topics.closed()
    this.#flight?.disarm()
    const lost = [...(this.#flight?.waiting ?? []), ...this.#queue]
    this.#flight = undefined
    this.#queue = []
    for (const { failed } of lost) failed(new Unanswered('the connection ended'))
  }

  get isThere(): boolean {
    return this.#welcome
  }

  /** Resolves once the control plane keeps the change; rejects with its refusal, or `Unanswered`. */
  submit(change: StateChange): Promise<void> {
    return new Promise((taken, failed) => {
      this.#queue.push({ change, taken, failed })
      // Whoever else has something to tell in this turn comes along.
      void Promise.resolve().then(() => this.#flush())
    })
  }

  health(tasks: readonly TaskHealth[]): void {
    if (this.#welcome) this.#send?.({ type: 'BerthHealth', message: { tasks } })
  }

  hear(frame: ExtensionDown): void {
    switch (frame.type) {
      case 'BerthWelcome':
        this.#welcome = true
        return this.#topics.opened((message) => this.#send?.({ type: 'BerthTopicState', message }))
      case 'BerthStateChangesAck':
        return this.#answered(frame.message.messageId, frame.message.results)
      case 'BerthTopicEntries':
        return this.#topics.hear(frame.message)
      case 'BerthTopic': {
        const { name, revision, content } = frame.message
        return this.#topics.hearWhole(name, revision, content)
      }
    }
  }

  /** One frame at a time is under way; what comes meanwhile is the next one. */
  #flush(): void {
    if (this.#flight || this.#queue.length === 0) return
    if (!this.#send || !this.#welcome) return this.#giveUp()
    const waiting = this.#queue.splice(0, STATE_CHANGES_MAX)
    const messageId = this.#ids.uuid()
    const disarm = this.#clock.after(ANSWER_MS, () => this.#unanswered(messageId))
    this.#flight = { messageId, waiting, disarm }
    const changes = waiting.map(({ change }) => change)
    this.#send({ type: 'BerthStateChanges', message: { messageId, changes } })
  }

  #giveUp(): void {
    const lost = this.#queue.splice(0)
    for (const { failed } of lost) failed(new Unanswered('there is no connection'))
  }

  #unanswered(messageId: string): void {
    if (this.#flight?.messageId !== messageId) return
    const { waiting } = this.#flight
    this.#flight = undefined
    for (const { failed } of waiting) failed(new Unanswered('no answer came'))
    this.#flush()
  }

  #answered(
    messageId: string,
    results: readonly {
      readonly code?: string | undefined
      readonly message?: string | undefined
    }[],
  ): void {
    if (this.#flight?.messageId !== messageId) return
    const { waiting, disarm } = this.#flight
    disarm()
    this.#flight = undefined
    waiting.forEach(({ taken, failed }, at) => {
      const result = results[at]
      if (!result) failed(new Unanswered('the answer lacks a result'))
      else if (result.code === undefined) taken()
      else failed(new CallFault(result.code, result.message ?? '', REFUSED))
    })
    this.#flush()
  }
}

/** A refusal is the caller's mistake, as it is over HTTP. */
const REFUSED = 400
