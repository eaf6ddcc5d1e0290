/**
 * Listeners hear notices one after the other, each in a commit of its own that also says where they stopped. Each is a
 * reconciler of one key: one that fails is tried again, and holds nobody but itself.
 */
import { assert } from '#kernel/assert.ts'
import { type Heading, heading, inWords, type Notice, notices } from '#store/notices.ts'
import { type Read, type Store, table, type Write } from '#store/store.ts'

import { on, type Reconciler } from './reconciler.ts'

export type Listener = {
  /** Its identity in the store, such as `events rules`. */
  readonly name: string
  /** Asked of every notice, of most of them twice. */
  readonly wants: (notice: Heading) => boolean
  /** What it writes is kept once for each notice; what else it does may be done again. A throw is tried again. */
  readonly hear: (tx: Write, notice: Notice) => void
  /**
   * What was told up to now is not all kept any more, or the listener is new: it has to read the records instead. It
   * hears what is told from now on.
   */
  readonly missed: (tx: Write) => void
}

/** The number of a notice up to which a listener heard all that it wants. Written by that listener's reconciler alone. */
type Cursor = { readonly at: number }
/** Keys are the names of listeners; and `operator/NAME`, of those whom the operator's tools come back as. */
const cursors = table<Cursor>('store.cursors')
const ofOperator = (name: string): string => `operator/${name}`

/** Where who comes back by this name stopped; nothing where nobody did. */
export const cursorOf = (tx: Read, name: string): number | undefined =>
  tx.get(cursors, ofOperator(name))?.at

/** Notices up to this number have been taken by who comes back by this name. */
export function moveCursor(tx: Write, name: string, at: number): void {
  if (cursorOf(tx, name) !== at) tx.put(cursors, ofOperator(name), { at })
}

/** So many notices that nobody wanted move the cursor too, long before it would be behind those that are kept. */
const UNWANTED_MAX = 1_000
const KEY = 'notices'

export function listening(listeners: readonly Listener[], store: Store): readonly Reconciler[] {
  const names = new Set(listeners.map(({ name }) => name))
  assert(names.size === listeners.length, 'two listeners have one name, and so one cursor')
  return listeners.map((listener) => new Listening(listener, store))
}

class Listening implements Reconciler {
  readonly name: string
  readonly hears: Reconciler['hears']
  readonly #listener: Listener
  readonly #store: Store
  /** What is told meanwhile mends nothing: only time does. */
  #failed = false

  constructor(listener: Listener, store: Store) {
    this.name = listener.name
    this.#listener = listener
    this.#store = store
    this.hears = [
      on(notices, ({ key: number, after }) => {
        if (!after || this.#failed) return []
        return Number(number) % UNWANTED_MAX === 0 || listener.wants(heading(after)) ? [KEY] : []
      }),
    ]
  }

  all(): readonly string[] {
    return [KEY]
  }

  reconcile(): number | undefined {
    this.#failed = true
    const { result: goesOn } = this.#store.transact((tx) => hearNext(tx, this.#listener))
    this.#failed = false
    return goesOn ? 0 : undefined
  }
}

/** Whether there may be more to hear. */
function hearNext(tx: Write, { name, wants, hear, missed }: Listener): boolean {
  const reached = (number: number): true => {
    tx.put(cursors, name, { at: number })
    return true
  }
  const at = tx.get(cursors, name)?.at
  if (at === undefined || isBehind(tx, at)) {
    missed(tx)
    return reached(tx.last(notices))
  }
  for (const { number, row } of tx.after(notices, at)) {
    const isWanted = wants(heading(row))
    if (isWanted) hear(tx, inWords(row))
    if (isWanted || number - at >= UNWANTED_MAX) return reached(number)
  }
  return false
}

/** Whether the notice that comes next is kept no more. */
export function isBehind(tx: Read, at: number): boolean {
  for (const { number } of tx.after(notices, at)) return number > at + 1
  return false
}
