/**
 * One stream's folder: segment files that are only ever appended to, each with an index beside it once it is full.
 * Runs in the storage's thread.
 */
import {
  closeSync,
  constants,
  existsSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  rmSync,
  writeFileSync,
  writevSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { crc32 } from 'node:zlib'

import { addFrame, addToSum, type Block, NOTHING, type Sum } from './blocks.ts'
import { eventsIn, type Frame, readFrame, readFrames, sealFrame } from './frames.ts'
import type { Stretch } from './sweep.ts'

/** A full segment gets its index, and a new one begins. */
export const SEGMENT_BYTES_MAX = 16 << 20
/** A segment holds this much time at most, so that what expires can be deleted. */
const SEGMENT_SPAN_MAX_MS = 24 * 3_600_000

type Segment = {
  readonly number: number
  sum: Sum
  /** Of the segment that is written to; the others read theirs when they are asked. */
  blocks: Block[] | undefined
}

export class StreamFolder {
  readonly streamId: string
  readonly #path: string
  readonly #damaged: (what: string) => void
  #segments: Segment[]

  /** Reads what is there; what a crash tore off the end of the newest segment is cut. */
  constructor(path: string, streamId: string, damaged: (what: string) => void) {
    this.#path = path
    this.streamId = streamId
    this.#damaged = damaged
    const numbers = existsSync(path)
      ? readdirSync(path)
          .filter((name) => name.endsWith('.log'))
          .map((name) => Number.parseInt(name, 10))
          .sort((one, other) => one - other)
      : []
    this.#segments = numbers.map((number, index) =>
      this.#load(number, index === numbers.length - 1),
    )
  }

  get isEmpty(): boolean {
    return this.#segments.length === 0
  }

  /** The whole stream's sum. */
  get sum(): Sum {
    return this.#segments.reduce(
      (all, { sum }) => ({
        bytes: all.bytes + sum.bytes,
        oldest: Math.min(all.oldest, sum.oldest),
        newest: Math.max(all.newest, sum.newest),
        lastIngestionTime: Math.max(all.lastIngestionTime, sum.lastIngestionTime),
        nextSequence: Math.max(all.nextSequence, sum.nextSequence),
        storedBytes: all.storedBytes + sum.storedBytes,
      }),
      NOTHING,
    )
  }

  /** The file to append to; a new one where the newest is full or begins too long before `newest`. */
  file(newest: number): { readonly path: string; readonly isNew: boolean } {
    const last = this.#segments.at(-1)
    const isFull =
      last &&
      (last.sum.bytes >= SEGMENT_BYTES_MAX || newest - last.sum.oldest > SEGMENT_SPAN_MAX_MS)
    if (last && !isFull) return { path: this.#file(last.number, 'log'), isNew: false }
    if (last) this.#seal(last)
    const number = (last?.number ?? 0) + 1
    mkdirSync(this.#path, { recursive: true, mode: 0o700 })
    this.#segments.push({ number, sum: NOTHING, blocks: [] })
    return { path: this.#file(number, 'log'), isNew: true }
  }

  /** Writes frames behind what is there. They count once `written` is called, when they are durable. */
  write(descriptor: number, frames: readonly Buffer[]): void {
    const last = this.#segments.at(-1)
    let sequence = this.sum.nextSequence
    let bytes = 0
    for (const frame of frames) {
      sealFrame(frame, sequence)
      sequence += frame.readUInt32LE(12)
      bytes += frame.length
    }
    const done = writevSync(descriptor, frames, last?.sum.bytes ?? 0)
    if (done !== bytes) throw new Error('the disk took only a part: it is full')
  }

  written(frames: readonly Buffer[]): void {
    const segment = this.#segments.at(-1)
    if (!segment) return
    const blocks = (segment.blocks ??= [])
    for (const bytes of frames) {
      const frame = readFrame(bytes, 0)
      if (!frame) throw new Error('a frame was changed while it was written')
      const placed = { ...frame, at: segment.sum.bytes }
      addFrame(blocks, placed)
      segment.sum = addToSum(segment.sum, placed)
    }
  }

  /** Deletes segments whose last event is older than `before`; gives the paths of those that are gone. */
  expire(before: number): string[] {
    const old = this.#segments.filter(({ sum }) => sum.newest < before)
    this.#segments = this.#segments.filter((segment) => !old.includes(segment))
    return old.map(({ number }) => {
      rmSync(this.#file(number, 'idx'), { force: true })
      rmSync(this.#file(number, 'log'), { force: true })
      return this.#file(number, 'log')
    })
  }

  /** What a sweep goes through: segments, which open as blocks, which open as events. */
  stretches(): Stretch[] {
    const { streamId } = this
    return this.#segments.map((segment) => ({
      oldest: segment.sum.oldest,
      newest: segment.sum.newest,
      bytes: 0,
      holdsEvents: false,
      open: () =>
        (segment.blocks ?? this.#readIndex(segment.number)?.blocks ?? []).map((block) => ({
          ...block,
          holdsEvents: true,
          open: () => {
            const { file, frames } = this.#readBlock(segment.number, block)
            return eventsIn(streamId, file, frames)
          },
        })),
    }))
  }

  #load(number: number, isLast: boolean): Segment {
    const index = this.#readIndex(number)
    if (index && !isLast) return { number, sum: index.sum, blocks: undefined }
    const path = this.#file(number, 'log')
    const file = readFileSync(path)
    const { frames, end, isDamaged } = readFrames(file)
    if (isDamaged) this.#damaged(path)
    const blocks: Block[] = []
    let sum = NOTHING
    for (const frame of frames) {
      addFrame(blocks, frame)
      sum = addToSum(sum, frame)
    }
    const segment: Segment = { number, sum, blocks }
    if (isLast) cut(path, end)
    else this.#seal(segment)
    return segment
  }

  #readBlock(number: number, { at, bytes }: Block): { file: Buffer; frames: readonly Frame[] } {
    const path = this.#file(number, 'log')
    const buffer = Buffer.allocUnsafeSlow(bytes)
    try {
      const descriptor = openSync(path, 'r')
      try {
        const done = readSync(descriptor, buffer, 0, bytes, at)
        const file = buffer.subarray(0, done)
        const { frames, isDamaged, end } = readFrames(file)
        if (isDamaged || end !== bytes) this.#damaged(path)
        return { file, frames }
      } finally {
        closeSync(descriptor)
      }
    } catch (error) {
      // It expired while somebody was reading: then it has no events any more.
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { file: buffer, frames: [] }
      throw error
    }
  }

  /** Writes the index. It is only a shortcut: one that is missing or damaged is made again from the segment. */
  #seal(segment: Segment): void {
    const text = JSON.stringify({ sum: segment.sum, blocks: segment.blocks })
    writeFileSync(this.#file(segment.number, 'idx'), `${crc32(text)}\n${text}`, { mode: 0o600 })
    segment.blocks = undefined
  }

  #readIndex(number: number): { readonly sum: Sum; readonly blocks: readonly Block[] } | undefined {
    const path = this.#file(number, 'idx')
    if (!existsSync(path)) return undefined
    const [checksum, text = ''] = readFileSync(path, 'utf8').split('\n')
    if (text === '' || crc32(text) !== Number(checksum)) return undefined
    return JSON.parse(text) as { sum: Sum; blocks: Block[] }
  }

  #file(number: number, ending: 'log' | 'idx'): string {
    return join(this.#path, `${String(number).padStart(8, '0')}.${ending}`)
  }
}

function cut(path: string, end: number): void {
  const descriptor = openSync(path, 'r+')
  try {
    if (fstatSync(descriptor).size > end) ftruncateSync(descriptor, end)
  } finally {
    closeSync(descriptor)
  }
}

/** Opens a file for appending. A new one's name is made durable, with those of the folders above it. */
export function openSegment(path: string, isNew: boolean, root: string): number {
  const descriptor = openSync(path, constants.O_RDWR | constants.O_CREAT, 0o600)
  if (!isNew) return descriptor
  for (let folder = dirname(path); folder.startsWith(root); folder = dirname(folder)) {
    const opened = openSync(folder, 'r')
    try {
      fsyncSync(opened)
    } finally {
      closeSync(opened)
    }
  }
  return descriptor
}
