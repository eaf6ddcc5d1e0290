import { ITEMS_MAX, NAME_LENGTH_MAX } from './limits.ts'

/** What the other side sent is not what the protocol says. Says where, never what: values may be secrets. */
export class WireError extends Error {
  override name = 'WireError'
}

/** Takes a value from outside and gives it back with its type, or throws a `WireError` that names the place. */
export type Reader<T> = (value: unknown, path: string) => T
export type Read<R> = R extends Reader<infer T> ? T : never

type Shape = Readonly<Record<string, Reader<unknown>>>
// oxlint-disable-next-line typescript/no-generated-empty-object-type
type NoMembers = Readonly<Record<never, Reader<unknown>>>
type Members<Required extends Shape, Optional extends Shape> = {
  readonly [K in keyof Required]: Read<Required[K]>
} & { readonly [K in keyof Optional]?: Read<Optional[K]> | undefined }

/** An object. Members that are not named are left out; a `null` optional member counts as absent, as Go's JSON does. */
export function object<Required extends Shape, Optional extends Shape = NoMembers>(
  required: Required,
  optional?: Optional,
): Reader<Members<Required, Optional>> {
  return (value, path) => {
    const from = asObject(value, path)
    const result: Record<string, unknown> = {}
    for (const [name, read] of Object.entries(required))
      result[name] = read(from[name], `${path}.${name}`)
    for (const [name, read] of Object.entries(optional ?? {}))
      if (from[name] !== undefined && from[name] !== null)
        result[name] = read(from[name], `${path}.${name}`)
    return result as Members<Required, Optional>
  }
}

export function list<T>(read: Reader<T>, max: number = ITEMS_MAX): Reader<readonly T[]> {
  return (value, path) => {
    if (!Array.isArray(value)) throw new WireError(`${path} is not a list`)
    if (value.length > max) throw new WireError(`${path} has more than ${max} members`)
    return value.map((item, index) => read(item, `${path}[${index}]`))
  }
}

export function map<T>(read: Reader<T>): Reader<Readonly<Record<string, T>>> {
  return (value, path) => {
    const entries = Object.entries(asObject(value, path))
    if (entries.length > ITEMS_MAX)
      throw new WireError(`${path} has more than ${ITEMS_MAX} members`)
    return Object.fromEntries(entries.map(([key, item]) => [key, read(item, `${path}.*`)]))
  }
}

export const text: Reader<string> = (value, path) => {
  if (typeof value !== 'string') throw new WireError(`${path} is not a string`)
  return value
}

export function textUpTo(charactersMax: number): Reader<string> {
  return (value, path) => {
    const said = text(value, path)
    if (said.length > charactersMax)
      throw new WireError(`${path} is longer than ${charactersMax} characters`)
    return said
  }
}

/** A string that says something: an ARN, a name, an id. */
export const name: Reader<string> = (value, path) => {
  const said = text(value, path)
  if (said === '') throw new WireError(`${path} is empty`)
  if (said.length > NAME_LENGTH_MAX)
    throw new WireError(`${path} has more than ${NAME_LENGTH_MAX} characters`)
  return said
}

export const number: Reader<number> = (value, path) => {
  if (typeof value !== 'number' || !Number.isFinite(value))
    throw new WireError(`${path} is not a number`)
  return value
}

export const integer: Reader<number> = (value, path) => {
  if (!Number.isSafeInteger(value)) throw new WireError(`${path} is not an integer`)
  return value as number
}

const INT32_MAX = 2 ** 31 - 1
/** What AWS's models call an integer. */
export const int32: Reader<number> = (value, path) => {
  const whole = integer(value, path)
  if (whole > INT32_MAX || whole < -INT32_MAX - 1)
    throw new WireError(`${path} is not a 32-bit integer`)
  return whole
}

export const flag: Reader<boolean> = (value, path) => {
  if (typeof value !== 'boolean') throw new WireError(`${path} is not true or false`)
  return value
}

export const anything: Reader<unknown> = (value) => value

/** Any value whose JSON is no longer. */
export function jsonUpTo(charactersMax: number): Reader<unknown> {
  return (value, path) => {
    if (value === undefined) throw new WireError(`${path} is not there`)
    if (JSON.stringify(value).length > charactersMax)
      throw new WireError(`${path} has more than ${charactersMax} characters`)
    return value
  }
}

export function oneOf<const T extends readonly string[]>(...words: T): Reader<T[number]> {
  return (value, path) => {
    if (typeof value !== 'string' || !words.includes(value))
      throw new WireError(`${path} is none of ${words.join(', ')}`)
    return value
  }
}

function asObject(value: unknown, path: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new WireError(`${path} is not an object`)
  return value as Record<string, unknown>
}
