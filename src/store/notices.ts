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
 * when somebody reads it. However late that is, it says what the record was then: `told` may look at nothing but the
 * record and the moment.
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
  /** Its detail-type. */
  readonly kind: string
  /** Absent in what early releases wrote: its table says then which of the kind it is. */
  readonly source?: string
  readonly time: number
  readonly id: string
}

/** The newest notices that stay readable; a listener further behind has to read the records instead. */
export const NOTICES_LIMIT = 20_000
export const notices = stream<KeptNotice>('store.notices', NOTICES_LIMIT)
/** A notice as it stands in the stream. */
export type KeptNotice = Notice | RecordNotice

const kinds = new Map<string, NoticeKind<object>>()
const kindName = (source: string, detailType: string): string => `${source} ${detailType}`

/** Declares a kind. Declare all before the store opens: what is in the log has no other way to its words. */
export function noticeKind<Row extends object>(kind: NoticeKind<Row>): NoticeKind<Row> {
  const name = kindName(kind.source, kind.detailType)
  assert(!kinds.has(name), `there are notices of the kind ${name} already`)
  kinds.set(name, kind as unknown as NoticeKind<object>)
  return kind
}

/** Makes known what the record has become in this transaction. */
export function announce<Row extends object>(
  tx: Write,
  { table: of, source, detailType }: NoticeKind<Row>,
  { key, record }: { readonly key: string; readonly record: Row },
  { now, id }: Moment,
): void {
  publish(tx, { source, kind: detailType, time: now, id, of: [of.name, key], record })
}

export function publish(tx: Write, notice: KeptNotice): void {
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
    notice: inWords(row),
  }))
}

/** What is known of a notice before it is put into words, at no cost. */
export type Heading = Pick<Notice, 'source' | 'detailType'>

export const heading = (notice: KeptNotice): Heading =>
  'record' in notice ? kindOf(notice) : notice

export function inWords(notice: KeptNotice): Notice {
  if (!('record' in notice)) return notice
  const { time, id, record } = notice
  const { source, detailType, told } = kindOf(notice)
  return { source, detailType, time, id, ...told(record, time) }
}

function kindOf({ source, kind, of: [table] }: RecordNotice): NoticeKind<object> {
  const isIt = (one: NoticeKind<object>): boolean =>
    one.detailType === kind && one.table.name === table
  const known =
    source === undefined ? [...kinds.values()].find(isIt) : kinds.get(kindName(source, kind))
  assert(known, `no room has notices of the kind ${kindName(source ?? table, kind)}`)
  return known
}

function* take<T>(items: Iterable<T>, count: number): Generator<T> {
  if (count <= 0) return
  let taken = 0
  for (const item of items) {
    yield item
    if (++taken === count) return
  }
}
