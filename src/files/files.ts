/**
 * What is no record: each room's files, in a folder of the data directory that bears the room's name. One pair of
 * threads keeps all of them, as long as one is open. docs/design/files.md
 */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'

import type { Log } from '#kernel/log.ts'

import { SegmentStorage } from './segments/segment-storage.ts'
import type { EntryStorage, RoomFiles } from './storage.ts'
import { Workers } from './worker.ts'

export class Files {
  readonly #root: string
  readonly #log: Log
  readonly #fatal: (error: Error) => void
  #workers: Workers | undefined

  /** `fatal` is told when a thread ends by itself: then nothing can be kept, or found, any more. */
  constructor(root: string, log: Log, fatal: (error: Error) => void) {
    this.#root = root
    this.#log = log
    this.#fatal = fatal
  }

  open({ name, matching, bytes }: RoomFiles): EntryStorage {
    const root = join(this.#root, name)
    mkdirSync(root, { recursive: true, mode: 0o700 })
    const workers = (this.#workers ??= new Workers(this.#log, this.#fatal))
    workers.open({ name, root, bytes, module: matching.module })
    return new SegmentStorage(name, workers, () => this.#closed(workers))
  }

  async #closed(workers: Workers): Promise<void> {
    if (!workers.isIdle || this.#workers !== workers) return
    this.#workers = undefined
    await workers.end()
  }
}
