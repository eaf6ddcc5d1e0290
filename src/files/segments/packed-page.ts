/** A page on its way between threads: two pieces of memory, which are handed over, and not thousands of objects. */
import type { Page, Place, StoredEntry } from '../storage.ts'

export type PackedPage = {
  /** In the order of NUMBERS, entry after entry. */
  readonly numbers: Float64Array<ArrayBuffer>
  readonly payloads: Uint8Array<ArrayBuffer>
  readonly streamIds: readonly string[]
  readonly reached: Place | undefined
}

/** Of an entry: its timestamp, its sequence, when it was appended, the bytes of its payload, and which stream's it is. */
const NUMBERS = 5

export function packed({ entries, reached }: Page): PackedPage {
  const numbers = new Float64Array(entries.length * NUMBERS)
  const payloads = new Uint8Array(entries.reduce((sum, { payload }) => sum + payload.length, 0))
  const streams = new Map<string, number>()
  let [at, offset] = [0, 0]
  for (const { timestamp, sequence, appendedAt, streamId, payload } of entries) {
    const stream = streams.get(streamId) ?? streams.size
    streams.set(streamId, stream)
    numbers[at] = timestamp
    numbers[at + 1] = sequence
    numbers[at + 2] = appendedAt
    numbers[at + 3] = payload.length
    numbers[at + 4] = stream
    payloads.set(payload, offset)
    at += NUMBERS
    offset += payload.length
  }
  return { numbers, payloads, streamIds: [...streams.keys()], reached }
}

export function unpacked({ numbers, payloads, streamIds, reached }: PackedPage): Page {
  const all = Buffer.from(payloads.buffer)
  const entries: StoredEntry[] = []
  for (let at = 0, offset = 0; at < numbers.length; at += NUMBERS) {
    const end = offset + (numbers[at + 3] ?? 0)
    entries.push({
      timestamp: numbers[at] ?? 0,
      sequence: numbers[at + 1] ?? 0,
      appendedAt: numbers[at + 2] ?? 0,
      streamId: streamIds[numbers[at + 4] ?? 0] ?? '',
      payload: all.subarray(offset, end),
    })
    offset = end
  }
  return reached ? { entries, reached } : { entries }
}
