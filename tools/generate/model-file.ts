/** Merges the SDK's schemas with botocore's limits into one compact model file. */
import type {
  ErrorTraits,
  Limits,
  MemberFile,
  ModelFile,
  OperationFile,
  ShapeFile,
} from '#gateway/model.ts'

import type { Botocore } from './botocore.ts'
import type { Declarations } from './declarations.ts'
import type { Source } from './facts.ts'
import { readPackage, type Schema, type SchemaMember, type Traits } from './schemas.ts'

/** What the model keeps of a member's traits. */
const KEPT = new Set([
  'httpLabel',
  'httpQuery',
  'httpQueryParams',
  'httpHeader',
  'httpPrefixHeaders',
  'httpPayload',
  'httpResponseCode',
  'jsonName',
  'xmlName',
  'xmlFlattened',
  'xmlAttribute',
  'xmlNamespace',
  'ec2QueryName',
  'idempotencyToken',
  'sensitive',
  'hostLabel',
  'eventPayload',
])
/** What it leaves out: known, and of no use to a server. */
const DROPPED = new Set([
  'idempotent',
  'httpChecksum',
  'endpoint',
  'mediaType',
  'error',
  'httpError',
  'awsQueryError',
  'http',
  'streaming',
])

export type Maker = {
  readonly source: Source
  readonly exports: Readonly<Record<string, unknown>>
  readonly botocore: Botocore
  readonly declarations: Declarations
  readonly sources: ModelFile['sources']
  /** Hears of patterns that JavaScript cannot compile: they are left out. */
  readonly warn: (message: string) => void
}

export function makeModel(maker: Maker): ModelFile {
  const { operations, errors } = readPackage(maker.exports)
  const table = new ShapeTable(maker)
  const made: Record<string, OperationFile> = {}
  for (const operation of operations.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    const known = maker.botocore.operations[operation.name]
    made[operation.name] = {
      input: table.add(operation.input, known?.input?.shape),
      output: table.add(operation.output, known?.output?.shape),
      errors: (
        known?.errors?.map((error) => error.shape) ?? maker.declarations.throws(operation.name)
      ).toSorted(),
      ...httpOf(operation.traits),
      ...(known?.authtype === 'none' && { unsigned: 1 as const }),
    }
  }
  const faults = errors
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .map((error): [string, number] => [error.name, table.add(error, error.name)])
  const namespace =
    errors[0]?.namespace ?? operations.find((each) => each.input.namespace)?.input.namespace ?? ''
  return {
    service: maker.source.facts.service,
    namespace,
    sources: maker.sources,
    operations: made,
    errors: Object.fromEntries(faults),
    shapes: table.shapes,
  }
}

function httpOf(traits: Traits): Pick<OperationFile, 'http'> {
  const http = traits['http'] as readonly [string, string, number] | undefined
  return http ? { http } : {}
}

/** The file's shapes, each schema once however often it is used. */
class ShapeTable {
  readonly shapes: ShapeFile[] = []
  readonly #indexes = new Map<Schema, number>()
  readonly #numbers = new Map<string, number>()
  readonly #maker: Maker

  constructor(maker: Maker) {
    this.#maker = maker
  }

  add(schema: Schema, botocoreName: string | undefined): number {
    const twin = botocoreName === undefined ? undefined : this.#maker.botocore.shapes[botocoreName]
    if (schema.type === 'number' && (twin?.type === 'integer' || twin?.type === 'long'))
      return this.#integer(twin.type === 'long' ? 64 : 32)
    const hit = this.#indexes.get(schema)
    if (hit !== undefined) return hit
    const index = this.shapes.push({ type: schema.type }) - 1
    this.#indexes.set(schema, index)
    this.shapes[index] = {
      type: schema.type,
      ...(schema.name && { name: schema.name }),
      ...(schema.timestamp && { timestamp: schema.timestamp }),
      ...(schema.streaming && { streaming: 1 as const }),
      ...(schema.union && { union: 1 as const }),
      ...(typeof schema.traits['xmlName'] === 'string' && { xmlName: schema.traits['xmlName'] }),
      ...(schema.traits['error'] !== undefined && { error: errorOf(schema) }),
      ...(schema.type === 'structure' && {
        members: schema
          .members()
          .map((each) => this.#member(each, schema.name, twin?.members?.[each.name]?.shape)),
      }),
      ...(schema.key && { key: this.#member(schema.key(), '', twin?.key?.shape) }),
      ...(schema.item && {
        item: this.#member(schema.item(), '', (twin?.member ?? twin?.value)?.shape),
      }),
    }
    return index
  }

  /** The SDK folds all numbers into one; botocore tells which of them are whole. */
  #integer(bits: 32 | 64): number {
    const hit = this.#numbers.get(`integer ${bits}`)
    if (hit !== undefined) return hit
    const index = this.shapes.push({ type: 'number', integer: bits }) - 1
    this.#numbers.set(`integer ${bits}`, index)
    return index
  }

  #member(member: SchemaMember, structure: string, botocoreName: string | undefined): MemberFile {
    const limits = this.#limits(member, structure, botocoreName)
    return {
      name: member.name,
      shape: this.add(member.schema, botocoreName),
      ...(member.required && structure && { required: 1 as const }),
      ...kept(member),
      ...(limits && { limits }),
    }
  }

  #limits(
    member: SchemaMember,
    structure: string,
    botocoreName: string | undefined,
  ): Limits | undefined {
    if (member.schema.type === 'structure') return undefined
    const twin = botocoreName === undefined ? undefined : this.#maker.botocore.shapes[botocoreName]
    const values = this.#enumOf(member, structure, botocoreName) ?? twin?.enum
    const pattern =
      twin?.pattern !== undefined && this.#compiles(twin.pattern, botocoreName)
        ? twin.pattern
        : undefined
    const limits: Limits = {
      ...(twin?.min !== undefined && { min: twin.min }),
      ...(twin?.max !== undefined && { max: twin.max }),
      ...(pattern !== undefined && { pattern }),
      ...(values && member.schema.type === 'string' && { enum: values }),
    }
    return Object.keys(limits).length > 0 ? limits : undefined
  }

  /** The enum's values from the SDK, which is newer than botocore; named by the declarations or by botocore. */
  #enumOf(
    member: SchemaMember,
    structure: string,
    botocoreName: string | undefined,
  ): readonly string[] | undefined {
    const declared = this.#maker.declarations
      .memberType(structure, member.name)
      ?.replace(' | undefined', '')
    for (const name of [declared, botocoreName]) {
      const found = name === undefined ? undefined : this.#maker.exports[name]
      if (typeof found !== 'object' || found === null || Array.isArray(found)) continue
      const values = Object.values(found)
      if (values.every((value) => typeof value === 'string')) return values
    }
    return undefined
  }

  #compiles(pattern: string, name: string | undefined): boolean {
    if (compilable(pattern)) return true
    this.#maker.warn(`${name}: pattern ${pattern} is none in JavaScript: left out`)
    return false
  }
}

function compilable(pattern: string): boolean {
  for (const flags of ['u', ''])
    try {
      return Boolean(new RegExp(`^(?:${pattern})$`, flags))
    } catch {
      // The next flags may do: AWS's patterns are Java's, some with escapes that only the lenient grammar takes.
    }
  return false
}

function kept(member: SchemaMember): Record<string, unknown> {
  const traits: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(member.traits))
    if (KEPT.has(name)) traits[name] = value
    else if (!DROPPED.has(name))
      throw new Error(`${member.name}: unknown trait ${name}: the SDK's schema format has changed`)
  return traits
}

function errorOf(schema: Schema): ErrorTraits {
  const query = schema.traits['awsQueryError'] as readonly [string, number] | undefined
  const status =
    query?.[1] ??
    (schema.traits['httpError'] as number | undefined) ??
    (schema.traits['error'] === 'server' ? 500 : 400)
  return { status, ...(query && query[0] !== schema.name && { code: query[0] }) }
}
