/** The contract as the gateway sees it: what a generated model file holds, and the graph of shapes made from it. */
import { readFileSync } from 'node:fs'

import { assert } from '#kernel/assert.ts'

export type ProtocolName =
  | 'json-1.0'
  | 'json-1.1'
  | 'query'
  | 'ec2'
  | 'rest-json'
  | 'rest-xml'
  | 'cbor'

/** What the gateway must know of a service beside its shapes. */
export type ServiceFacts = {
  /** The AWS CLI's name of the service: also the room's. */
  readonly service: string
  /** The name in the signature's scope; several services may share one. */
  readonly signingName: string
  /** `Version` of Query requests. */
  readonly version: string
  /** The prefix of `X-Amz-Target`, and the service's name in CBOR paths. */
  readonly target: string
  readonly xmlns: string
  /** The service's own protocol first. */
  readonly protocols: readonly ProtocolName[]
  /** True where JSON and CBOR errors carry Query's code in a header of their own. */
  readonly queryCompatible: boolean
  /** The code under which the service refuses what its model forbids. */
  readonly validationError: string
  /** How it words a value against its model, where that is not as most do. */
  readonly violations?: 'parameter' | 'constraint' | 'log names'
  /** It keeps objects in buckets: these are in the host or the path, bodies stay as they come and may be unsigned, and its errors have words of their own. */
  readonly objects?: true
  /** The largest body that it takes, where that is not as most do. */
  readonly bodyBytes?: number
}

export type ShapeType =
  | 'string'
  | 'number'
  | 'boolean'
  | 'blob'
  | 'timestamp'
  | 'bigint'
  | 'bigdecimal'
  | 'document'
  | 'list'
  | 'map'
  | 'structure'
  | 'unit'
export type TimestampFormat = 'date-time' | 'http-date' | 'epoch-seconds'

export type Limits = {
  readonly min?: number
  readonly max?: number
  readonly pattern?: string
  readonly enum?: readonly string[]
}

/** The traits of a member that some protocol reads; the generator fails on any other. */
export type MemberTraits = {
  readonly httpLabel?: 1
  readonly httpQuery?: string
  readonly httpQueryParams?: 1
  readonly httpHeader?: string
  readonly httpPrefixHeaders?: string
  readonly httpPayload?: 1
  readonly httpResponseCode?: 1
  readonly jsonName?: string
  readonly xmlName?: string
  readonly xmlFlattened?: 1
  readonly xmlAttribute?: 1
  readonly xmlNamespace?: readonly [prefix: string, uri: string]
  readonly ec2QueryName?: string
  readonly idempotencyToken?: 1
  readonly sensitive?: 1
  readonly hostLabel?: 1
  readonly eventPayload?: 1
}

export type MemberFile = MemberTraits & {
  readonly name: string
  /** Index into the file's shapes. */
  readonly shape: number
  readonly required?: 1
  readonly limits?: Limits
}
export type ShapeFile = {
  readonly type: ShapeType
  readonly name?: string
  readonly members?: readonly MemberFile[]
  readonly item?: MemberFile
  readonly key?: MemberFile
  readonly timestamp?: TimestampFormat
  readonly integer?: 32 | 64
  readonly streaming?: 1
  readonly union?: 1
  readonly xmlName?: string
  readonly error?: ErrorTraits
}
export type ErrorTraits = {
  readonly status: number
  /** Query's code, where it is not the shape's name. */
  readonly code?: string
}
export type OperationFile = {
  readonly input: number
  readonly output: number
  readonly errors: readonly string[]
  readonly http?: readonly [method: string, uri: string, status: number]
  /** True where AWS takes the request without a signature. */
  readonly unsigned?: 1
}
export type ModelFile = {
  readonly service: string
  readonly namespace: string
  readonly sources: Readonly<Record<string, string>>
  readonly operations: Readonly<Record<string, OperationFile>>
  readonly errors: Readonly<Record<string, number>>
  readonly shapes: readonly ShapeFile[]
}

export type Member = MemberTraits & {
  readonly name: string
  readonly required: boolean
  readonly limits: Limits | undefined
  readonly shape: Shape
}
export type Shape = {
  readonly type: ShapeType
  readonly name: string
  readonly members: readonly Member[]
  readonly byName: ReadonlyMap<string, Member>
  readonly item: Member | undefined
  readonly key: Member | undefined
  readonly timestamp: TimestampFormat | undefined
  /** How many bits a whole number may have; 0 where it may have a fraction. */
  readonly integer: 0 | 32 | 64
  readonly streaming: boolean
  readonly union: boolean
  readonly xmlName: string | undefined
  readonly error: ErrorTraits | undefined
}
export type OperationModel = Omit<OperationFile, 'input' | 'output'> & {
  readonly name: string
  readonly input: Shape
  readonly output: Shape
}
export type Model = {
  readonly service: string
  readonly namespace: string
  readonly operations: ReadonlyMap<string, OperationModel>
  /** By the shape's name and, where Query has another code, by that too. */
  readonly errors: ReadonlyMap<string, Shape>
}

const loaded = new Map<string, Model>()

/** A service's model, read at its first use: a server that never hears of a service never holds its shapes. */
export function modelOf(service: string): Model {
  const hit = loaded.get(service)
  if (hit) return hit
  const path = new URL(`../contract/models/${service}.json`, import.meta.url)
  const model = link(JSON.parse(readFileSync(path, 'utf8')) as ModelFile)
  loaded.set(service, model)
  return model
}

/** Turns the file's indexes into references. */
function link(file: ModelFile): Model {
  const shapes = file.shapes.map(hollow)
  const at = (index: number): Shape => {
    const shape = shapes[index]
    assert(shape, `${file.service}: no shape ${index} in its model`)
    return shape
  }
  file.shapes.forEach((from, index) => {
    const shape = shapes[index]!
    shape.members = (from.members ?? []).map((each) => linked(each, at))
    shape.byName = new Map(shape.members.map((each) => [each.name, each]))
    shape.item = from.item && linked(from.item, at)
    shape.key = from.key && linked(from.key, at)
  })
  const operations = new Map<string, OperationModel>()
  for (const [name, operation] of Object.entries(file.operations))
    operations.set(name, {
      ...operation,
      name,
      input: at(operation.input),
      output: at(operation.output),
    })
  const errors = new Map<string, Shape>()
  for (const index of Object.values(file.errors)) {
    const code = at(index).error?.code
    if (code !== undefined) errors.set(code, at(index))
  }
  // Names come after codes: two errors may share a code, and one's code may be another's name.
  for (const [name, index] of Object.entries(file.errors)) errors.set(name, at(index))
  return { service: file.service, namespace: file.namespace, operations, errors }
}

const linked = (from: MemberFile, at: (index: number) => Shape): Member => ({
  ...from,
  required: from.required === 1,
  limits: from.limits,
  shape: at(from.shape),
})

type Hollow = { -readonly [Key in keyof Shape]: Shape[Key] }
const hollow = (from: ShapeFile): Hollow => ({
  type: from.type,
  name: from.name ?? '',
  members: [],
  byName: new Map(),
  item: undefined,
  key: undefined,
  timestamp: from.timestamp,
  integer: from.integer ?? 0,
  streaming: from.streaming === 1,
  union: from.union === 1,
  xmlName: from.xmlName,
  error: from.error,
})
