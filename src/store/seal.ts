/**
 * Encrypts the few fields that are secrets before they reach a record, so that neither the journal, nor a
 * snapshot, nor a backup of the data directory holds them readable. The key lives outside that directory.
 */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'

/** A sealed text: `v1.` and base64url of nonce, tag and ciphertext. */
export type Sealed = string

const NONCE_BYTES = 12
const TAG_BYTES = 16
export const SEAL_KEY_BYTES = 32

export class Sealer {
  readonly #key: Uint8Array

  constructor(key: Uint8Array) {
    if (key.length !== SEAL_KEY_BYTES) throw new Error(`a seal key has ${SEAL_KEY_BYTES} bytes`)
    this.#key = key
  }

  seal(plain: string): Sealed {
    const nonce = randomBytes(NONCE_BYTES)
    const cipher = createCipheriv('aes-256-gcm', this.#key, nonce)
    const text = Buffer.concat([cipher.update(plain, 'utf8'), cipher.final()])
    return `v1.${Buffer.concat([nonce, cipher.getAuthTag(), text]).toString('base64url')}`
  }

  /** Throws when the text was sealed with another key, or altered. */
  open(sealed: Sealed): string {
    const bytes = Buffer.from(sealed.slice(3), 'base64url')
    const decipher = createDecipheriv('aes-256-gcm', this.#key, bytes.subarray(0, NONCE_BYTES))
    decipher.setAuthTag(bytes.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES))
    const text = bytes.subarray(NONCE_BYTES + TAG_BYTES)
    return Buffer.concat([decipher.update(text), decipher.final()]).toString('utf8')
  }
}
