/**
 * Filter patterns: what FilterLogEvents finds. There are three languages, told apart by their first sign: conditions
 * on a JSON document in `{ }`, on columns in `[ ]`, and terms. Rules: CloudWatch Logs User Guide, "Filter pattern
 * syntax". Where the guide says that a term is in a message, any part of the message counts.
 */
import { compileColumns } from './columns.ts'
import { compileDocument } from './document.ts'
import { Reader } from './reader.ts'
import { compileTerms } from './terms.ts'

export { PatternError } from './reader.ts'

export type Matches = (message: string) => boolean
export type Pattern = {
  readonly matches: Matches
  /** Steps that it takes at most for one character of a message: those of regular expressions, and parts of one for all else. */
  readonly size: number
}

/** Throws a PatternError, for the caller to read. The pattern's own limit, 1024 characters, is the model's. */
export function compilePattern(pattern: string): Pattern {
  const text = pattern.trim()
  const reader = new Reader(text)
  const compile = LANGUAGES[text[0] ?? ''] ?? compileTerms
  const matches = compile(reader)
  return { matches, size: reader.size }
}

const LANGUAGES: Readonly<Record<string, (reader: Reader) => Matches>> = {
  '{': compileDocument,
  '[': compileColumns,
}
