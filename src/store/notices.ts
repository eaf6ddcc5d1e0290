/**
 * The one ordered stream of what happened: every transition that a room makes known, durable with the change
 * that made it. Listeners read it in order from where they stopped; old ones are dropped.
 */
import { assert } from '#kernel/assert.ts'

import type { Read, Write } from './store.ts'
import { stream } from './stream.ts'
import type { Table, Telling } from './table.ts'

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

/**
 * A kind of notice that is all said by one record: the notice keeps the record as it was, and is put into AWS's words
 * when somebody reads it. However late that is, it says what the
 * record was then: `told` may look at nothing but the record and the moment.
 */
export type NoticeKind<Row> = {
  readonly source: string
  readonly detailType: string
  readonly table: Table<Row>
  readonly told: (row: Row, time: number) => Told
}
type Told = Pick<Notice, 'tenant' | 'accountId' | 'region' | 'resources' | 'detail'>

/** `now` and `id` make the notice: the moment and the event's id. */
export type Moment = { readonly now: number; readonly id: string }

/** A notice of one record as it is kept. */
export type RecordNotice = Telling & {
  readonly kind: string
  readonly time: number
  readonly id: string
}

/** The newest notices that stay readable; a listener further behind has to read the records instead. */
export const NOTICES_LIMIT = 20_000
export const notices = stream<Notice | RecordNotice>('store.notices', NOTICES_LIMIT)

const kinds = new Map<string, NoticeKind<object>>()

/** Declares a kind. Declare all before the store opens: what is in the log has no other way to its words. */
export function noticeKind<Row extends object>(kind: NoticeKind<Row>): NoticeKind<Row> {
  kinds.set(kind.detailType, kind as unknown as NoticeKind<object>)
  return kind
}

/** Makes known what the record has become in this transaction. */
export function announce<Row extends object>(
  tx: Write,
  { table: of, detailType }: NoticeKind<Row>,
  { key, record }: { readonly key: string; readonly record: Row },
  { now, id }: Moment,
): void {
  publish(tx, { kind: detailType, time: now, id, of: [of.name, key], record })
}

export function publish(tx: Write, notice: Notice | RecordNotice): void {
  tx.append(notices, notice)
}

/** Notices after `after` (0: from the oldest kept), oldest first. `number` only grows and has no gaps. */
export function noticesAfter(
  tx: Read,
  after: number,
  limit: number,
): { readonly number: number; readonly notice: Notice }[] {
  return [...take(tx.after(notices, after), limit)].map(({ number, row }) => ({
    number,
    notice: 'record' in row ? inWords(row) : row,
  }))
}

function inWords({ kind, time, id, record }: RecordNotice): Notice {
  const known = kinds.get(kind)
  assert(known, `no room has notices of the kind ${kind}`)
  const { source, detailType, told } = known
  return { source, detailType, time, id, ...told(record, time) }
}

function* take<T>(items: Iterable<T>, count: number): Generator<T> {
  if (count <= 0) return
  let taken = 0
  for (const item of items) {
    yield item
    if (++taken === count) return
  }
}
