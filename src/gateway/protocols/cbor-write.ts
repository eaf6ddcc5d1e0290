/** Outputs as CBOR: definite lengths, integers where they are whole, timestamps under tag 1. */
import { Buffer } from 'node:buffer'

import { assert } from '#kernel/assert.ts'

import type { Shape } from '../model.ts'
import { bytesOf, checkMembers, dateOf } from './scalars.ts'

const FIRST_BYTES = 1024
const [UNSIGNED, NEGATIVE, BYTES, TEXT, LIST, MAP] = [0, 1, 2, 3, 4, 5]
const [FALSE, TRUE, DOUBLE, EPOCH_TAG] = [0xf4, 0xf5, 0xfb, 0xc1]

/** A structure, with texts before its members: an error's type and message. */
export function encodeCbor(
  shape: Shape | undefined,
  value: object,
  before: Readonly<Record<string, string>> = {},
): Uint8Array {
  const writer = new Writer()
  const members = shape?.type === 'structure' ? present(shape, value) : []
  const texts = Object.entries(before)
  writer.head(MAP, texts.length + members.length)
  for (const [name, text] of texts) {
    writer.text(name)
    writer.text(text)
  }
  writeMembers(writer, members)
  return writer.bytes()
}

type Present = readonly [name: string, shape: Shape, value: unknown]
function present(shape: Shape, value: unknown): Present[] {
  const given = checkMembers(shape, value)
  return shape.members.flatMap((member): Present[] =>
    given[member.name] === undefined || given[member.name] === null
      ? []
      : [[member.name, member.shape, given[member.name]]],
  )
}

function writeMembers(writer: Writer, members: readonly Present[]): void {
  for (const [name, shape, value] of members) {
    writer.text(name)
    write(writer, shape, value)
  }
}

function write(writer: Writer, shape: Shape, value: unknown): void {
  switch (shape.type) {
    case 'structure': {
      const members = present(shape, value)
      writer.head(MAP, members.length)
      return writeMembers(writer, members)
    }
    case 'list': {
      assert(Array.isArray(value), 'a list of an answer is no array')
      writer.head(LIST, value.length)
      for (const each of value) write(writer, shape.item!.shape, each)
      return
    }
    case 'map': {
      const entries = Object.entries(value as object).filter(
        ([, each]) => each !== undefined && each !== null,
      )
      writer.head(MAP, entries.length)
      return writeMembers(
        writer,
        entries.map(([key, each]: [string, unknown]): Present => [key, shape.item!.shape, each]),
      )
    }
    case 'boolean':
      return writer.byte(value ? TRUE : FALSE)
    case 'number':
    case 'bigint':
      return writer.number(Number(value))
    case 'timestamp':
      writer.byte(EPOCH_TAG)
      return writer.number(dateOf(value).getTime() / 1000)
    case 'blob':
      return writer.blob(bytesOf(value))
    default:
      assert(typeof value === 'string', `a ${shape.type} of an answer is no text`)
      return writer.text(value)
  }
}

class Writer {
  #buffer = Buffer.allocUnsafe(FIRST_BYTES)
  #at = 0

  bytes(): Uint8Array {
    return this.#buffer.subarray(0, this.#at)
  }

  byte(value: number): void {
    this.#room(1)
    this.#at = this.#buffer.writeUInt8(value, this.#at)
  }

  head(major: number, length: number): void {
    this.#room(9)
    const top = major << 5
    if (length < 24) this.#at = this.#buffer.writeUInt8(top | length, this.#at)
    else if (length < 2 ** 8)
      this.#at = this.#buffer.writeUInt8(length, this.#buffer.writeUInt8(top | 24, this.#at))
    else if (length < 2 ** 16)
      this.#at = this.#buffer.writeUInt16BE(length, this.#buffer.writeUInt8(top | 25, this.#at))
    else if (length < 2 ** 32)
      this.#at = this.#buffer.writeUInt32BE(length, this.#buffer.writeUInt8(top | 26, this.#at))
    else
      this.#at = this.#buffer.writeBigUInt64BE(
        BigInt(length),
        this.#buffer.writeUInt8(top | 27, this.#at),
      )
  }

  text(value: string): void {
    const length = Buffer.byteLength(value)
    this.head(TEXT, length)
    this.#room(length)
    this.#at += this.#buffer.write(value, this.#at)
  }

  blob(value: Buffer): void {
    this.head(BYTES, value.length)
    this.#room(value.length)
    this.#at += value.copy(this.#buffer, this.#at)
  }

  number(value: number): void {
    if (Number.isSafeInteger(value) && !Object.is(value, -0))
      return value < 0 ? this.head(NEGATIVE, -1 - value) : this.head(UNSIGNED, value)
    this.byte(DOUBLE)
    this.#room(8)
    this.#at = this.#buffer.writeDoubleBE(value, this.#at)
  }

  #room(bytes: number): void {
    if (this.#at + bytes <= this.#buffer.length) return
    const larger = Buffer.allocUnsafe(Math.max(this.#buffer.length * 2, this.#at + bytes))
    this.#buffer.copy(larger, 0, 0, this.#at)
    this.#buffer = larger
  }
}
