/** All streams' folders of one room: `group id/stream id/`. Runs in the thread that writes. */
import { closeSync, existsSync, fdatasync, readdirSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'

import {
  type Query,
  StorageFull,
  StorageUnavailable,
  type StreamRef,
  type StreamStats,
} from '../storage.ts'
import { headerOf } from './frames.ts'
import { type Refusal, refusal } from './refusal.ts'
import type { Reserve } from './reserve.ts'
import { openSegment, type Part, segmentBytes, StreamFolder } from './stream.ts'
import { overlaps } from './sweep.ts'

const sync = promisify(fdatasync)
const OPEN_FILES_MAX = 128

/** What of a stream can be read. */
export type Durable = { readonly streamId: string; readonly parts: readonly Part[] }
export type Append = { readonly stream: StreamRef; readonly frame: Buffer }

export type FoldersOptions = {
  readonly root: string
  /** What all files may take up. */
  readonly bytes?: number | undefined
  readonly damaged: (what: string) => void
  readonly reserve: Reserve
}

export class Folders {
  readonly #options: FoldersOptions
  readonly #root: string
  readonly #folders = new Map<string, StreamFolder>()
  /** Descriptors of files that are appended to, the least lately used first. */
  readonly #open = new Map<string, number>()
  /** What all files take up; counted anew after anything but an append that went well. */
  #used: number | undefined

  constructor(options: FoldersOptions) {
    this.#options = options
    this.#root = options.root
  }

  /** Writes what came together and waits for the disk once; gives what was refused, by the append's index. */
  async append(appends: readonly Append[]): Promise<Map<number, Refusal>> {
    const failed = new Map<number, Refusal>()
    const refuse = (index: number, error: unknown): void => void failed.set(index, refusal(error))
    const claimed = appends.flatMap((append, index) => {
      try {
        this.#claim(append.frame.length)
        return [{ ...append, index }]
      } catch (error) {
        refuse(index, error)
        return []
      }
    })
    const byStream = Map.groupBy(claimed, ({ stream }) => pathOf(stream))
    await Promise.all(
      [...byStream.values()].map(async (mine) => {
        try {
          await this.#appendTo(
            mine[0]!.stream,
            mine.map(({ frame }) => frame),
          )
        } catch (error) {
          this.#used = undefined
          for (const { index } of mine) refuse(index, error)
        }
      }),
    )
    for (const { frame } of claimed) this.#options.reserve.release(frame.length)
    this.#closeOld()
    return failed
  }

  /** What is durable now of all that the query may want. */
  durable({ groupId, streamIds, ...range }: Query): Durable[] {
    return [...new Set(streamIds)]
      .map((streamId) => ({
        streamId,
        parts: this.#folder({ groupId, streamId })
          .parts()
          .filter((part) => overlaps(part, range)),
      }))
      .filter(({ parts }) => parts.length > 0)
  }

  stats(groupId: string, streamIds: readonly string[]): StreamStats[] {
    return streamIds.map((streamId) => {
      const { sum } = this.#folder({ groupId, streamId })
      if (sum.nextSequence === 0) return { storedBytes: 0 }
      return {
        oldest: sum.oldest,
        newest: sum.newest,
        lastAppendedAt: sum.lastAppendedAt,
        storedBytes: sum.storedBytes,
      }
    })
  }

  expire(groupId: string, before: number): void {
    this.#used = undefined
    for (const folder of this.#streamsOf(groupId))
      for (const path of folder.expire(before)) this.#close(path)
  }

  /** Drops the segment whose last entry is the oldest. */
  dropOldest(groupId: string): boolean {
    this.#used = undefined
    let found: { readonly folder: StreamFolder; number: number; newest: number } | undefined
    for (const folder of this.#streamsOf(groupId)) {
      const { oldest } = folder
      if (oldest && !(found && found.newest <= oldest.newest)) found = { folder, ...oldest }
    }
    for (const path of found?.folder.drop(found.number) ?? []) this.#close(path)
    return found !== undefined
  }

  delete(what: { readonly groupId: string; readonly streamId?: string | undefined }): void {
    this.#used = undefined
    const key = what.streamId === undefined ? `${what.groupId}/` : pathOf(what as StreamRef)
    for (const known of this.#folders.keys())
      if (known === key || (key.endsWith('/') && known.startsWith(key))) this.#folders.delete(known)
    const path = join(this.#root, key)
    const prefix = path.endsWith('/') ? path : `${path}/`
    for (const file of this.#open.keys()) if (file.startsWith(prefix)) this.#close(file)
    rmSync(path, { recursive: true, force: true })
  }

  close(): void {
    for (const path of this.#open.keys()) this.#close(path)
  }

  /** Throws where the room's bytes, or the disk's, do not suffice. */
  #claim(bytes: number): void {
    const { bytes: budget, reserve } = this.#options
    if (budget !== undefined) {
      this.#used ??= bytesIn(this.#root)
      if (this.#used + bytes > budget) throw new StorageFull()
    }
    if (!reserve.claim(this.#root, bytes))
      throw new StorageUnavailable('what is left of the disk is kept for the state')
    if (this.#used !== undefined) this.#used += bytes
  }

  *#streamsOf(groupId: string): Generator<StreamFolder> {
    const group = join(this.#root, groupId)
    for (const streamId of existsSync(group) ? readdirSync(group) : [])
      yield this.#folder({ groupId, streamId })
  }

  async #appendTo(stream: StreamRef, frames: readonly Buffer[]): Promise<void> {
    const folder = this.#folder(stream)
    const newest = Math.max(...frames.map((frame) => headerOf(frame, 0).newest))
    const { path, isNew } = folder.file(newest)
    try {
      const descriptor = this.#open.get(path) ?? openSegment(path, isNew, this.#root)
      this.#open.delete(path)
      this.#open.set(path, descriptor)
      folder.write(descriptor, frames)
      await sync(descriptor)
      folder.written(frames)
    } catch (error) {
      // Nobody knows what the disk holds now: it is read again before more is written, and what is torn is cut.
      this.#close(path)
      this.#folders.delete(pathOf(stream))
      throw error
    }
  }

  #folder(stream: StreamRef): StreamFolder {
    const key = pathOf(stream)
    const known = this.#folders.get(key)
    if (known) return known
    const { damaged, bytes } = this.#options
    const folder = new StreamFolder(join(this.#root, key), damaged, segmentBytes(bytes))
    this.#folders.set(key, folder)
    return folder
  }

  #closeOld(): void {
    for (const path of this.#open.keys()) {
      if (this.#open.size <= OPEN_FILES_MAX) return
      this.#close(path)
    }
  }

  #close(path: string): void {
    const descriptor = this.#open.get(path)
    this.#open.delete(path)
    if (descriptor !== undefined) closeSync(descriptor)
  }
}

const pathOf = ({ groupId, streamId }: StreamRef): string => `${groupId}/${streamId}`

/** Of all segments below a folder. Their indexes are small beside them. */
function bytesIn(root: string): number {
  const names = readdirSync(root, { recursive: true, encoding: 'utf8' })
  const segments = names.filter((name) => name.endsWith('.log'))
  return segments.reduce((sum, name) => sum + statSync(join(root, name)).size, 0)
}
