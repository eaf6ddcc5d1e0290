/** Room on the disk that all files leave to the state, which ends the server when it has none. One for all rooms. */
import { statfsSync } from 'node:fs'

export type Disk = { readonly sizeBytes: number; readonly freeBytes: number }

/** The smaller one counts. */
const RESERVE_BYTES_MAX = 256 << 20
const RESERVE_SHARE = 0.05

export class Reserve {
  readonly #diskOf: (path: string) => Disk
  /** What may be on its way to a disk, in any room. */
  #claimed = 0

  constructor(disk = diskOf) {
    this.#diskOf = disk
  }

  /** Whether so much may be written there now; if so, it is to be released once it is written. */
  claim(path: string, bytes: number): boolean {
    const { sizeBytes, freeBytes } = this.#diskOf(path)
    const reserved = Math.min(RESERVE_BYTES_MAX, sizeBytes * RESERVE_SHARE)
    if (this.#claimed + bytes > freeBytes - reserved) return false
    this.#claimed += bytes
    return true
  }

  release(bytes: number): void {
    this.#claimed -= bytes
  }
}

function diskOf(path: string): Disk {
  const { bsize, blocks, bavail } = statfsSync(path)
  return { sizeBytes: blocks * bsize, freeBytes: bavail * bsize }
}
