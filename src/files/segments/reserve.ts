/** Room on the disk that log events and history leave to the state, which ends the server when it has none. */
import { statfsSync } from 'node:fs'

export type Disk = { readonly sizeBytes: number; readonly freeBytes: number }

/** The smaller one counts. */
const RESERVE_BYTES_MAX = 256 << 20
const RESERVE_SHARE = 0.05

export const NO_ROOM = 'what is left of the disk is kept for the state'

/** How many bytes may be written. */
export const roomOn = ({ sizeBytes, freeBytes }: Disk): number =>
  freeBytes - Math.min(RESERVE_BYTES_MAX, sizeBytes * RESERVE_SHARE)

export function diskOf(path: string): Disk {
  const { bsize, blocks, bavail } = statfsSync(path)
  return { sizeBytes: blocks * bsize, freeBytes: bavail * bsize }
}
