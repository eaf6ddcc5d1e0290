/**
 * The files that the engine writes containers' output to, and for each how far it has been sent. Bytes that were sent
 * are given back to the disk where they lie: the engine goes on writing, and no place in the file ever moves.
 */
import { execFile } from 'node:child_process'
import { type FSWatcher, watch } from 'node:fs'
import { mkdir, open, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

export type SpoolFile = {
  readonly bytes: number
  /** Tells a file from another that has its name. */
  readonly identity: number
}
export type Checkpoint = { readonly identity: number; readonly offset: number }

export interface Spool {
  /** `undefined` for a file that is not there. */
  look(path: string): Promise<SpoolFile | undefined>
  read(path: string, from: number, bytesMax: number): Promise<Buffer>
  /** Calls `heard` when the file may have grown, until the returned function is called. */
  watch(path: string, heard: () => void): () => void
  /** Gives back what lies before `to`. */
  free(path: string, to: number): Promise<void>
  /** `undefined` where there is none, or none that can be read: then all is sent again. */
  load(containerId: string): Promise<Checkpoint | undefined>
  /** Survives the end of this process when it resolves. */
  save(containerId: string, checkpoint: Checkpoint): Promise<void>
  forget(containerId: string): Promise<void>
}

const PAGE_BYTES = 4096
const FREE_TIMEOUT_MS = 30_000

export class FileSpool implements Spool {
  readonly #directory: string

  constructor(directory: string) {
    this.#directory = directory
  }

  async look(path: string): Promise<SpoolFile | undefined> {
    try {
      const { size, ino } = await stat(path)
      return { bytes: size, identity: ino }
    } catch (error) {
      if (isMissing(error)) return undefined
      throw error
    }
  }

  async read(path: string, from: number, bytesMax: number): Promise<Buffer> {
    const file = await open(path, 'r')
    try {
      const buffer = Buffer.allocUnsafe(bytesMax)
      const { bytesRead } = await file.read(buffer, 0, bytesMax, from)
      return buffer.subarray(0, bytesRead)
    } finally {
      await file.close()
    }
  }

  watch(path: string, heard: () => void): () => void {
    let watcher: FSWatcher | undefined
    try {
      watcher = watch(path, { persistent: false }, heard)
      // Where the system has no watches left, whoever waits looks by the clock.
      watcher.on('error', () => watcher?.close())
    } catch (error) {
      if (!(error instanceof Error && 'syscall' in error)) throw error
    }
    return () => watcher?.close()
  }

  free(path: string, to: number): Promise<void> {
    const length = Math.floor(to / PAGE_BYTES) * PAGE_BYTES
    if (length === 0) return Promise.resolve()
    const args = ['--punch-hole', '--offset', '0', '--length', String(length), path]
    return new Promise((done, fail) => {
      execFile('fallocate', args, { timeout: FREE_TIMEOUT_MS }, (error) =>
        error ? fail(error) : done(),
      )
    })
  }

  async load(containerId: string): Promise<Checkpoint | undefined> {
    try {
      const read = JSON.parse(await readFile(this.#path(containerId), 'utf8')) as Checkpoint
      return Number.isSafeInteger(read.identity) && Number.isSafeInteger(read.offset)
        ? read
        : undefined
    } catch (error) {
      if (isMissing(error) || error instanceof SyntaxError) return undefined
      throw error
    }
  }

  async save(containerId: string, checkpoint: Checkpoint): Promise<void> {
    const path = this.#path(containerId)
    await mkdir(this.#directory, { recursive: true, mode: 0o700 })
    await writeFile(`${path}.new`, JSON.stringify(checkpoint), { mode: 0o600 })
    await rename(`${path}.new`, path)
  }

  async forget(containerId: string): Promise<void> {
    await rm(this.#path(containerId), { force: true })
  }

  #path(containerId: string): string {
    return join(this.#directory, `${containerId}.json`)
  }
}

const isMissing = (error: unknown): boolean => (error as NodeJS.ErrnoException).code === 'ENOENT'
