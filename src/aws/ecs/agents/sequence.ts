/** The numbers of messages to one container instance: strictly increasing over restarts of both sides. */
import type { Store } from '#store/store.ts'

import { agentSequences } from '../records/records.ts'

/** Numbers are reserved this many at a time, so that a message costs no commit; a restart skips the rest. */
const BLOCK = 10_000

export class Sequence {
  readonly #store: Store
  readonly #key: string
  #next = 0
  #reservedUntil = 0

  constructor(store: Store, instanceKey: string) {
    this.#store = store
    this.#key = instanceKey
  }

  /** Durable with whatever is settled after it: send only then. */
  next(): number {
    if (this.#next >= this.#reservedUntil) this.#reserve()
    return ++this.#next
  }

  #reserve(): void {
    this.#store.transact((tx) => {
      const { usedUntil } = tx.get(agentSequences, this.#key) ?? { usedUntil: 0 }
      this.#next = usedUntil
      this.#reservedUntil = usedUntil + BLOCK
      tx.put(agentSequences, this.#key, { usedUntil: this.#reservedUntil })
    })
  }
}
