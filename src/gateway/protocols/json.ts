/** Values between JSON (or CBOR, once it is parsed) and the shapes of the model. */
import { Buffer } from 'node:buffer'

import { assert } from '#kernel/assert.ts'
import { jsonCounts } from '#kernel/json-text.ts'

import type { Member, Shape } from '../model.ts'
import type { Decoding } from './protocol.ts'
import {
  fits,
  bytesOf,
  checkMembers,
  dateOf,
  put,
  readTimestamp,
  serialization,
  writeTimestamp,
} from './scalars.ts'

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const WORDS = new Set(['NaN', 'Infinity', '-Infinity'])

/** The document, refused when it is no JSON, nests too deeply or has too many values. */
export function parseJson(
  bytes: Uint8Array,
  max: { readonly depth: number; readonly values: number },
): unknown {
  try {
    const text = utf8.decode(bytes)
    const { members, values, depth } = jsonCounts(text, max)
    if (depth > max.depth) throw serialization(`The document nests more than ${max.depth} levels.`)
    if (values > max.values) throw serialization(`The document has more than ${max.values} values.`)
    const value = JSON.parse(text) as unknown
    if (keysOf(value) !== members) throw serialization('A member is there more than once.')
    return value
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof TypeError)
      throw serialization('The request body is not valid JSON.')
    throw error
  }
}

/** The parser keeps the last of several members of one name: then it has fewer than the text. */
function keysOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0
  let keys = 0
  if (Array.isArray(value)) for (const each of value) keys += keysOf(each)
  else
    for (const key of Object.keys(value))
      keys += 1 + keysOf((value as Readonly<Record<string, unknown>>)[key])
  return keys
}

/**
 * A parsed document as the input that the shape describes. Members and entries of maps that are null are absent, and
 * unknown members are told of and dropped. No list of the models is sparse, the generator would fail on one: a null
 * in a list is no value of it, and without it the list would be another.
 */
export function readJson(shape: Shape, value: unknown, path: string, decoding: Decoding): unknown {
  switch (shape.type) {
    case 'structure':
      return readStructure(shape, value, path, decoding)
    case 'list': {
      if (!Array.isArray(value)) throw misplaced(value, 'list', path)
      const item = shape.item!.shape
      const list: unknown[] = []
      // Lists may be long: a batch of log events has ten thousand.
      for (const [index, each] of (value as readonly unknown[]).entries())
        list.push(readJson(item, each, `${path}.${index + 1}`, decoding))
      return list
    }
    case 'map': {
      if (!isObject(value)) throw misplaced(value, 'map', path)
      const map: Record<string, unknown> = {}
      for (const key of Object.keys(value))
        if (value[key] !== null && value[key] !== undefined)
          put(
            map,
            wellFormed(key, path),
            readJson(shape.item!.shape, value[key], `${path}.${key}`, decoding),
          )
      return map
    }
    case 'unit':
      return {}
    case 'document':
      return value
    default:
      return readScalar(shape, value, path)
  }
}

function readStructure(shape: Shape, value: unknown, path: string, decoding: Decoding): object {
  if (!isObject(value)) throw misplaced(value, 'structure', path)
  const input: Record<string, unknown> = {}
  let found = 0
  for (const member of shape.members) {
    const name = member.jsonName ?? member.name
    const given = Object.hasOwn(value, name) ? value[name] : undefined
    if (given === undefined) continue
    found++
    if (given !== null)
      input[member.name] = readJson(
        member.shape,
        given,
        path ? `${path}.${member.name}` : member.name,
        decoding,
      )
  }
  const names = Object.keys(value)
  if (names.length > found)
    for (const name of names)
      if (!knows(shape, name)) decoding.unknown(path ? `${path}.${name}` : name)
  return input
}

const knows = (shape: Shape, name: string) =>
  shape.byName.has(name) ||
  name === '__type' ||
  shape.members.some((member) => member.jsonName === name)

function readScalar(shape: Shape, value: unknown, path: string): unknown {
  switch (shape.type) {
    case 'string':
      if (typeof value === 'string') return wellFormed(value, path)
      break
    case 'number':
      if (typeof value === 'number' && Number.isFinite(value) && fits(shape, value)) return value
      if (typeof value === 'number' && !Number.isFinite(value) && !shape.integer) return value
      if (!shape.integer && typeof value === 'string' && WORDS.has(value)) return Number(value)
      break
    case 'boolean':
      if (typeof value === 'boolean') return value
      break
    case 'blob':
      if (typeof value === 'string') return Buffer.from(value, 'base64')
      if (value instanceof Uint8Array) return value
      break
    case 'timestamp':
      if (value instanceof Date) return value
      if (typeof value === 'number' || typeof value === 'string') return readTimestamp(value, path)
      break
    case 'bigint':
    case 'bigdecimal':
      if (typeof value === 'number' || typeof value === 'string' || typeof value === 'bigint')
        return shape.type === 'bigint' ? Number(value) : String(value)
      break
    default:
  }
  throw misplaced(value, shape.integer ? 'integer' : shape.type, path)
}

const WANTED: Readonly<Record<string, string>> = {
  string: 'a String',
  integer: 'an Integer',
  number: 'a Number',
  boolean: 'a Boolean',
  blob: 'a Blob',
  timestamp: 'a Timestamp',
}
const GIVEN: Readonly<Record<string, string>> = {
  string: 'STRING_VALUE',
  number: 'NUMBER_VALUE',
  bigint: 'NUMBER_VALUE',
}

/** The words of AWS's own JSON framework. */
function misplaced(value: unknown, wanted: string, path: string): Error {
  const where = path ? ` (at '${path}')` : ''
  if (Array.isArray(value)) return serialization(`Start of list found where not expected${where}`)
  if (isObject(value))
    return serialization(`Start of structure or map found where not expected.${where}`)
  const given =
    typeof value === 'boolean'
      ? value
        ? 'TRUE_VALUE'
        : 'FALSE_VALUE'
      : (GIVEN[typeof value] ?? 'NULL_VALUE')
  return wanted in WANTED
    ? serialization(`${given} can not be converted to ${WANTED[wanted]}${where}`)
    : serialization(
        `Expected ${wanted === 'list' ? 'list' : 'structure or map'}, found ${given}${where}`,
      )
}

function wellFormed(text: string, path: string): string {
  if (!text.isWellFormed())
    throw serialization(`The text${path ? ` at '${path}'` : ''} is not valid Unicode.`)
  return text
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' &&
  value !== null &&
  !Array.isArray(value) &&
  !(value instanceof Date) &&
  !(value instanceof Uint8Array)

/** An output as what `JSON.stringify` writes. Absent members stay away: old clients fail on null. */
export function writeJson(shape: Shape, value: unknown): unknown {
  switch (shape.type) {
    case 'structure':
      return writeMembers(shape, shape.members, checkMembers(shape, value))
    case 'list':
      assert(Array.isArray(value), 'a list of an answer is no array')
      return value
        .filter((each: unknown) => each !== undefined && each !== null)
        .map((each: unknown) => writeJson(shape.item!.shape, each))
    case 'map': {
      assert(isObject(value), 'a map of an answer is no object')
      const map: Record<string, unknown> = {}
      for (const key of Object.keys(value))
        if (value[key] !== undefined && value[key] !== null)
          put(map, key, writeJson(shape.item!.shape, value[key]))
      return map
    }
    case 'unit':
      return {}
    default:
      return writeScalar(shape, value)
  }
}

/** Some members of a structure: all of them, or those that a REST answer has in its body. */
export function writeMembers(
  shape: Shape,
  members: readonly Member[],
  value: Readonly<Record<string, unknown>>,
): object {
  const written: Record<string, unknown> = {}
  for (const member of members) {
    const each = value[member.name]
    if (each !== undefined && each !== null)
      written[member.jsonName ?? member.name] = writeJson(member.shape, each)
  }
  assert(
    !shape.union || Object.keys(written).length === 1,
    `union ${shape.name} of an answer needs exactly one member`,
  )
  return written
}

function writeScalar(shape: Shape, value: unknown): unknown {
  switch (shape.type) {
    case 'blob':
      return bytesOf(value).toString('base64')
    case 'timestamp':
      return writeTimestamp(dateOf(value), shape.timestamp ?? 'epoch-seconds')
    case 'number':
      assert(typeof value === 'number', 'a number of an answer is none')
      return Number.isFinite(value) ? value : String(value)
    case 'bigint':
      return Number(value)
    case 'string':
      assert(typeof value === 'string', 'a string of an answer is none')
      return value
    case 'boolean':
      assert(typeof value === 'boolean', 'a boolean of an answer is none')
      return value
    default:
      return value
  }
}
