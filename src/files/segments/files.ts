/** The files of a stream's folder, as both threads read them. */
import { closeSync, openSync, readFileSync, readSync } from 'node:fs'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'

import { addFrame, addToSum, type Block, NOTHING, type Sum } from './blocks.ts'
import { type Frame, readFrames } from './frames.ts'

export type Index = { readonly sum: Sum; readonly blocks: readonly Block[] }

export const fileOf = (folder: string, number: number, ending: 'log' | 'idx'): string =>
  join(folder, `${String(number).padStart(8, '0')}.${ending}`)

/** A segment read from its beginning: its index, and where the last sound frame ends. */
export function indexFrom(file: Buffer): {
  readonly sum: Sum
  readonly blocks: Block[]
  readonly end: number
  readonly isDamaged: boolean
} {
  const { frames, end, isDamaged } = readFrames(file)
  const blocks: Block[] = []
  let sum = NOTHING
  for (const frame of frames) {
    addFrame(blocks, frame)
    sum = addToSum(sum, frame)
  }
  return { sum, blocks, end, isDamaged }
}

/** One name in it is of a time when only log events were kept here. */
type WrittenSum = Omit<Sum, 'lastAppendedAt'> & { readonly lastIngestionTime: number }

export const writtenIndex = ({ sum, blocks }: Index): string => {
  const { lastAppendedAt: lastIngestionTime, ...rest } = sum
  const written: WrittenSum = { ...rest, lastIngestionTime }
  const text = JSON.stringify({ sum: written, blocks })
  return `${crc32(text)}\n${text}`
}

/** `undefined` where there is none, or none that is sound. */
export function readIndex(folder: string, number: number): Index | undefined {
  const file = unlessMissing(() => readFileSync(fileOf(folder, number, 'idx'), 'utf8'))
  const [checksum, text = ''] = file?.split('\n') ?? []
  if (text === '' || crc32(text) !== Number(checksum)) return undefined
  const { sum, blocks } = JSON.parse(text) as { sum: WrittenSum; blocks: readonly Block[] }
  const { lastIngestionTime: lastAppendedAt, ...rest } = sum
  return { sum: { ...rest, lastAppendedAt }, blocks }
}

/** Where the entries of a full segment lie. It may have expired meanwhile: then it has none any more. */
export function blocksOf(folder: string, number: number): readonly Block[] {
  const index = readIndex(folder, number)
  if (index) return index.blocks
  const file = unlessMissing(() => readFileSync(fileOf(folder, number, 'log')))
  return file ? indexFrom(file).blocks : []
}

/** The frames of a block; none where its segment has expired meanwhile. */
export function readBlock(
  folder: string,
  number: number,
  { at, bytes }: Block,
): { readonly file: Buffer; readonly frames: readonly Frame[]; readonly isDamaged: boolean } {
  const buffer = Buffer.allocUnsafeSlow(bytes)
  const done = unlessMissing(() => {
    const descriptor = openSync(fileOf(folder, number, 'log'), 'r')
    try {
      return readSync(descriptor, buffer, 0, bytes, at)
    } finally {
      closeSync(descriptor)
    }
  })
  if (done === undefined) return { file: buffer, frames: [], isDamaged: false }
  const file = buffer.subarray(0, done)
  const { frames, isDamaged, end } = readFrames(file)
  return { file, frames, isDamaged: isDamaged || end !== bytes }
}

function unlessMissing<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}
