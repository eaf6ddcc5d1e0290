/**
 * Filter patterns: what FilterLogEvents finds. There are three languages, told apart by their first sign: conditions
 * on a JSON document in `{ }`, on columns in `[ ]`, and terms. Rules: CloudWatch Logs User Guide, "Filter pattern
 * syntax". Where the guide says that a term is in a message, any part of the message counts.
 */
import { compileColumns } from './columns.ts'
import { compileDocument } from './document.ts'
import { compileTerms } from './terms.ts'

export { PatternError } from './reader.ts'

export type Matches = (message: string) => boolean

/** Throws a PatternError, for the caller to read. The pattern's own limit, 1024 characters, is the model's. */
export function compilePattern(pattern: string): Matches {
  const text = pattern.trim()
  if (text.startsWith('{')) return compileDocument(text)
  if (text.startsWith('[')) return compileColumns(text)
  return compileTerms(text)
}
