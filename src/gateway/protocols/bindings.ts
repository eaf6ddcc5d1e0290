/** REST's bindings: which members are in the path, the query and the headers, and which are left for the body. */
import { Buffer, isUtf8 } from 'node:buffer'

import { assert } from '#kernel/assert.ts'

import type { Member, Shape } from '../model.ts'
import type { Request } from '../request.ts'
import type { Route } from './protocol.ts'
import { checkMembers, put, readText, serialization, writeText } from './scalars.ts'

export type Bound = {
  readonly members: Record<string, unknown>
  /** The one member that is the body, or those that the body's document holds. */
  readonly payload: Member | undefined
  readonly body: readonly Member[]
}

export function readBindings(route: Route, request: Request): Bound {
  const members: Record<string, unknown> = {}
  const body: Member[] = []
  let payload: Member | undefined
  for (const member of route.operation.input.members) {
    const value = readBound(member, route, request)
    if (value === IN_BODY) body.push(member)
    else if (value === IS_BODY) payload = member
    else if (value !== undefined) members[member.name] = value
  }
  return { members, payload, body }
}

const IN_BODY = Symbol('in the body')
const IS_BODY = Symbol('the body itself')

function readBound(member: Member, route: Route, request: Request): unknown {
  const { shape } = member
  if (member.httpLabel)
    return route.labels[member.name] === undefined
      ? undefined
      : readText(shape, route.labels[member.name]!, member.name)
  if (member.httpQuery !== undefined) {
    const values = request.query
      .filter(([name]) => name === member.httpQuery)
      .map(([, value]) => value)
    if (values.length === 0) return undefined
    return shape.type === 'list'
      ? values.map((value) => readText(shape.item!.shape, value, member.name))
      : readText(shape, values[0]!, member.name)
  }
  if (member.httpQueryParams) return readParameters(member, route.operation.input, request)
  if (member.httpHeader !== undefined)
    return readHeader(member, request.headers.get(member.httpHeader.toLowerCase()))
  if (member.httpPrefixHeaders !== undefined)
    return readPrefixed(member.httpPrefixHeaders.toLowerCase(), request)
  return member.httpPayload ? IS_BODY : IN_BODY
}

/** All parameters that no other member is bound to. */
function readParameters(member: Member, input: Shape, request: Request): object {
  const bound = new Set(input.members.map((each) => each.httpQuery))
  const rest = Object.groupBy(
    request.query.filter(([name]) => !bound.has(name) && !name.startsWith('X-Amz-')),
    ([name]) => name,
  )
  const isList = member.shape.item!.shape.type === 'list'
  const map: Record<string, unknown> = {}
  for (const [name, pairs = []] of Object.entries(rest))
    put(map, name, isList ? pairs.map((pair) => pair[1]) : pairs[0]![1])
  return map
}

function readHeader(member: Member, text: string | undefined): unknown {
  if (text === undefined || text === '') return undefined
  if (member.shape.type !== 'list') return readText(member.shape, text, member.name)
  const item = member.shape.item!.shape
  const parts = item.type === 'timestamp' ? text.split(/(?<=GMT),\s*/) : splitList(text)
  return parts.map((part) => readText(item, part, member.name))
}

/** Comma-separated, where a quoted item may hold commas. */
function splitList(text: string): string[] {
  return [...text.matchAll(/"((?:[^"\\]|\\.)*)"|([^,]+)/g)]
    .map((match) => match[1]?.replaceAll(/\\(.)/g, '$1') ?? match[2]!.trim())
    .filter((part) => part !== '')
}

function readPrefixed(prefix: string, request: Request): object | undefined {
  const map: Record<string, unknown> = {}
  for (const [name, value] of request.headers)
    if (name.startsWith(prefix) && name.length > prefix.length)
      put(map, name.slice(prefix.length), value)
  return Object.keys(map).length > 0 ? map : undefined
}

export type Written = {
  readonly status: number
  readonly headers: Record<string, string>
  readonly payload: Member | undefined
  readonly body: readonly Member[]
  readonly given: Readonly<Record<string, unknown>>
}

export function writeBindings(route: Route, output: object): Written {
  const { operation } = route
  const given = operation.output.type === 'unit' ? {} : checkMembers(operation.output, output)
  const headers: Record<string, string> = {}
  const body: Member[] = []
  let payload: Member | undefined
  let status = operation.http?.[2] ?? 200
  for (const member of operation.output.members) {
    const value = given[member.name]
    if (member.httpHeader !== undefined) {
      if (value !== undefined && value !== null)
        headers[member.httpHeader.toLowerCase()] = writeHeader(member, value)
    } else if (member.httpPrefixHeaders !== undefined) {
      for (const [name, each] of Object.entries((value ?? {}) as Record<string, string>))
        headers[(member.httpPrefixHeaders + name).toLowerCase()] = each
    } else if (member.httpResponseCode) {
      if (value !== undefined) status = Number(value)
    } else if (member.httpPayload) payload = member
    else body.push(member)
  }
  for (const value of Object.values(headers))
    assert(!/[\r\n\0]/.test(value), 'a header of an answer holds a line break')
  assert(status >= 200 && status <= 599, `an answer has status ${status}`)
  return { status, headers, payload, body, given }
}

function writeHeader(member: Member, value: unknown): string {
  if (member.shape.type !== 'list') return writeText(member.shape, value, 'http-date')
  assert(Array.isArray(value), 'a list of an answer is no array')
  return value
    .map((each: unknown) => writeText(member.shape.item!.shape, each, 'http-date'))
    .join(', ')
}

/** A body that is one member, not a document: bytes, or text. */
export function setRaw(members: Record<string, unknown>, payload: Member, request: Request): void {
  // HTTP has no absent body: an empty one may mean either, and clients mean none.
  if (request.body.length === 0) return
  if (payload.shape.type === 'blob') members[payload.name] = request.body
  else if (isUtf8(request.body)) members[payload.name] = Buffer.from(request.body).toString('utf8')
  else throw serialization('The request body is not valid UTF-8.')
}

export function isRaw(payload: Member): boolean {
  return payload.shape.type === 'blob' || payload.shape.type === 'string'
}
