import { readFileSync } from 'node:fs'
import { inflateRawSync } from 'node:zlib'

const END = 0x06054b50
const END_BYTES = 22
const STORED = 0

type Entry = { readonly at: number; readonly bytes: number; readonly method: number }
/** A zip file's entries, read on demand. Enough of the format for one well-formed archive of a build step. */
export type Zip = { readonly names: readonly string[]; readonly read: (name: string) => Buffer }

export function openZip(path: string): Zip {
  const zip = readFileSync(path)
  const entries = directory(zip)
  return {
    names: [...entries.keys()],
    read: (name) => {
      const entry = entries.get(name)
      if (!entry) throw new Error(`${path} has no ${name}`)
      const from = entry.at + 30 + zip.readUInt16LE(entry.at + 26) + zip.readUInt16LE(entry.at + 28)
      const packed = zip.subarray(from, from + entry.bytes)
      return entry.method === STORED ? packed : inflateRawSync(packed)
    },
  }
}

function directory(zip: Buffer): Map<string, Entry> {
  let end = zip.length - END_BYTES
  while (end >= 0 && zip.readUInt32LE(end) !== END) end--
  if (end < 0) throw new Error('not a zip file: it has no end record')
  const entries = new Map<string, Entry>()
  let at = zip.readUInt32LE(end + 16)
  for (let left = zip.readUInt16LE(end + 10); left > 0; left--) {
    const nameBytes = zip.readUInt16LE(at + 28)
    const rest = zip.readUInt16LE(at + 30) + zip.readUInt16LE(at + 32)
    entries.set(zip.toString('utf8', at + 46, at + 46 + nameBytes), {
      at: zip.readUInt32LE(at + 42),
      bytes: zip.readUInt32LE(at + 20),
      method: zip.readUInt16LE(at + 10),
    })
    at += 46 + nameBytes + rest
  }
  return entries
}
