/**
 * Regular expressions of users, which may be made to be slow: they run in an engine whose time grows with the length of
 * the text and the size of the expression and with nothing else (re2js, docs/decisions/0022). Their language is Go's,
 * which is also what Docker's awslogs driver reads. What it has not (references, looking ahead) is refused by name.
 */
import { RE2JS, RE2JSException } from 're2js'

export class RegExpRefused extends Error {
  override name = 'RegExpRefused'
}

export interface LinearRegExp {
  /** Whether it is anywhere in the text. */
  test(text: string): boolean
  /** Steps that one character of a text takes at most. */
  readonly size: number
}

/** Characters of an expression as it is written. */
const SOURCE_MAX = 10_000
/** Those that people write have a tenth of it. Who looks at much with one counts its steps, of 250 ns at worst. */
export const SIZE_MAX = 1000

/** The expression, or a RegExpRefused that says what is wrong with it. */
export function linearRegExp(source: string): LinearRegExp {
  if (source.length > SOURCE_MAX)
    throw new RegExpRefused(`the expression has more than ${SOURCE_MAX} characters`)
  const expression = compiled(source)
  const size = expression.programSize()
  if (size > SIZE_MAX) throw new RegExpRefused('the expression is too large')
  return { test: (text) => expression.test(text), size }
}

function compiled(source: string): RE2JS {
  try {
    return RE2JS.compile(source)
  } catch (error) {
    if (error instanceof RE2JSException) throw new RegExpRefused(error.message)
    throw error
  }
}
