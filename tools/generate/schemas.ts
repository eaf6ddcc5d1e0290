/**
 * Reads the schema tuples that every SDK client package exports as `Name$`. Only the tuples are relied on, no code
 * of the SDK; anything that is not understood throws, so that a new format fails the build and never the server.
 */
import type { ShapeType, TimestampFormat } from '#gateway/model.ts'

export type Traits = Readonly<Record<string, unknown>>
export type SchemaMember = {
  readonly name: string
  readonly schema: Schema
  readonly required: boolean
  readonly traits: Traits
}
export type Schema = {
  readonly type: ShapeType
  /** The name in AWS's model; empty for the simple shapes that the SDK folds into numbers. */
  readonly name: string
  readonly namespace: string
  readonly traits: Traits
  readonly timestamp?: TimestampFormat
  readonly streaming: boolean
  readonly union: boolean
  readonly members: () => readonly SchemaMember[]
  readonly item?: () => SchemaMember
  readonly key?: () => SchemaMember
}
export type SchemaOperation = {
  readonly name: string
  readonly traits: Traits
  readonly input: Schema
  readonly output: Schema
}

const OPERATION = 9
const ERROR = -3
const [SIMPLE, LIST, MAP, STRUCTURE, UNION] = [0, 1, 2, 3, 4]
const LIST_OF = 64
const MAP_OF = 128
/** The seven traits that the SDK packs into one number, lowest bit first. */
const BITS = [
  'httpLabel',
  'idempotent',
  'idempotencyToken',
  'sensitive',
  'httpPayload',
  'httpResponseCode',
  'httpQueryParams',
]
const SIMPLES: Readonly<Record<number, readonly [ShapeType, TimestampFormat?]>> = {
  0: ['string'],
  1: ['number'],
  2: ['boolean'],
  4: ['timestamp'],
  5: ['timestamp', 'date-time'],
  6: ['timestamp', 'http-date'],
  7: ['timestamp', 'epoch-seconds'],
  15: ['document'],
  17: ['bigint'],
  19: ['bigdecimal'],
  21: ['blob'],
  42: ['blob'],
}
const STREAMING_BLOB = 42
const known = new WeakMap<object, Schema>()
const simples = new Map<number, Schema>()

/** All operations and errors that a client package exports. */
export function readPackage(exports: Readonly<Record<string, unknown>>): {
  operations: SchemaOperation[]
  errors: Schema[]
} {
  const operations: SchemaOperation[] = []
  const errors: Schema[] = []
  for (const [name, value] of Object.entries(exports)) {
    if (!name.endsWith('$') || !Array.isArray(value)) continue
    const tuple = value as readonly unknown[]
    if (tuple[0] === OPERATION)
      operations.push({
        name: String(tuple[2]),
        traits: traitsOf(tuple[3]),
        input: schemaOf(tuple[4]),
        output: schemaOf(tuple[5]),
      })
    // The SDK's own base class of a service's errors is no error of the service.
    else if (tuple[0] === ERROR && !String(tuple[1]).startsWith('smithy.ts'))
      errors.push(schemaOf(tuple))
  }
  if (operations.length === 0)
    throw new Error("no operation found: the SDK's schema format has changed")
  return { operations, errors }
}

function schemaOf(reference: unknown): Schema {
  const ref: unknown = typeof reference === 'function' ? (reference as () => unknown)() : reference
  if (ref === 'unit' || ref === undefined) return blank('unit')
  if (typeof ref === 'number') return simple(ref)
  if (!Array.isArray(ref))
    throw new Error(`unknown schema ${JSON.stringify(ref)}: the SDK's schema format has changed`)
  const hit = known.get(ref)
  if (hit) return hit
  const schema = compound(ref as readonly unknown[])
  known.set(ref, schema)
  return schema
}

function compound(tuple: readonly unknown[]): Schema {
  const [id, namespace, name, traits, first, second, required] = tuple
  const named = { namespace: String(namespace), name: String(name), traits: traitsOf(traits) }
  switch (id) {
    case SIMPLE:
      return {
        ...simple(Number(first)),
        ...named,
        streaming: first === STREAMING_BLOB || Boolean(named.traits['streaming']),
      }
    case LIST:
      return { ...blank('list'), ...named, item: once(() => member('member', first, true)) }
    case MAP:
      return {
        ...blank('map'),
        ...named,
        key: once(() => member('key', first ?? 0, true)),
        item: once(() => member('value', second, true)),
      }
    case STRUCTURE:
    case UNION:
    case ERROR: {
      const names = first as readonly string[]
      const references = second as readonly unknown[]
      if (names.length !== references.length)
        throw new Error(`${named.name}: names and members differ in number`)
      const members = once(() =>
        names.map((each, index) =>
          member(each, references[index], id !== UNION && index < Number(required ?? 0)),
        ),
      )
      return {
        ...blank('structure'),
        ...named,
        union: id === UNION,
        streaming: Boolean(named.traits['streaming']),
        members,
      }
    }
    default:
      throw new Error(
        `unknown schema tuple ${String(id)} (${named.name}): the SDK's schema format has changed`,
      )
  }
}

/** A member's traits and its shape's; pairs of reference and traits nest, and the outermost wins. */
function member(name: string, reference: unknown, required: boolean): SchemaMember {
  let ref = reference
  const layers: Traits[] = []
  while (Array.isArray(ref) && ref.length === 2) {
    layers.unshift(traitsOf(ref[1]))
    ref = typeof ref[0] === 'function' ? (ref[0] as () => unknown)() : ref[0]
  }
  const schema = schemaOf(ref)
  // A structure's own XML name is the name of a document, not of members that hold such a structure.
  const { xmlName: _, streaming: __, error: ___, ...inherited } = schema.traits
  return { name, schema, required, traits: Object.assign(inherited, ...layers) as Traits }
}

function simple(code: number): Schema {
  const hit = simples.get(code)
  if (hit) return hit
  const schema =
    code >= MAP_OF
      ? {
          ...blank('map'),
          key: once(() => member('key', 0, true)),
          item: once(() => member('value', code - MAP_OF, true)),
        }
      : code >= LIST_OF
        ? { ...blank('list'), item: once(() => member('member', code - LIST_OF, true)) }
        : scalar(code)
  simples.set(code, schema)
  return schema
}

function scalar(code: number): Schema {
  const found = SIMPLES[code]
  if (!found) throw new Error(`unknown simple schema ${code}: the SDK's schema format has changed`)
  const [type, timestamp] = found
  return { ...blank(type), ...(timestamp && { timestamp }), streaming: code === STREAMING_BLOB }
}

function traitsOf(traits: unknown): Traits {
  if (typeof traits === 'object' && traits !== null) return traits as Traits
  const bits = Number(traits ?? 0)
  if (bits >> BITS.length)
    throw new Error(`unknown trait bits ${bits}: the SDK's schema format has changed`)
  return Object.fromEntries(BITS.flatMap((name, bit) => ((bits >> bit) & 1 ? [[name, 1]] : [])))
}

const blank = (type: ShapeType): Schema => ({
  type,
  name: '',
  namespace: '',
  traits: {},
  streaming: false,
  union: false,
  members: () => [],
})

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined
  return () => (made ??= { value: make() }).value
}
