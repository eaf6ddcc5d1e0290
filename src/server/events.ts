/** `berth events`: what happened, in order, to whoever asks from where; and the place of those who come back. */
import type { Clock } from '#kernel/clock.ts'
import { cursorOf, isBehind, moveCursor } from '#reconcile/listeners.ts'
import { type Asked, OperatorError } from '#room/operator.ts'
import { notices, noticesAfter } from '#store/notices.ts'
import type { Store } from '#store/store.ts'

import { asEvent, type AwsEvent } from './event.ts'

type Outside = { readonly store: Store; readonly clock: Clock }
export type Events = {
  readonly events: readonly { readonly number: number; readonly event: AwsEvent }[]
  /** Where to go on from. */
  readonly reached: number
  /** Some that should have come next are kept no more. */
  readonly missed?: true
}

const PER_ANSWER = 1000
/** Longer nobody is kept waiting for what may never happen; he asks again. */
const WAIT_MS = 5_000
const NAME = /^[\w.-]{1,64}$/

/**
 * `{after?, cursor?, wait?}`: events of numbers above `after`, oldest first; from where the cursor of that name stands, or
 * the oldest that are kept, where `after` is not given. `after` moves the cursor: what is before it has been taken. With
 * `wait` an empty answer is held back for a while.
 */
export async function answerEvents({ store, clock }: Outside, asked: Asked): Promise<Events> {
  const { after, cursor, wait } = asked
  if (!(cursor === undefined || (typeof cursor === 'string' && NAME.test(cursor))))
    throw new OperatorError("a cursor's name has letters, digits, dots and hyphens")
  const name = cursor
  if (after !== undefined && !(Number.isSafeInteger(after) && Number(after) >= 0))
    throw new OperatorError('the number of an event is a whole number')
  const from = Number(after ?? (name && store.read((tx) => cursorOf(tx, name))) ?? 0)
  if (name !== undefined && after !== undefined)
    await store.write((tx) => moveCursor(tx, name, from))
  const events = read(store, from)
  if (events.events.length > 0 || wait !== true) return events
  await news({ store, clock })
  return read(store, from)
}

function read(store: Store, from: number): Events {
  return store.read((tx) => {
    const events = noticesAfter(tx, from, PER_ANSWER).map(({ number, notice }) => ({
      number,
      event: asEvent(notice),
    }))
    const reached = events.at(-1)?.number ?? from
    return { events, reached, ...(from > 0 && isBehind(tx, from) && { missed: true }) }
  })
}

/** Resolves when something was told, or in a while. */
function news({ store, clock }: Outside): Promise<void> {
  return new Promise((done) => {
    const end = (): void => {
      stop()
      cancel()
      done()
    }
    const stop = store.watch(({ changes }) => {
      if (changes.some(({ table }) => table === notices.name)) end()
    })
    const cancel = clock.after(WAIT_MS, end)
  })
}
