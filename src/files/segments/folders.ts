/** All streams' folders: `group id/stream id/`. Runs in the thread that writes. */
import { closeSync, existsSync, fdatasync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'

import type { Query, StreamRef, StreamStats } from '../storage.ts'
import { refusal } from './refusal.ts'
import { type Disk, diskOf, NO_ROOM, roomOn } from './reserve.ts'
import { openSegment, type Part, StreamFolder } from './stream.ts'
import { overlaps } from './sweep.ts'

const sync = promisify(fdatasync)
const OPEN_FILES_MAX = 128

/** What of a stream can be read. */
export type Durable = { readonly streamId: string; readonly parts: readonly Part[] }
export type Append = { readonly stream: StreamRef; readonly frame: Buffer }

export class Folders {
  readonly #root: string
  readonly #damaged: (what: string) => void
  readonly #disk: () => Disk
  readonly #folders = new Map<string, StreamFolder>()
  /** Descriptors of files that are appended to, the least lately used first. */
  readonly #open = new Map<string, number>()

  constructor(
    root: string,
    damaged: (what: string) => void,
    disk: () => Disk = () => diskOf(root),
  ) {
    this.#root = root
    this.#damaged = damaged
    this.#disk = disk
  }

  /** Writes what came together and waits for the disk once; gives what the disk refused, by the append's index. */
  async append(appends: readonly Append[]): Promise<Map<number, string>> {
    const failed = new Map<number, string>()
    let room = roomOn(this.#disk())
    const fitting = appends.flatMap((append, index) => {
      const fits = append.frame.length <= room
      if (fits) room -= append.frame.length
      else failed.set(index, NO_ROOM)
      return fits ? [{ ...append, index }] : []
    })
    const byStream = Map.groupBy(fitting, ({ stream }) => pathOf(stream))
    await Promise.all(
      [...byStream.values()].map(async (mine) => {
        try {
          await this.#appendTo(
            mine[0]!.stream,
            mine.map(({ frame }) => frame),
          )
        } catch (error) {
          const why = refusal(error)
          for (const { index } of mine) failed.set(index, why)
        }
      }),
    )
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
        firstEventTimestamp: sum.oldest,
        lastEventTimestamp: sum.newest,
        lastIngestionTime: sum.lastIngestionTime,
        storedBytes: sum.storedBytes,
      }
    })
  }

  expire(groupId: string, before: number): void {
    const group = join(this.#root, groupId)
    for (const streamId of existsSync(group) ? readdirSync(group) : [])
      for (const path of this.#folder({ groupId, streamId }).expire(before)) this.#close(path)
  }

  delete(what: { readonly groupId: string; readonly streamId?: string | undefined }): void {
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

  async #appendTo(stream: StreamRef, frames: readonly Buffer[]): Promise<void> {
    const folder = this.#folder(stream)
    const newest = Math.max(...frames.map((frame) => frame.readDoubleLE(40)))
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
    const folder = new StreamFolder(join(this.#root, key), this.#damaged)
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
