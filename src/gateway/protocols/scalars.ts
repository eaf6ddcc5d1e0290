/** Scalars as text and timestamps in their three forms: shared by all protocols. */
import { Buffer } from 'node:buffer'

import { assert } from '#kernel/assert.ts'
import { Fault } from '#kernel/fault.ts'

import type { Shape, TimestampFormat } from '../model.ts'

export const serialization = (message: string) => new Fault('SerializationException', message)

/** Text of a form, a header, a path or an XML element, as the value that the shape wants. */
export function readText(shape: Shape, text: string, path: string): unknown {
  switch (shape.type) {
    case 'string':
    case 'bigdecimal':
      return text
    case 'number':
    case 'bigint':
      return readNumber(shape, text, path)
    case 'boolean':
      if (text === 'true' || text === 'false') return text === 'true'
      throw serialization(`${path}: '${text.slice(0, 100)}' can not be converted to a Boolean`)
    case 'timestamp':
      return readTimestamp(text, path)
    case 'blob':
      return Buffer.from(text, 'base64')
    default:
      throw serialization(`${path}: a ${shape.type} cannot be written as text`)
  }
}

/** Whether a number is one that the shape can hold: clients in other languages read it into so many bits. */
export function fits({ integer: bits }: Shape, value: number): boolean {
  if (bits === 0) return true
  const limit = 2 ** (bits - 1)
  return Number.isInteger(value) && value >= -limit && value < limit
}

const WORDS = new Set(['NaN', 'Infinity', '-Infinity'])

function readNumber(shape: Shape, text: string, path: string): number {
  const value = Number(text)
  const sound = WORDS.has(text) ? !shape.integer : text.trim() !== '' && Number.isFinite(value)
  if (!sound || !fits(shape, value))
    throw serialization(
      `${path}: '${text.slice(0, 100)}' can not be converted to ${shape.integer ? 'an Integer' : 'a Number'}`,
    )
  return value
}

/** Seconds since the epoch, ISO 8601 or HTTP's date: a client may send any of them. */
export function readTimestamp(value: unknown, path: string): Date {
  const seconds =
    typeof value === 'number'
      ? value
      : typeof value === 'string' && /^-?\d+(?:\.\d+)?$/.test(value)
        ? Number(value)
        : undefined
  const date =
    seconds !== undefined
      ? new Date(Math.round(seconds * 1000))
      : typeof value === 'string'
        ? new Date(value)
        : undefined
  if (!date || Number.isNaN(date.getTime())) throw serialization(`${path} is not a valid timestamp`)
  return date
}

export function writeTimestamp(value: Date, format: TimestampFormat): string | number {
  switch (format) {
    case 'date-time':
      return value.toISOString().replace('.000Z', 'Z')
    case 'http-date':
      return value.toUTCString()
    case 'epoch-seconds':
      return value.getTime() / 1000
  }
}

export function writeText(shape: Shape, value: unknown, format: TimestampFormat): string {
  if (shape.type === 'timestamp')
    return String(writeTimestamp(dateOf(value), shape.timestamp ?? format))
  if (shape.type === 'blob') return bytesOf(value).toString('base64')
  assert(
    ['string', 'number', 'boolean', 'bigint'].includes(typeof value),
    `a ${shape.type} of an answer is a ${typeof value}`,
  )
  return String(value)
}

export function dateOf(value: unknown): Date {
  assert(value instanceof Date, 'a timestamp of an answer is no Date')
  return value
}

export function bytesOf(value: unknown): Buffer {
  if (typeof value === 'string') return Buffer.from(value)
  assert(value instanceof Uint8Array, 'a blob of an answer is neither text nor bytes')
  return Buffer.from(value.buffer, value.byteOffset, value.byteLength)
}

/** Sets an own property whatever its name: `__proto__` is a legal key of AWS's maps. */
export function put(target: Record<string, unknown>, key: string, value: unknown): void {
  if (key === '__proto__')
    Object.defineProperty(target, key, {
      value,
      enumerable: true,
      configurable: true,
      writable: true,
    })
  else target[key] = value
}

/** The members of an output that are there; one that the model does not know is a mistake of ours. */
export function checkMembers(shape: Shape, value: unknown): Readonly<Record<string, unknown>> {
  assert(
    typeof value === 'object' && value !== null && !Array.isArray(value),
    `${shape.name} of an answer is no structure`,
  )
  const members = value as Readonly<Record<string, unknown>>
  for (const name of Object.keys(members))
    assert(shape.byName.has(name), `${shape.name} has no member ${name}`)
  return members
}
