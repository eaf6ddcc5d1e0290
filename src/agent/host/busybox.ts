/** The machine's busybox, of which images are made that no registry is asked for. */
import { readFileSync } from 'node:fs'

export const BUSYBOX = '/bin/busybox'

const ELF_64 = 2
const ELF_INTERPRETER = 3

/** A program with an interpreter (`PT_INTERP`) needs libraries that an empty image does not have. */
export function isStatic(path: string): boolean {
  let head: Buffer
  try {
    head = readFileSync(path)
  } catch {
    return false
  }
  if (head.toString('latin1', 1, 4) !== 'ELF' || head[4] !== ELF_64) return false
  const [offset, size, count] = [
    Number(head.readBigUInt64LE(32)),
    head.readUInt16LE(54),
    head.readUInt16LE(56),
  ]
  for (let index = 0; index < count; index += 1)
    if (head.readUInt32LE(offset + index * size) === ELF_INTERPRETER) return false
  return true
}
