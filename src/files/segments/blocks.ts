/** The index of a segment: where in it which times are, in steps of a block, and its sum. Pure. */
import { EVENT_OVERHEAD_BYTES } from '../storage.ts'
import { EVENT_HEADER_BYTES, type Frame, HEADER_BYTES } from './frames.ts'

/** Frames that follow each other and are read together. */
export type Block = {
  readonly at: number
  readonly bytes: number
  readonly oldest: number
  readonly newest: number
}
export type Sum = {
  readonly bytes: number
  readonly oldest: number
  readonly newest: number
  readonly lastIngestionTime: number
  /** The sequence of the event that comes after its last. */
  readonly nextSequence: number
  /** As AWS counts: messages, and 26 for each. */
  readonly storedBytes: number
}

const BLOCK_BYTES = 256 << 10

export const NOTHING: Sum = {
  bytes: 0,
  oldest: Infinity,
  newest: -Infinity,
  lastIngestionTime: 0,
  nextSequence: 0,
  storedBytes: 0,
}

/** Frames are added in the order in which they lie. */
export function addFrame(blocks: Block[], frame: Frame): void {
  const last = blocks.at(-1)
  const joins = last && last.bytes < BLOCK_BYTES && last.at + last.bytes === frame.at
  if (!joins) {
    const { at, bytes, oldest, newest } = frame
    blocks.push({ at, bytes, oldest, newest })
    return
  }
  blocks[blocks.length - 1] = {
    at: last.at,
    bytes: last.bytes + frame.bytes,
    oldest: Math.min(last.oldest, frame.oldest),
    newest: Math.max(last.newest, frame.newest),
  }
}

export function addToSum(sum: Sum, frame: Frame): Sum {
  const messages = frame.bytes - HEADER_BYTES - frame.count * EVENT_HEADER_BYTES
  return {
    bytes: frame.at + frame.bytes,
    oldest: Math.min(sum.oldest, frame.oldest),
    newest: Math.max(sum.newest, frame.newest),
    lastIngestionTime: Math.max(sum.lastIngestionTime, frame.ingestionTime),
    nextSequence: Math.max(sum.nextSequence, frame.sequence + frame.count),
    storedBytes: sum.storedBytes + messages + frame.count * EVENT_OVERHEAD_BYTES,
  }
}
