import {
  type Comparison,
  COMPARISONS,
  type Condition,
  readComparand,
  readComparison,
  readConditions,
} from './conditions.ts'
import type { Matches } from './pattern.ts'
import type { Reader } from './reader.ts'

type Column = Condition<string>
const BARE = /[^\s,\]&|()"]+/y
const NAME = /[A-Za-z_][\w.-]*/y
/** A column of a message: what is in brackets or quotes is one, with the spaces in it. */
const VALUES = /\[([^\]]*)\]|"([^"]*)"|(\S+)/g
const COLUMNS_MAX = 250

/** `[ip, user, ..., status_code = 4* && status_code != 404, bytes > 1000]`: one condition a column, in their order. */
export function compileColumns(reader: Reader): Matches {
  reader.need('[')
  const before: Column[] = []
  const after: Column[] = []
  let hasGap = false
  do {
    if (reader.sign('...')) {
      if (hasGap) reader.fail('only one ... may stand for columns')
      hasGap = true
    } else (hasGap ? after : before).push(readColumn(reader))
    if (before.length + after.length > COLUMNS_MAX) reader.fail('too many columns')
  } while (reader.sign(','))
  reader.need(']')
  reader.space()
  if (!reader.isAtEnd) reader.fail('nothing may follow the ]')
  return (message) => {
    const values = valuesOf(message)
    const wanted = before.length + after.length
    if (hasGap ? values.length < wanted : values.length !== wanted) return false
    const tail = values.slice(values.length - after.length)
    return (
      before.every((holds, index) => holds(values[index] ?? '')) &&
      after.every((holds, index) => holds(tail[index] ?? ''))
    )
  }
}

function readColumn(reader: Reader): Column {
  reader.space()
  if (/[,\]]/.test(reader.peek())) return () => true
  const isCondition = reader.peek() === '(' || COMPARISONS.some((one) => one[0] === reader.peek())
  const name = isCondition ? undefined : reader.take(NAME)
  if (name === undefined && !isCondition) reader.fail('expected a name')
  reader.space()
  if (/[,\]]/.test(reader.peek())) return () => true
  // The name is said again before each further comparison, and may be left out of the first.
  let first: Comparison | undefined = name === undefined ? undefined : readComparison(reader)
  return readConditions<string>(reader, (inner) => {
    let comparison = first
    first = undefined
    if (!comparison) {
      inner.space()
      inner.take(NAME)
      comparison = readComparison(inner)
    }
    if (!comparison) return inner.fail('expected a comparison')
    return readComparand(inner, comparison, BARE)
  })
}

function valuesOf(message: string): readonly string[] {
  const values: string[] = []
  for (const [, bracketed, quoted, bare] of message.matchAll(VALUES))
    values.push(bracketed ?? quoted ?? bare ?? '')
  return values
}
