/**
 * The bytes of a segment file: one frame a batch, each with a checksum over all of it, so that what a crash tore off
 * is told from what was written. All numbers are little-endian.
 *
 *   magic u32 · length of the events u32 · checksum u32 · count u32 · ingestion time f64 · first sequence f64 ·
 *   oldest timestamp f64 · newest timestamp f64 · events: (timestamp f64 · length u32 · UTF-8)…
 */
import { crc32 } from 'node:zlib'

import type { LogEvent, Place } from '../storage.ts'

const MAGIC = 0x31474c42
export const HEADER_BYTES = 48
export const EVENT_HEADER_BYTES = 12
const CHECKED_FROM = 12
/** PutLogEvents takes 1 MiB in at most 10,000 events; a frame that says more is none. */
const EVENTS_BYTES_MAX = 4 << 20

export type Frame = {
  /** Where it begins in its file, and how long it is. */
  readonly at: number
  readonly bytes: number
  readonly count: number
  readonly ingestionTime: number
  readonly sequence: number
  readonly oldest: number
  readonly newest: number
}

/** A frame in memory of its own, which can be handed to another thread. Its sequence is given when it is written. */
export function encodeFrame(
  events: readonly LogEvent[],
  ingestionTime: number,
): Buffer<ArrayBuffer> {
  const sizes = events.map(({ message }) => Buffer.byteLength(message))
  const length = sizes.reduce((sum, size) => sum + size + EVENT_HEADER_BYTES, 0)
  const frame = Buffer.from(new ArrayBuffer(HEADER_BYTES + length))
  frame.writeUInt32LE(MAGIC, 0)
  frame.writeUInt32LE(length, 4)
  frame.writeUInt32LE(events.length, 12)
  frame.writeDoubleLE(ingestionTime, 16)
  let [at, oldest, newest] = [HEADER_BYTES, Infinity, -Infinity]
  for (const [index, { timestamp, message }] of events.entries()) {
    const size = sizes[index] ?? 0
    frame.writeDoubleLE(timestamp, at)
    frame.writeUInt32LE(size, at + 8)
    // As many bytes as characters: all are ASCII, which is written much faster.
    frame.write(message, at + EVENT_HEADER_BYTES, size, size === message.length ? 'latin1' : 'utf8')
    at += EVENT_HEADER_BYTES + size
    oldest = Math.min(oldest, timestamp)
    newest = Math.max(newest, timestamp)
  }
  frame.writeDoubleLE(oldest, 32)
  frame.writeDoubleLE(newest, 40)
  return frame
}

/** Makes a frame final: its events' place among the stream's, and the checksum over all. */
export function sealFrame(frame: Buffer, sequence: number): void {
  frame.writeDoubleLE(sequence, 24)
  frame.writeUInt32LE(crc32(frame.subarray(CHECKED_FROM)), 8)
}

/** The frame at this place; `undefined` when there is none that is whole and sound. */
export function readFrame(file: Buffer, at: number): Frame | undefined {
  if (file.length - at < HEADER_BYTES || file.readUInt32LE(at) !== MAGIC) return undefined
  const length = file.readUInt32LE(at + 4)
  const end = at + HEADER_BYTES + length
  if (length > EVENTS_BYTES_MAX || end > file.length) return undefined
  if (crc32(file.subarray(at + CHECKED_FROM, end)) !== file.readUInt32LE(at + 8)) return undefined
  return {
    at,
    bytes: end - at,
    count: file.readUInt32LE(at + 12),
    ingestionTime: file.readDoubleLE(at + 16),
    sequence: file.readDoubleLE(at + 24),
    oldest: file.readDoubleLE(at + 32),
    newest: file.readDoubleLE(at + 40),
  }
}

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

/** An event where it lies; its text is made only for those that are looked at. */
export type LyingEvent = Place & {
  readonly ingestionTime: number
  readonly file: Buffer
  readonly at: number
  readonly bytes: number
}

export const textOf = ({ file, at, bytes }: LyingEvent): string =>
  file.toString('utf8', at, at + bytes)

/** The events of frames that were found sound. */
export function* eventsIn(
  streamId: string,
  file: Buffer,
  frames: readonly Frame[],
): Generator<LyingEvent> {
  for (const frame of frames) {
    let at = frame.at + HEADER_BYTES
    for (let index = 0; index < frame.count; index++) {
      const bytes = file.readUInt32LE(at + 8)
      yield {
        timestamp: file.readDoubleLE(at),
        streamId,
        sequence: frame.sequence + index,
        ingestionTime: frame.ingestionTime,
        file,
        at: at + EVENT_HEADER_BYTES,
        bytes,
      }
      at += EVENT_HEADER_BYTES + bytes
    }
  }
}
