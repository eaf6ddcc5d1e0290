import type { Matches } from './pattern.ts'
import { PatternError, type Reader } from './reader.ts'

/** What a term may hold without quotes; `?` and `-` are read before it. */
const TERM = /[A-Za-z0-9_]+/y
const STRANGE = /[^A-Za-z0-9_\s"%]+/y

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
  const strange = wanted === '' ? '""' : reader.take(STRANGE)
  if (strange !== undefined) throw new PatternError(`Invalid character(s) in term '${strange}'`)
  if (wanted === undefined) reader.fail('expected a term')
  reader.compares()
  return (message) => message.includes(wanted)
}
