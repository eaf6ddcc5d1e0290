/** Random inputs and outputs that fit the model, the same from the same seed. */
import type { Limits, Member, OperationModel, Shape } from '#gateway/model.ts'

/** Texts that break sloppy encoders. */
const TEXTS = [
  'a',
  'x y',
  '<&>"\'',
  'é☃𝒳',
  '0',
  'true',
  'null',
  'a/b?c=d&e',
  'line1\nline2',
  '{"a":[1]}',
  '+%20 ',
  '*~_-.',
  'tab\t',
  '  pad  ',
  '__proto__',
  ']]>',
  'arn:aws:ecs:x:1:y/z',
]
const DEPTH = 4
const FLOOR = -6
type Place = 'body' | 'header' | 'label' | 'query'
export type Style = { readonly xml: boolean; readonly ec2: boolean }

export class RandomValues {
  #state: number

  constructor(seed: number) {
    this.#state = seed >>> 0
  }

  /** A linear congruential generator (Numerical Recipes' constants): good enough to vary, and the same everywhere. */
  next(): number {
    this.#state = (Math.imul(this.#state, 1_664_525) + 1_013_904_223) >>> 0
    return this.#state / 2 ** 32
  }

  input(operation: OperationModel, style: Style): Record<string, unknown> {
    return operation.input.type === 'unit'
      ? {}
      : (this.#value(operation.input, undefined, DEPTH, 'body', { ...style }) as Record<
          string,
          unknown
        >)
  }

  output(operation: OperationModel): Record<string, unknown> {
    // XML cannot tell an empty structure from none, so that outputs are made to do in every protocol.
    return operation.output.type === 'unit'
      ? {}
      : (this.#value(operation.output, undefined, DEPTH, 'body', {
          xml: true,
          ec2: false,
        }) as Record<string, unknown>)
  }

  #value(
    shape: Shape,
    member: Member | undefined,
    depth: number,
    place: Place,
    style: Style,
  ): unknown {
    switch (shape.type) {
      case 'string':
        return this.#text(place, member?.limits)
      case 'number':
      case 'bigint':
        return this.#number(member?.limits)
      case 'boolean':
        return this.next() < 0.5
      case 'timestamp':
        return new Date(Math.floor(1.6e9 + this.next() * 1e8) * 1000)
      case 'blob':
        return new Uint8Array([0, 255, this.#below(256), 10])
      case 'bigdecimal':
        return '1.5'
      case 'document':
        return { a: [1, 'x', true, { b: 1.5 }] }
      case 'list':
        return this.#list(shape, member, depth, place, style)
      case 'map':
        return this.#map(shape, depth, place, style)
      case 'structure':
        return this.#structure(shape, depth, style)
      case 'unit':
        return {}
    }
  }

  #below(max: number): number {
    return Math.floor(this.next() * max)
  }

  #text(place: Place, limits: Limits | undefined): string {
    if (limits?.enum) return limits.enum[this.#below(limits.enum.length)]!
    if (place === 'header') return `h${this.#below(99)}`
    let text = TEXTS[this.#below(TEXTS.length)]!
    if (place === 'label') text = text.replaceAll(/[\n\t]/g, '') || 'l'
    return text
  }

  #number(limits: Limits | undefined): number {
    const number = this.next() < 0.2 ? 0 : this.#below(100_000)
    return Math.min(Math.max(number, limits?.min ?? number), limits?.max ?? number)
  }

  #list(
    shape: Shape,
    member: Member | undefined,
    depth: number,
    place: Place,
    style: Style,
  ): unknown[] {
    const needsOne = style.ec2 || member?.xmlFlattened || place !== 'body'
    const length = needsOne ? 1 + this.#below(2) : depth <= 0 ? 0 : this.#below(3)
    return Array.from({ length }, () =>
      this.#value(shape.item!.shape, shape.item, depth - 1, place, style),
    )
  }

  #map(shape: Shape, depth: number, place: Place, style: Style): object {
    const length = depth <= 0 && !style.xml ? 0 : 1 + this.#below(2)
    const map: Record<string, unknown> = {}
    for (let index = 0; index < length; index++) {
      const keys = shape.key!.limits?.enum
      const key = keys
        ? keys[index % keys.length]!
        : place === 'header'
          ? `k${index}`
          : `${TEXTS[index * 3]}${index}`
      map[key] = this.#value(shape.item!.shape, shape.item, depth - 1, place, style)
    }
    return map
  }

  #structure(shape: Shape, depth: number, style: Style): object {
    const made: Record<string, unknown> = {}
    const members = shape.union
      ? [shape.members[this.#below(shape.members.length)]!]
      : shape.members
    for (const member of members)
      if (this.#wants(member, shape, depth))
        made[member.name] = member.httpResponseCode
          ? 200
          : this.#value(member.shape, member, depth - 1, placeOf(member), style)
    const [first] = shape.members
    if (style.xml && first && Object.keys(made).length === 0) {
      const simple = shape.members.find((member) => !isCompound(member.shape)) ?? first
      if (depth > FLOOR - 2)
        made[simple.name] = simple.httpResponseCode
          ? 200
          : this.#value(simple.shape, simple, depth - 1, placeOf(simple), style)
    }
    return made
  }

  #wants(member: Member, shape: Shape, depth: number): boolean {
    if (shape.union) return true
    const wanted = this.next() >= (depth > 3 ? 0.35 : 0.55)
    if (member.required) return depth >= FLOOR
    if (depth <= 0 && isCompound(member.shape)) return false
    return wanted
  }
}

const isCompound = (shape: Shape) =>
  shape.type === 'structure' || shape.type === 'list' || shape.type === 'map'

function placeOf(member: Member): Place {
  if (member.httpHeader !== undefined || member.httpPrefixHeaders !== undefined) return 'header'
  if (member.httpLabel) return 'label'
  return member.httpQuery !== undefined || member.httpQueryParams ? 'query' : 'body'
}

/** A value as plain JSON, so that both ends of a round trip can be compared. */
export function plain(value: unknown): unknown {
  if (value instanceof Date) return { $date: value.getTime() }
  if (value instanceof Uint8Array) return { $bytes: Buffer.from(value).toString('base64') }
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value === 'bigint') return Number(value)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, each]: [string, unknown]) =>
      each === undefined ? [] : [[key, plain(each)]],
    ),
  )
}
