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

/** Characters of an expression as it is written: to compile one takes time too. */
const SOURCE_MAX = 1000
/** Those that people write have a tenth of it. Who looks at much with one counts its steps, of 250 ns at worst. */
export const SIZE_MAX = 1000
/** Classes of the whole of Unicode, such as \pL, and ranges that reach beyond ASCII: each takes milliseconds to compile. */
const WIDE_MAX = 10
const WIDE = /\\[pP]|-(?:\\[x0-7]|[^\0-\x7f])/gu
/** What is repeated is written out before its size is known. */
const COUNT = /(?<!\\)\{(\d+)(?:,(\d*))?\}/g

/** Of the last ones, what became of each: the same few are asked for again and again. */
const KNOWN_MAX = 200
const known = new Map<string, LinearRegExp | RegExpRefused>()

/** The expression, or a RegExpRefused that says what is wrong with it. */
export function linearRegExp(source: string): LinearRegExp {
  if (source.length > SOURCE_MAX)
    throw new RegExpRefused(`the expression has more than ${SOURCE_MAX} characters`)
  const is = known.get(source) ?? read(source)
  known.delete(source)
  known.set(source, is)
  const [oldest] = known.keys()
  if (known.size > KNOWN_MAX && oldest !== undefined) known.delete(oldest)
  if (is instanceof RegExpRefused) throw new RegExpRefused(is.message)
  return is
}

function read(source: string): LinearRegExp | RegExpRefused {
  if ((source.match(WIDE)?.length ?? 0) > WIDE_MAX)
    return new RegExpRefused(
      `the expression has more than ${WIDE_MAX} classes of Unicode (\\p) or ranges beyond ASCII`,
    )
  const expression = written(source) > SIZE_MAX ? TOO_LARGE : compiled(source)
  if (expression instanceof RegExpRefused) return expression
  const size = expression.programSize()
  return size > SIZE_MAX ? TOO_LARGE : { test: (text) => expression.test(text), size }
}

const TOO_LARGE = new RegExpRefused('the expression is too large')

/** How often anything is repeated by number, at least. */
const written = (source: string): number =>
  [...source.matchAll(COUNT)].reduce((sum, [, least, most]) => sum + Number(most || least), 0)

function compiled(source: string): RE2JS | RegExpRefused {
  try {
    return RE2JS.compile(source)
  } catch (error) {
    if (error instanceof RE2JSException) return new RegExpRefused(error.message)
    throw error
  }
}
