/** A page on its way between threads: all payloads in one piece of memory, which is handed over and not copied. */
import type { Page, Place, StoredEntry } from '../storage.ts'

export type PackedPage = {
  readonly places: readonly (Omit<StoredEntry, 'payload'> & { readonly bytes: number })[]
  readonly payloads: ArrayBuffer
  readonly reached: Place | undefined
}

export function packed({ entries, reached }: Page): PackedPage {
  const bytes = entries.reduce((sum, { payload }) => sum + payload.length, 0)
  const payloads = new Uint8Array(bytes)
  let at = 0
  const places = entries.map(({ payload, ...place }) => {
    payloads.set(payload, at)
    at += payload.length
    return { ...place, bytes: payload.length }
  })
  return { places, payloads: payloads.buffer, reached }
}

export function unpacked({ places, payloads, reached }: PackedPage): Page {
  let at = 0
  const entries = places.map(({ bytes, ...place }): StoredEntry => {
    const payload = Buffer.from(payloads, at, bytes)
    at += bytes
    return { ...place, payload }
  })
  return reached ? { entries, reached } : { entries }
}
