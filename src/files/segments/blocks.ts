/** The index of a segment: where in it which times are, in steps of a block, and its sum. Pure. */
import { ENTRY_OVERHEAD_BYTES } from '../storage.ts'
import { type Frame, payloadBytes } from './frames.ts'

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
  readonly lastAppendedAt: number
  /** The sequence of the entry that comes after its last. */
  readonly nextSequence: number
  /** Payloads, and ENTRY_OVERHEAD_BYTES for each. */
  readonly storedBytes: number
}

const BLOCK_BYTES = 256 << 10

export const NOTHING: Sum = {
  bytes: 0,
  oldest: Infinity,
  newest: -Infinity,
  lastAppendedAt: 0,
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
  return {
    bytes: frame.at + frame.bytes,
    oldest: Math.min(sum.oldest, frame.oldest),
    newest: Math.max(sum.newest, frame.newest),
    lastAppendedAt: Math.max(sum.lastAppendedAt, frame.appendedAt),
    nextSequence: Math.max(sum.nextSequence, frame.sequence + frame.count),
    storedBytes: sum.storedBytes + payloadBytes(frame) + frame.count * ENTRY_OVERHEAD_BYTES,
  }
}
