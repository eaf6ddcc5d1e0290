/**
 * The one ordered stream of what happened: every transition that a room makes known, durable with the change
 * that made it. Listeners read it in order from where they stopped; old ones are dropped.
 */
import type { Read, Write } from './store.ts'
import { table } from './table.ts'

/** AWS's event JSON is in `detail` where AWS has one. Who writes: the room named by `source`, in its own transactions. */
export type Notice = {
  readonly source: string
  readonly detailType: string
  readonly tenant: string
  readonly accountId: string
  readonly region: string
  readonly resources: readonly string[]
  /** Milliseconds since the epoch. */
  readonly time: number
  readonly id: string
  readonly detail: object
}

const notices = table<Notice>('store.notices')
/** The newest notices that stay readable; a listener further behind has to read the records instead. */
export const NOTICES_LIMIT = 20_000
const NUMBER_DIGITS = 15

const keyOf = (number: number): string => String(number).padStart(NUMBER_DIGITS, '0')

export function publish(tx: Write, notice: Notice): void {
  const [newest] = [...take(tx.scan(notices, { reverse: true }), 1)]
  const number = newest ? Number(newest.key) + 1 : 1
  tx.put(notices, keyOf(number), notice)
  if (number > NOTICES_LIMIT) tx.delete(notices, keyOf(number - NOTICES_LIMIT))
}

/** Notices after `after` (0: from the oldest kept), oldest first. `number` only grows and has no gaps. */
export function noticesAfter(
  tx: Read,
  after: number,
  limit: number,
): { readonly number: number; readonly notice: Notice }[] {
  const found = tx.scan(notices, { after: keyOf(after) })
  return [...take(found, limit)].map(({ key, row }) => ({ number: Number(key), notice: row }))
}

function* take<T>(items: Iterable<T>, count: number): Generator<T> {
  if (count <= 0) return
  let taken = 0
  for (const item of items) {
    yield item
    if (++taken === count) return
  }
}
