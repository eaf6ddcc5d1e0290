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

/** What is in brackets or quotes is one column, with the spaces in it; what is not closed is a word like others. */
function valuesOf(message: string): readonly string[] {
  const values: string[] = []
  const word = /\S+/y
  const last = { '[': message.lastIndexOf(']'), '"': message.lastIndexOf('"') }
  for (let at = 0; at < message.length; at++) {
    const sign = message[at] ?? ''
    if (/\s/.test(sign)) continue
    // Looked for only where there is one: else each of many openings would be looked for to the end.
    const isOpening = (sign === '[' || sign === '"') && at < last[sign]
    if (isOpening) {
      const end = message.indexOf(sign === '[' ? ']' : '"', at + 1)
      values.push(message.slice(at + 1, end))
      at = end
    } else {
      word.lastIndex = at
      const [found = ''] = word.exec(message) ?? []
      values.push(found)
      at += found.length - 1
    }
  }
  return values
}
