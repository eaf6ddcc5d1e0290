/** Lines become events, and events batches that PutLogEvents takes. Pure. */
import type { LinearRegExp } from '#kernel/linear-regexp.ts'

import type { Line } from './lines.ts'

export type Event = { readonly timestamp: number; readonly message: string }
/** Its events, in the order of their time, and the place in the file before which all has been dealt with. */
export type Batch = { readonly events: readonly Event[]; readonly to: number }

/** Docker's driver splits at 256 KiB, with the 26 bytes that AWS counts for each event. */
const EVENT_OVERHEAD_BYTES = 26
const EVENT_BYTES_MAX = 262_144 - EVENT_OVERHEAD_BYTES
const BATCH_BYTES_MAX = 1_048_576
const BATCH_EVENTS_MAX = 10_000
const BATCH_SPAN_MAX_MS = 24 * 3_600_000

export type Sized = Event & { readonly bytes: number; readonly from: number; readonly to: number }

/** Docker's driver sees a line in pieces of this size. */
const LOOKED_AT_CHARACTERS = 16 * 1024
/** What an expression made to be slow may hold the agent's thread for at a time. */
const STEPS_IN_A_ROW = 1 << 20

/** How much of a text the expression may look at in a row, if otherwise it would be `most`. */
export const lookedAt = (begins: LinearRegExp | undefined, most: number): number =>
  Math.min(most, Math.ceil(STEPS_IN_A_ROW / (begins?.size ?? 1)))

/** Joins lines into events. An event that lines may still be added to is kept back. */
export class EventMaker {
  readonly #begins: LinearRegExp | undefined
  readonly #lookedAt: number
  #lines: Line[] = []
  #characters = 0

  constructor(begins: LinearRegExp | undefined) {
    this.#begins = begins
    this.#lookedAt = lookedAt(begins, LOOKED_AT_CHARACTERS)
  }

  /** Where the first line of the event begins that is kept back; infinity when there is none. */
  get pendingFrom(): number {
    return this.#lines.reduce((least, { from }) => Math.min(least, from), Infinity)
  }

  /** Puts the events that are whole now behind those of `events`. */
  add(line: Line, events: Sized[]): void {
    if (!this.#begins) return addEvents(line.text, line, events)
    const isNew = this.#begins.test(line.text.slice(0, this.#lookedAt))
    const isFull = this.#characters + line.text.length > EVENT_BYTES_MAX
    if (isNew || isFull) this.end(events)
    this.#lines.push(line)
    this.#characters += line.text.length + 1
  }

  /** The event that was kept back, as it is. */
  end(events: Sized[]): void {
    const [first] = this.#lines
    const last = this.#lines.at(-1)
    if (!first || !last) return
    // As in Docker's driver each line of a joined event keeps its end.
    const text = this.#lines.map((line) => `${line.text}\n`).join('')
    const from = this.pendingFrom
    this.#lines = []
    this.#characters = 0
    addEvents(text, { ...first, from, to: last.to }, events)
  }
}

/** One event, or several where it is too long. An empty line is none: PutLogEvents does not take it. */
function addEvents(text: string, { timestamp, from, to }: Line, events: Sized[]): void {
  if (text === '') return
  const bytes = Buffer.byteLength(text)
  if (bytes <= EVENT_BYTES_MAX) {
    events.push({ timestamp, message: text, bytes, from, to })
    return
  }
  const all = Buffer.from(text)
  for (let at = 0; at < all.length;) {
    let end = Math.min(at + EVENT_BYTES_MAX, all.length)
    // A character is not cut in two.
    while (end < all.length && ((all[end] ?? 0) & 0xc0) === 0x80) end--
    const isLast = end === all.length
    const message = all.toString('utf8', at, end)
    // The file is done with only when all parts are.
    events.push({ timestamp, message, bytes: end - at, from, to: isLast ? to : from })
    at = end
  }
}

/** Batches within AWS's limits, in the order of the file but for what each has in the order of time. */
export function batches(events: readonly Sized[]): Batch[] {
  const all: (Batch & { readonly from: number })[] = []
  let batch: Sized[] = []
  let [bytes, oldest, newest] = [0, Infinity, -Infinity]
  for (const event of events) {
    const size = event.bytes + EVENT_OVERHEAD_BYTES
    const [low, high] = [Math.min(oldest, event.timestamp), Math.max(newest, event.timestamp)]
    const isFull =
      batch.length === BATCH_EVENTS_MAX ||
      bytes + size > BATCH_BYTES_MAX ||
      high - low > BATCH_SPAN_MAX_MS
    if (isFull && batch.length > 0) {
      const kept = sharing(batch, event.timestamp)
      all.push(batchOf(batch.slice(0, batch.length - kept.length)))
      batch = kept
      bytes = bytesOf(kept)
    }
    oldest = batch.length === 0 || isFull ? event.timestamp : low
    newest = batch.length === 0 || isFull ? event.timestamp : high
    batch.push(event)
    bytes += size
  }
  if (batch.length > 0) all.push(batchOf(batch))
  return withoutLater(all)
}

/**
 * What of a full batch goes with the next one: the events at its end that share their millisecond with the event that
 * comes, so that the two batches have none in common and may be sent at once. Nothing where that would be most of it.
 */
function sharing(batch: readonly Sized[], instant: number): Sized[] {
  const first = batch.findLastIndex(({ timestamp }) => timestamp !== instant) + 1
  const kept = batch.slice(first)
  const isSmall = kept.length <= batch.length / 2 && bytesOf(kept) <= BATCH_BYTES_MAX / 2
  return isSmall ? kept : []
}

const bytesOf = (events: readonly Sized[]): number =>
  events.reduce((sum, { bytes }) => sum + bytes + EVENT_OVERHEAD_BYTES, 0)

/** Lines of two outputs may overlap: a batch is done with only what no later batch needs. */
function withoutLater(all: readonly (Batch & { readonly from: number })[]): Batch[] {
  let later = Infinity
  return all
    .toReversed()
    .map(({ events, from, to }) => {
      const done = { events, to: Math.min(to, later) }
      later = Math.min(later, from)
      return done
    })
    .toReversed()
}

function batchOf(events: readonly Sized[]): Batch & { readonly from: number } {
  const inOrder = isOrdered(events)
    ? events
    : events.toSorted((one, other) => one.timestamp - other.timestamp)
  return {
    events: inOrder.map(({ timestamp, message }) => ({ timestamp, message })),
    from: events.reduce((least, { from }) => Math.min(least, from), Infinity),
    to: events.reduce((most, { to }) => Math.max(most, to), 0),
  }
}

const isOrdered = (events: readonly Sized[]): boolean =>
  events.every((event, index) => index === 0 || events[index - 1]!.timestamp <= event.timestamp)
