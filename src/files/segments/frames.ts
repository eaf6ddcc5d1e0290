/**
 * The bytes of a segment file: one frame an append, each with a checksum over all of it, so that what a crash tore off
 * is told from what was written. All numbers are little-endian.
 *
 *   magic u32 · length of the entries u32 · checksum u32 · count u32 · appended at f64 · first sequence f64 ·
 *   oldest timestamp f64 · newest timestamp f64 · entries: (timestamp f64 · length u32 · payload)…
 *
 * Nobody else knows where in a frame what is.
 */
import { crc32 } from 'node:zlib'

import type { Entry, Place } from '../storage.ts'

const MAGIC = 0x31474c42
const HEADER_BYTES = 48
const ENTRY_HEADER_BYTES = 12
const CHECKED_FROM = 12
/** More than any append has; a frame that says more is none. */
const ENTRIES_BYTES_MAX = 4 << 20

export type Frame = {
  /** Where it begins in its file, and how long it is. */
  readonly at: number
  readonly bytes: number
  readonly count: number
  readonly appendedAt: number
  readonly sequence: number
  readonly oldest: number
  readonly newest: number
}

export const payloadBytes = ({ bytes, count }: Frame): number =>
  bytes - HEADER_BYTES - count * ENTRY_HEADER_BYTES

/** A frame in memory of its own, which can be handed to another thread. Its sequence is given when it is written. */
export function encodeFrame(entries: readonly Entry[], appendedAt: number): Buffer<ArrayBuffer> {
  const sizes = entries.map(({ payload }) => Buffer.byteLength(payload))
  const length = sizes.reduce((sum, size) => sum + size + ENTRY_HEADER_BYTES, 0)
  const frame = Buffer.from(new ArrayBuffer(HEADER_BYTES + length))
  frame.writeUInt32LE(MAGIC, 0)
  frame.writeUInt32LE(length, 4)
  frame.writeUInt32LE(entries.length, 12)
  frame.writeDoubleLE(appendedAt, 16)
  let [at, oldest, newest] = [HEADER_BYTES, Infinity, -Infinity]
  for (const [index, { timestamp, payload }] of entries.entries()) {
    const size = sizes[index] ?? 0
    frame.writeDoubleLE(timestamp, at)
    frame.writeUInt32LE(size, at + 8)
    at += ENTRY_HEADER_BYTES
    if (typeof payload !== 'string') frame.set(payload, at)
    // As many bytes as characters: all are ASCII, which is written much faster.
    else frame.write(payload, at, size, size === payload.length ? 'latin1' : 'utf8')
    at += size
    oldest = Math.min(oldest, timestamp)
    newest = Math.max(newest, timestamp)
  }
  frame.writeDoubleLE(oldest, 32)
  frame.writeDoubleLE(newest, 40)
  return frame
}

/** Makes a frame final: its entries' place among the stream's, and the checksum over all. */
export function sealFrame(frame: Buffer, sequence: number): void {
  frame.writeDoubleLE(sequence, 24)
  frame.writeUInt32LE(crc32(frame.subarray(CHECKED_FROM)), 8)
}

/** The frame at this place; `undefined` when there is none that is whole and sound. */
export function readFrame(file: Buffer, at: number): Frame | undefined {
  if (file.length - at < HEADER_BYTES || file.readUInt32LE(at) !== MAGIC) return undefined
  const frame = headerOf(file, at)
  const end = at + frame.bytes
  if (frame.bytes > HEADER_BYTES + ENTRIES_BYTES_MAX || end > file.length) return undefined
  if (crc32(file.subarray(at + CHECKED_FROM, end)) !== file.readUInt32LE(at + 8)) return undefined
  return frame
}

/** What a frame says of itself: of one that was made here, or was found sound. */
export const headerOf = (file: Buffer, at: number): Frame => ({
  at,
  bytes: HEADER_BYTES + file.readUInt32LE(at + 4),
  count: file.readUInt32LE(at + 12),
  appendedAt: file.readDoubleLE(at + 16),
  sequence: file.readDoubleLE(at + 24),
  oldest: file.readDoubleLE(at + 32),
  newest: file.readDoubleLE(at + 40),
})

/** All sound frames of a file, and where the last of them ends. A damaged place between them is left out. */
export function readFrames(file: Buffer): { frames: Frame[]; end: number; isDamaged: boolean } {
  const frames: Frame[] = []
  let [end, isDamaged] = [0, false]
  const magic = Buffer.alloc(4)
  magic.writeUInt32LE(MAGIC)
  for (let at = 0; at >= 0 && at < file.length;) {
    const frame = readFrame(file, at)
    if (!frame) {
      at = file.indexOf(magic, at + 1)
      continue
    }
    isDamaged ||= at !== end
    frames.push(frame)
    end = at += frame.bytes
  }
  return { frames, end, isDamaged }
}

/** An entry where it lies; its payload is taken out only where it is looked at. */
export type LyingEntry = Place & {
  readonly appendedAt: number
  readonly file: Buffer
  readonly at: number
  readonly bytes: number
}

/** A view: it keeps alive all that it lies in. */
export const payloadOf = ({ file, at, bytes }: LyingEntry): Buffer => file.subarray(at, at + bytes)

/** The entries of frames that were found sound. */
export function* entriesIn(
  streamId: string,
  file: Buffer,
  frames: readonly Frame[],
): Generator<LyingEntry> {
  for (const frame of frames) {
    let at = frame.at + HEADER_BYTES
    for (let index = 0; index < frame.count; index++) {
      const bytes = file.readUInt32LE(at + 8)
      yield {
        timestamp: file.readDoubleLE(at),
        streamId,
        sequence: frame.sequence + index,
        appendedAt: frame.appendedAt,
        file,
        at: at + ENTRY_HEADER_BYTES,
        bytes,
      }
      at += ENTRY_HEADER_BYTES + bytes
    }
  }
}
