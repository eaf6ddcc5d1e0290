/**
 * One stream's folder: segment files that are only ever appended to, each with an index beside it once it is full.
 * Runs in the thread that writes.
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
  rmSync,
  writeFileSync,
  writevSync,
} from 'node:fs'
import { dirname } from 'node:path'

import { assert } from '#kernel/assert.ts'

import { StorageUnavailable } from '../storage.ts'
import { addFrame, addToSum, type Block, NOTHING, type Sum } from './blocks.ts'
import { fileOf, indexFrom, readIndex, writtenIndex } from './files.ts'
import { headerOf, readFrame, sealFrame } from './frames.ts'
import { refusal } from './refusal.ts'

/** A full segment gets its index, and a new one begins. */
export const SEGMENT_BYTES_MAX = 16 << 20
/** What a room's bytes are of, so that dropping the oldest drops a small part of them. */
const SEGMENTS_PER_BUDGET = 16
/** A segment holds this much time at most, so that what expires can be deleted. */
const SEGMENT_SPAN_MAX_MS = 24 * 3_600_000

type Segment = {
  readonly number: number
  sum: Sum
  /** Of the segment that is written to; the others have theirs in a file, and are never written to again. */
  blocks: Block[] | undefined
}

export const segmentBytes = (budget: number | undefined): number =>
  Math.min(SEGMENT_BYTES_MAX, (budget ?? Infinity) / SEGMENTS_PER_BUDGET)

/** A segment as it is at one moment. */
export type Part = Pick<Sum, 'oldest' | 'newest'> & {
  readonly number: number
  /** Of the segment that is written to; the others have theirs in their index. */
  readonly blocks: readonly Block[] | undefined
}

export class StreamFolder {
  readonly #path: string
  readonly #damaged: (what: string) => void
  readonly #segmentBytes: number
  #segments: Segment[]

  /** Reads what is there; what a crash tore off the end of the newest segment is cut. */
  constructor(path: string, damaged: (what: string) => void, segmentBytesMax = SEGMENT_BYTES_MAX) {
    this.#path = path
    this.#damaged = damaged
    this.#segmentBytes = segmentBytesMax
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

  /** The whole stream's sum. */
  get sum(): Sum {
    return this.#segments.reduce(
      (all, { sum }) => ({
        bytes: all.bytes + sum.bytes,
        oldest: Math.min(all.oldest, sum.oldest),
        newest: Math.max(all.newest, sum.newest),
        lastAppendedAt: Math.max(all.lastAppendedAt, sum.lastAppendedAt),
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
      (!last.blocks ||
        last.sum.bytes >= this.#segmentBytes ||
        newest - last.sum.oldest > SEGMENT_SPAN_MAX_MS)
    if (last && !isFull) return { path: this.#file(last.number, 'log'), isNew: false }
    if (last?.blocks) this.#seal(last, last.blocks)
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
      sequence += headerOf(frame, 0).count
      bytes += frame.length
    }
    const done = writevSync(descriptor, frames, last?.sum.bytes ?? 0)
    if (done !== bytes) throw new StorageUnavailable('the disk took only a part: it is full')
  }

  written(frames: readonly Buffer[]): void {
    const segment = this.#segments.at(-1)
    if (!segment) return
    const { blocks } = segment
    assert(blocks, 'what is written to has its index in memory')
    for (const bytes of frames) {
      const frame = readFrame(bytes, 0)
      assert(frame, 'a frame is not changed while it is written')
      const placed = { ...frame, at: segment.sum.bytes }
      addFrame(blocks, placed)
      segment.sum = addToSum(segment.sum, placed)
    }
  }

  /** The segment that would be dropped first: its number, and its last timestamp. */
  get oldest(): { readonly number: number; readonly newest: number } | undefined {
    const all = this.#segments.map(({ number, sum }) => ({ number, newest: sum.newest }))
    return all.toSorted((one, other) => one.newest - other.newest)[0]
  }

  /** Deletes segments whose last entry is older than `before`; gives the paths of those that are gone. */
  expire(before: number): string[] {
    return this.#drop(({ sum }) => sum.newest < before)
  }

  drop(wanted: number): string[] {
    return this.#drop(({ number }) => number === wanted)
  }

  /** What is durable, for whoever reads it in another thread. */
  parts(): Part[] {
    return this.#segments.map(({ number, sum, blocks }) => ({
      number,
      oldest: sum.oldest,
      newest: sum.newest,
      blocks,
    }))
  }

  #drop(isOld: (segment: Segment) => boolean): string[] {
    const old = this.#segments.filter(isOld)
    this.#segments = this.#segments.filter((segment) => !old.includes(segment))
    return old.map(({ number }) => {
      rmSync(this.#file(number, 'idx'), { force: true })
      rmSync(this.#file(number, 'log'), { force: true })
      return this.#file(number, 'log')
    })
  }

  #load(number: number, isLast: boolean): Segment {
    const index = readIndex(this.#path, number)
    if (index && !isLast) return { number, sum: index.sum, blocks: undefined }
    const path = this.#file(number, 'log')
    const { sum, blocks, end, isDamaged } = indexFrom(readFileSync(path))
    if (isDamaged) this.#damaged(path)
    const segment: Segment = { number, sum, blocks }
    if (isLast) cut(path, end)
    else this.#sealIfRoom(segment, blocks)
    return segment
  }

  /** Where the disk has no room for an index, this one stays in memory: what is there can be read. */
  #sealIfRoom(segment: Segment, blocks: readonly Block[]): void {
    try {
      this.#seal(segment, blocks)
    } catch (error) {
      refusal(error)
    }
  }

  /** Writes the index. It is only a shortcut: one that is missing or damaged is made again from the segment. */
  #seal(segment: Segment, blocks: readonly Block[]): void {
    const { number, sum } = segment
    writeFileSync(this.#file(number, 'idx'), writtenIndex({ sum, blocks }), { mode: 0o600 })
    segment.blocks = undefined
  }

  #file(number: number, ending: 'log' | 'idx'): string {
    return fileOf(this.#path, number, ending)
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
