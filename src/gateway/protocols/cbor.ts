/**
 * The part of CBOR (RFC 8949) that Smithy RPC v2 uses. Our own, because what comes is hostile: nothing is allocated
 * for a length that only the header claims, depth is bounded, and no tag makes objects (docs/decisions/0012).
 */
import { Buffer } from 'node:buffer'

import { put, serialization } from './scalars.ts'

const BREAK = Symbol('break')
const INDEFINITE = 31
const [UNSIGNED, NEGATIVE, BYTES, TEXT, LIST, MAP, TAG] = [0, 1, 2, 3, 4, 5, 6]
const [FALSE, TRUE, NULL, UNDEFINED, HALF, SINGLE, DOUBLE] = [20, 21, 22, 23, 25, 26, 27]
const EPOCH = 1
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const bad = (why: string) => serialization(`The request body is not valid CBOR: ${why}.`)

/** One value and nothing after it: maps as objects, epoch timestamps as dates, byte strings as buffers. */
export function decodeCbor(
  bytes: Uint8Array,
  max: { readonly depth: number; readonly values: number },
): unknown {
  const reader = new Reader(bytes, max)
  try {
    const value = reader.value(0)
    if (value === BREAK || !reader.isAtEnd()) throw bad('more than one value')
    return value
  } catch (error) {
    if (error instanceof RangeError || error instanceof TypeError)
      throw bad('it ends too early, or its text is no UTF-8')
    throw error
  }
}

class Reader {
  readonly #bytes: Buffer
  readonly #max: { readonly depth: number; readonly values: number }
  #values = 0
  #at = 0

  constructor(bytes: Uint8Array, max: { readonly depth: number; readonly values: number }) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.#max = max
  }

  isAtEnd(): boolean {
    return this.#at === this.#bytes.length
  }

  value(depth: number): unknown {
    if (depth > this.#max.depth) throw bad(`it nests more than ${this.#max.depth} levels`)
    this.#count()
    const head = this.#bytes.readUInt8(this.#at++)
    const [major, info] = [head >> 5, head & 31]
    switch (major) {
      case UNSIGNED:
        return this.#argument(info)
      case NEGATIVE:
        return -1 - this.#argument(info)
      case BYTES:
        return this.#string(info, BYTES)
      case TEXT:
        return utf8.decode(this.#string(info, TEXT))
      case LIST:
        return this.#list(info, depth)
      case MAP:
        return this.#map(info, depth)
      case TAG:
        return this.#tagged(this.#argument(info), depth)
      default:
        return this.#simple(info)
    }
  }

  /** Keys and the chunks of a text count as well: each is something that is made. */
  #count(): void {
    if (++this.#values > this.#max.values) throw bad(`it has more than ${this.#max.values} values`)
  }

  #argument(info: number): number {
    if (info < 24) return info
    const at = this.#at
    switch (info) {
      case 24:
        this.#at += 1
        return this.#bytes.readUInt8(at)
      case 25:
        this.#at += 2
        return this.#bytes.readUInt16BE(at)
      case 26:
        this.#at += 4
        return this.#bytes.readUInt32BE(at)
      case 27:
        this.#at += 8
        return Number(this.#bytes.readBigUInt64BE(at))
      default:
        throw bad('a length that CBOR does not have')
    }
  }

  #string(info: number, major: number): Buffer {
    if (info !== INDEFINITE) return this.#chunk(this.#argument(info))
    const chunks: Buffer[] = []
    for (
      let head = this.#bytes.readUInt8(this.#at++);
      head !== 0xff;
      head = this.#bytes.readUInt8(this.#at++)
    ) {
      if (head >> 5 !== major || (head & 31) === INDEFINITE) throw bad('a string of mixed chunks')
      this.#count()
      chunks.push(this.#chunk(this.#argument(head & 31)))
    }
    return Buffer.concat(chunks)
  }

  #chunk(length: number): Buffer {
    const end = this.#at + length
    if (end > this.#bytes.length) throw bad('a string longer than the body')
    const chunk = this.#bytes.subarray(this.#at, end)
    this.#at = end
    return chunk
  }

  #list(info: number, depth: number): unknown[] {
    const list: unknown[] = []
    const length = info === INDEFINITE ? Infinity : this.#argument(info)
    while (list.length < length) {
      const value = this.value(depth + 1)
      if (value === BREAK) {
        if (length === Infinity) break
        throw bad('a break inside a list of known length')
      }
      list.push(value)
    }
    return list
  }

  #map(info: number, depth: number): object {
    const map: Record<string, unknown> = {}
    const length = info === INDEFINITE ? Infinity : this.#argument(info)
    for (let pairs = 0; pairs < length; pairs++) {
      const key = this.value(depth + 1)
      if (key === BREAK && length === Infinity) break
      if (typeof key !== 'string') throw bad('a key that is no text')
      // Two readers could take two different ones of them.
      if (Object.hasOwn(map, key)) throw bad('a key that is there twice')
      const value = this.value(depth + 1)
      if (value === BREAK) throw bad('a key without its value')
      put(map, key, value)
    }
    return map
  }

  #tagged(tag: number, depth: number): unknown {
    const value = this.value(depth + 1)
    if (tag !== EPOCH) return value
    const date = new Date(Math.round(Number(value) * 1000))
    if (typeof value !== 'number' || Number.isNaN(date.getTime()))
      throw bad('a timestamp that is none')
    return date
  }

  #simple(info: number): unknown {
    const at = this.#at
    switch (info) {
      case FALSE:
        return false
      case TRUE:
        return true
      case NULL:
      case UNDEFINED:
        return null
      case HALF:
        this.#at += 2
        return half(this.#bytes.readUInt16BE(at))
      case SINGLE:
        this.#at += 4
        return this.#bytes.readFloatBE(at)
      case DOUBLE:
        this.#at += 8
        return this.#bytes.readDoubleBE(at)
      case INDEFINITE:
        return BREAK
      default:
        throw bad('a simple value that is none of ours')
    }
  }
}

function half(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1
  const exponent = (bits >> 10) & 31
  const fraction = bits & 1023
  if (exponent === 0) return sign * fraction * 2 ** -24
  if (exponent === 31) return fraction ? NaN : sign * Infinity
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15)
}
