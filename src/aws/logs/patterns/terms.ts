import type { Matches } from './pattern.ts'
import type { Reader } from './reader.ts'

/** A bare term ends at a space; `?` and `-` are read before it. */
const TERM = /[^\s"%]+/y

/**
 * Terms that must all be there, `-terms` that must not, and `?terms` of which one must. As in AWS, `?terms` count
 * only where there are no others.
 */
export function compileTerms(reader: Reader): Matches {
  const required: Matches[] = []
  const optional: Matches[] = []
  for (reader.space(); !reader.isAtEnd; reader.space()) {
    const mark = reader.take(/[?-](?=\S)/y)
    const has = term(reader)
    if (mark === '?') optional.push(has)
    else required.push(mark === '-' ? (message) => !has(message) : has)
  }
  if (required.length > 0) return (message) => required.every((holds) => holds(message))
  if (optional.length > 0) return (message) => optional.some((holds) => holds(message))
  return () => true
}

function term(reader: Reader): Matches {
  if (reader.peek() === '%') return reader.regex()
  const wanted = reader.peek() === '"' ? reader.quoted() : reader.take(TERM)
  if (wanted === undefined) reader.fail('expected a term')
  return (message) => message.includes(wanted)
}
