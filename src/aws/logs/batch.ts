/** What PutLogEvents takes: the rules for a batch as a whole, and those that leave out single events. Pure. */
import type { RejectedLogEventsInfo } from '#contract/logs.ts'

import { invalidParameter } from './names.ts'
import type { LogEvent } from './storage.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
const BATCH_BYTES_MAX = 1_048_576
const EVENT_BYTES_MAX = 1_048_576
/** What each event counts beside its message. */
const EVENT_OVERHEAD_BYTES = 26
const SPAN_MAX_MS = DAY_MS
const FUTURE_MAX_MS = 2 * HOUR_MS
const PAST_MAX_MS = 14 * DAY_MS

export type Sorted = {
  readonly accepted: readonly LogEvent[]
  readonly rejected: RejectedLogEventsInfo | undefined
}

/** The instant before which a group's events are gone; `-Infinity` where it keeps all. */
export const expiry = (retentionInDays: number | undefined, now: number): number =>
  retentionInDays === undefined ? -Infinity : now - retentionInDays * DAY_MS

/** Throws for a batch that is refused as a whole. */
export function sortOut(
  events: readonly LogEvent[],
  retentionInDays: number | undefined,
  now: number,
): Sorted {
  checkSize(events)
  checkOrder(events)
  const tooOld = firstFrom(events, now - PAST_MAX_MS)
  const expired = firstFrom(events, expiry(retentionInDays, now))
  const tooNew = firstFrom(events, now + FUTURE_MAX_MS + 1)
  const accepted = events.slice(Math.max(tooOld, expired), tooNew)
  const [first] = accepted
  const last = accepted.at(-1)
  if (first && last && last.timestamp - first.timestamp > SPAN_MAX_MS)
    throw invalidParameter(
      'The batch of log events in a single PutLogEvents request cannot span more than 24 hours.',
    )
  if (accepted.length === events.length) return { accepted, rejected: undefined }
  return {
    accepted,
    rejected: {
      ...(tooNew < events.length && { tooNewLogEventStartIndex: tooNew }),
      ...(tooOld > 0 && { tooOldLogEventEndIndex: tooOld }),
      ...(expired > tooOld && { expiredLogEventEndIndex: expired }),
    },
  }
}

function checkSize(events: readonly LogEvent[]): void {
  let bytes = 0
  for (const { message } of events) {
    const size = utf8Bytes(message)
    if (size > EVENT_BYTES_MAX)
      throw invalidParameter(
        `Log event too large: ${size} bytes exceeds limit of ${EVENT_BYTES_MAX}`,
      )
    bytes += size + EVENT_OVERHEAD_BYTES
  }
  if (bytes > BATCH_BYTES_MAX)
    throw invalidParameter(`Upload too large: ${bytes} bytes exceeds limit of ${BATCH_BYTES_MAX}`)
}

function checkOrder(events: readonly LogEvent[]): void {
  let before = -Infinity
  for (const { timestamp } of events) {
    if (timestamp < before)
      throw invalidParameter(
        'Log events in a single PutLogEvents request must be in chronological order.',
      )
    before = timestamp
  }
}

/** The index of the first event from this instant on. */
function firstFrom(events: readonly LogEvent[], instant: number): number {
  const index = events.findIndex(({ timestamp }) => timestamp >= instant)
  return index < 0 ? events.length : index
}

const utf8Bytes = (text: string): number => Buffer.byteLength(text)
