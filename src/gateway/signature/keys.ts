/**
 * HMAC-SHA256 as two one-shot hashes over ready-made pads: `createHmac` costs ten times as much a call, and a
 * signing key is the same for a whole day.
 */
import { createHmac, hash } from 'node:crypto'

const BLOCK_BYTES = 64
const KEYS_MAX = 10_000
type Pads = { readonly inner: Buffer; readonly outer: Buffer }
export type Scope = { readonly day: string; readonly region: string; readonly service: string }

/** The signing keys of recent requests, the oldest given up first. */
export class SigningKeys {
  readonly #keys = new Map<string, Pads>()

  /** The signature of `text` as the 32 bytes that its hexadecimal digits stand for. */
  sign(secret: string, scope: Scope, text: string): Buffer {
    const pads = this.#padsOf(secret, scope)
    const inner = hash('sha256', Buffer.concat([pads.inner, Buffer.from(text)]), 'buffer')
    return hash('sha256', Buffer.concat([pads.outer, inner]), 'buffer')
  }

  #padsOf(secret: string, scope: Scope): Pads {
    const id = `${scope.day}/${scope.region}/${scope.service}/${secret}`
    const hit = this.#keys.get(id)
    if (hit) return hit
    if (this.#keys.size >= KEYS_MAX) this.#keys.delete(this.#keys.keys().next().value!)
    const pads = padsOf(signingKey(secret, scope))
    this.#keys.set(id, pads)
    return pads
  }
}

function signingKey(secret: string, scope: Scope): Buffer {
  let key = Buffer.from(`AWS4${secret}`)
  for (const text of [scope.day, scope.region, scope.service, 'aws4_request'])
    key = createHmac('sha256', key).update(text).digest()
  return key
}

function padsOf(key: Buffer): Pads {
  const inner = Buffer.alloc(BLOCK_BYTES, 0x36)
  const outer = Buffer.alloc(BLOCK_BYTES, 0x5c)
  key.forEach((byte, index) => {
    inner[index]! ^= byte
    outer[index]! ^= byte
  })
  return { inner, outer }
}
