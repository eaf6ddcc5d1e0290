/** `a = 1 && (b != "x" || c = %y%)`: conditions and what joins them, in JSON patterns and in columns. */
import type { Reader } from './reader.ts'

export type Condition<T> = (subject: T) => boolean
export const COMPARISONS = ['!=', '>=', '<=', '=', '>', '<'] as const
export type Comparison = (typeof COMPARISONS)[number]
const DEPTH_MAX = 50
const NUMBER = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?$/
/** What is longer is no number that anybody compares. */
const NUMBER_LENGTH_MAX = 1024

/** `&&` binds more tightly than `||`. */
export function readConditions<T>(
  reader: Reader,
  single: (reader: Reader) => Condition<T>,
  depth = 0,
): Condition<T> {
  if (depth > DEPTH_MAX) reader.fail('nested too deeply')
  const either: Condition<T>[] = []
  do {
    const all: Condition<T>[] = []
    do all.push(operand())
    while (reader.sign('&&'))
    either.push((subject) => all.every((holds) => holds(subject)))
  } while (reader.sign('||'))
  return (subject) => either.some((holds) => holds(subject))

  function operand(): Condition<T> {
    if (!reader.sign('(')) return single(reader)
    const inner = readConditions(reader, single, depth + 1)
    reader.need(')')
    return inner
  }
}

export function readComparison(reader: Reader): Comparison | undefined {
  return COMPARISONS.find((comparison) => reader.sign(comparison))
}

/** What a comparison's right side says of a value; `bare` is what an unquoted word may hold. */
export function readComparand(
  reader: Reader,
  comparison: Comparison,
  bare: RegExp,
): Condition<string | number | undefined> {
  reader.space()
  const isEquality = comparison === '=' || comparison === '!='
  const equals = isEquality && reader.peek() === '%' ? onText(reader.regex()) : undefined
  if (equals) return comparison === '=' ? equals : negated(equals)
  const wanted = reader.peek() === '"' ? reader.quoted() : reader.take(bare)
  if (wanted === undefined) reader.fail('expected a value')
  reader.compares()
  const number = numberIn(wanted)
  if (isEquality) {
    const same = number === undefined ? onText(wildcard(wanted)) : sameNumber(number, wanted)
    return comparison === '=' ? same : negated(same)
  }
  if (number === undefined) reader.fail(`${comparison} compares numbers`)
  return (value) => {
    const given = numberIn(value)
    return given !== undefined && ordered(given, comparison, number)
  }
}

const onText =
  (holds: (text: string) => boolean): Condition<string | number | undefined> =>
  (value) =>
    value !== undefined && holds(String(value))

/** What is not there is not unequal either. */
const negated =
  (holds: Condition<string | number | undefined>): Condition<string | number | undefined> =>
  (value) =>
    value !== undefined && !holds(value)

const sameNumber =
  (number: number, text: string): Condition<string | number | undefined> =>
  (value) =>
    value === text || numberIn(value) === number

function numberIn(value: string | number | undefined): number | undefined {
  if (typeof value === 'number') return value
  const isNumber = value !== undefined && value.length <= NUMBER_LENGTH_MAX && NUMBER.test(value)
  return isNumber ? Number(value) : undefined
}

function ordered(given: number, comparison: Comparison, wanted: number): boolean {
  switch (comparison) {
    case '>':
      return given > wanted
    case '>=':
      return given >= wanted
    case '<':
      return given < wanted
    default:
      return given <= wanted
  }
}

/** `*` stands for any text. Its parts are found one behind the other, so no text makes it slow. */
function wildcard(wanted: string): (text: string) => boolean {
  const parts = wanted.split('*')
  const [first = '', ...rest] = parts
  const last = rest.pop()
  if (last === undefined) return (text) => text === wanted
  return (text) => {
    if (!text.startsWith(first) || text.length < first.length + last.length) return false
    let at = first.length
    for (const part of rest) {
      const found = text.indexOf(part, at)
      if (found < 0) return false
      at = found + part.length
    }
    return text.length - last.length >= at && text.endsWith(last)
  }
}
