import { type Condition, readComparand, readComparison, readConditions } from './conditions.ts'
import type { Matches } from './pattern.ts'
import type { Reader } from './reader.ts'

type Json = unknown
/** Every element of a list. */
const EACH = Symbol('*')
type Step = string | number | typeof EACH
const BARE = /[^\s()&|"{}]+/y

/** `{ $.a.b = "x" && ($.c[0] > 1 || $.d IS NULL) }`. A message that is no JSON document is never found. */
export function compileDocument(reader: Reader): Matches {
  reader.need('{')
  const holds = readConditions<Json>(reader, readSingle)
  reader.need('}')
  reader.space()
  if (!reader.isAtEnd) reader.fail('nothing may follow the }')
  return (message) => {
    // Most messages that are no documents are told by their first sign, without the cost of an exception.
    const start = message.trimStart()[0]
    if (start !== '{' && start !== '[') return false
    const document = parse(message)
    return document !== undefined && holds(document)
  }
}

function parse(message: string): Json {
  try {
    return JSON.parse(message) as Json
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}

function readSingle(reader: Reader): Condition<Json> {
  const steps = readSelector(reader)
  const comparison = readComparison(reader)
  if (comparison) {
    const fits = readComparand(reader, comparison, BARE)
    return (document) => values(document, steps).some((value) => fits(scalar(value)))
  }
  reader.space()
  const word = reader.take(/(?:IS\s+(?:NULL|TRUE|FALSE)|NOT\s+EXISTS|EXISTS)(?![A-Za-z])/y)
  switch (word?.replaceAll(/\s+/g, ' ')) {
    case 'IS NULL':
      return (document) => values(document, steps).includes(null)
    case 'IS TRUE':
      return (document) => values(document, steps).includes(true)
    case 'IS FALSE':
      return (document) => values(document, steps).includes(false)
    case 'NOT EXISTS':
      return (document) => values(document, steps).length === 0
    case 'EXISTS':
      return (document) => values(document, steps).length > 0
    default:
      return reader.fail('expected a comparison')
  }
}

/** `$.a.b[0]`, `$.a[*]`, `$['a.b']`. */
function readSelector(reader: Reader): readonly Step[] {
  reader.need('$')
  const steps: Step[] = []
  for (;;) {
    const member = reader.take(/\.[^\s.[\]=!<>()&|{}"']+/y)
    if (member !== undefined) {
      steps.push(member.slice(1))
      continue
    }
    const index = reader.take(/\[(?:\d{1,9}|\*)\]/y)
    if (index !== undefined) {
      steps.push(index === '[*]' ? EACH : Number(index.slice(1, -1)))
      continue
    }
    const quoted = reader.take(/\[(?:'[^']*'|"[^"]*")\]/y)
    if (quoted === undefined) break
    steps.push(quoted.slice(2, -2))
  }
  if (steps.length === 0) reader.fail('expected a selector such as $.name')
  return steps
}

/** All that the selector leads to: more than one value where it has a `*`. */
function values(document: Json, steps: readonly Step[]): readonly Json[] {
  let found: readonly Json[] = [document]
  for (const step of steps)
    found = found.flatMap((value) => {
      if (step === EACH) return Array.isArray(value) ? (value as Json[]) : []
      if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return []
      return [(value as Readonly<Record<string | number, Json>>)[step]]
    })
  return found
}

/** Objects and lists equal nothing; booleans do by their words. */
function scalar(value: Json): string | number | undefined {
  if (typeof value === 'string' || typeof value === 'number') return value
  return typeof value === 'boolean' ? String(value) : undefined
}
