/**
 * Regular expressions of users, which may be made to be slow. V8 goes over to an engine of linear time when one
 * backtracks too much (`--enable-experimental-regexp-engine-on-excessive-backtracks`, set where processes start), but
 * only for expressions that this engine can run. So all others are refused here, and counts, of which it can do only
 * low ones, are written out: `x{2,3}` as `xxx?`. It knows no `i` either, so both cases are written: `[xX]`.
 * What Go has and JavaScript has not (`(?i)` at the beginning, `(?P<name>…)`, `\A`, `\z`, `\Q…\E`, `[[:alpha:]]`) is
 * understood, or refused by name: nothing of it means another thing here.
 */
import { own } from './own.ts'

export class RegExpRefused extends Error {
  override name = 'RegExpRefused'
}

const WRITTEN_MAX = 20_000
const DEPTH_MAX = 50

/** Go's `U` only changes which of several matches is the first. */
const LEADING_FLAGS = /^\(\?([imsU]+)\)/

/** The expression, or a RegExpRefused that says what is wrong with it. */
export function linearRegExp(source: string): RegExp {
  const [leading = '', flags = ''] = LEADING_FLAGS.exec(source) ?? []
  const has = (flag: string): string => (flags.includes(flag) ? flag : '')
  const flagged = { i: has('i') !== '', m: has('m') !== '' }
  const text = new Writer(source.slice(leading.length), flagged).alternatives(0)
  try {
    return new RegExp(text, has('m') + has('s'))
  } catch {
    throw new RegExpRefused(`not a regular expression: ${source}`)
  }
}

class Writer {
  readonly #source: string
  readonly #bothCases: boolean
  readonly #manyLines: boolean
  #at = 0

  constructor(source: string, { i, m }: { readonly i: boolean; readonly m: boolean }) {
    this.#source = source
    this.#bothCases = i
    this.#manyLines = m
  }

  alternatives(depth: number): string {
    if (depth > DEPTH_MAX) throw new RegExpRefused('groups are nested too deeply')
    let text = ''
    while (this.#at < this.#source.length && this.#peek() !== ')') {
      const sign = this.#peek()
      if (sign === '|' || sign === '^' || sign === '$') text += this.#take()
      else if (this.#isNext('\\A', '\\z')) text += this.#edge()
      else if (this.#isNext('\\Q')) text += this.#literal()
      else text += this.#counted(this.#atom(depth))
      if (text.length > WRITTEN_MAX) throw new RegExpRefused('the expression is too large')
    }
    if (depth === 0 && this.#at < this.#source.length) throw new RegExpRefused('a ) closes nothing')
    return text
  }

  #atom(depth: number): string {
    const sign = this.#peek()
    if (sign === '[') return this.#bothCases ? classOfBothCases(this.#class()) : this.#class()
    if (sign !== '(') {
      const atom = sign === '\\' ? this.#escape() : this.#take()
      return this.#bothCases ? ofBothCases(atom) : atom
    }
    const opening = /^\((?:\?:|\?P?<\w+>)?/.exec(this.#source.slice(this.#at))?.[0] ?? '('
    if (this.#source[this.#at + opening.length] === '?') throw this.#unknownGroup()
    this.#at += opening.length
    const text = this.alternatives(depth + 1)
    if (this.#peek() !== ')') throw new RegExpRefused('a ( is not closed')
    this.#at++
    // No group is read back, and a group that is written out twice could not keep its name.
    return `(?:${text})`
  }

  #unknownGroup(): RegExpRefused {
    const rest = this.#source.slice(this.#at)
    if (/^\(\?<?[=!]/.test(rest))
      return new RegExpRefused('looking ahead or behind is not possible')
    const [flags] = /^\(\?[A-Za-z-]+[:)]/.exec(rest) ?? []
    return new RegExpRefused(
      flags
        ? `the flags of ${flags} are not possible: only i, m, s and U are, as (?i) at the very beginning`
        : `a group that begins with ${rest.slice(0, 4)} is not known`,
    )
  }

  #counted(atom: string): string {
    const [written, low, comma, high, lazy = ''] =
      /^\{(\d+)(?:(,)(\d*))?\}(\??)/.exec(this.#source.slice(this.#at)) ?? []
    if (written === undefined) {
      const simple = /^[*+?]\??/.exec(this.#source.slice(this.#at))?.[0] ?? ''
      this.#at += simple.length
      return atom + simple
    }
    this.#at += written.length
    const least = Number(low)
    const most = high ? Number(high) : comma ? Infinity : least
    if (most < least) throw new RegExpRefused(`${written} is out of order`)
    const count = most === Infinity ? least : most
    if (count * (atom.length + 2) > WRITTEN_MAX)
      throw new RegExpRefused(`${written} repeats too much`)
    const further = most === Infinity ? `${atom}*${lazy}` : `${atom}?${lazy}`.repeat(most - least)
    return `(?:${atom.repeat(least)}${further})`
  }

  /** Where the text begins or ends, which is where a line does while nobody asks for lines. */
  #edge(): string {
    const [, sign] = [this.#take(), this.#take()]
    if (this.#manyLines) throw new RegExpRefused(`\\${sign} is not possible together with (?m)`)
    return sign === 'A' ? '^' : '$'
  }

  /** Up to `\E`, or all that follows. A count after it is of its last character. */
  #literal(): string {
    const rest = this.#source.slice(this.#at + 2)
    const end = rest.indexOf('\\E')
    const literal = end < 0 ? rest : rest.slice(0, end)
    this.#at += 2 + literal.length + (end < 0 ? 0 : 2)
    const atoms = literal.split('').map((one) => {
      const atom = one.replace(/[\\^$.*+?()[\]{}|]/, '\\$&')
      return this.#bothCases ? ofBothCases(atom) : atom
    })
    const last = atoms.pop()
    return last === undefined ? '' : atoms.join('') + this.#counted(last)
  }

  /** A `]` that comes first stands for itself, and a `[` anywhere. */
  #class(): string {
    const opening = /^\[\^?/.exec(this.#source.slice(this.#at))?.[0] ?? '['
    this.#at += opening.length
    let text = ''
    while (this.#peek() !== ']' || text === '') {
      if (this.#peek() === '') throw new RegExpRefused('a [ is not closed')
      text += this.#classPart()
    }
    this.#at++
    return `${opening}${text}]`
  }

  #classPart(): string {
    const sign = this.#peek()
    if (sign === '\\') return this.#escape()
    const [named, name = ''] = /^\[:(\^?\w+):\]/.exec(this.#source.slice(this.#at)) ?? []
    if (named === undefined) {
      this.#at++
      return sign === ']' || sign === '[' ? `\\${sign}` : sign
    }
    const members = own(CLASSES, name)
    if (members === undefined) throw new RegExpRefused(`the class ${named} is not possible`)
    this.#at += named.length
    return members
  }

  #escape(): string {
    const found = /^\\(?:x[\da-fA-F]{2}|u[\da-fA-F]{4}|[^])/.exec(this.#source.slice(this.#at))?.[0]
    if (found === undefined) throw new RegExpRefused('a \\ escapes nothing')
    if (/[1-9k]/.test(found[1] ?? '')) throw new RegExpRefused('references are not possible')
    this.#at += found.length
    if (found === '\\a') return '\\x07'
    // Both languages have these, and any sign may be escaped.
    if (found.length === 2 && /[A-Za-z]/.test(found) && !/[dDsSwWbBtnrfv]/.test(found))
      throw new RegExpRefused(`${found} is not possible`)
    return found
  }

  #isNext(...some: readonly string[]): boolean {
    return some.some((one) => this.#source.startsWith(one, this.#at))
  }

  #peek(): string {
    return this.#source[this.#at] ?? ''
  }

  #take(): string {
    return this.#source[this.#at++] ?? ''
  }
}

/** Go's classes by name, as they stand within brackets. */
const CLASSES: Readonly<Record<string, string>> = {
  alnum: '0-9A-Za-z',
  alpha: 'A-Za-z',
  ascii: '\\x00-\\x7f',
  blank: '\\t ',
  cntrl: '\\x00-\\x1f\\x7f',
  digit: '0-9',
  '^digit': '\\D',
  graph: '!-~',
  lower: 'a-z',
  print: ' -~',
  punct: '!-\\/:-@\\[-`{-~',
  space: '\\t\\n\\v\\f\\r ',
  upper: 'A-Z',
  word: '0-9A-Za-z_',
  '^word': '\\W',
  xdigit: '0-9A-Fa-f',
}

/** A character: itself, by its number, or escaped. */
const CHARACTER = '\\\\x[\\da-fA-F]{2}|\\\\u[\\da-fA-F]{4}|\\\\[^]|[^]'
const CLASS_PARTS = new RegExp(`(${CHARACTER})(?:-(${CHARACTER}))?`, 'g')
const RANGE_MAX = 1024

/** An atom that is one character, as a class that has both cases of it. */
function ofBothCases(atom: string): string {
  const other = otherCase(characterOf(atom))
  return other === undefined ? atom : `[${atom}${other}]`
}

/** The class, with the other case of each of its letters too. */
function classOfBothCases(text: string): string {
  const [, opening = '[', inner = ''] = /^(\[\^?)([^]*)\]$/.exec(text) ?? []
  let others = ''
  for (const [, first = '', last = first] of inner.matchAll(CLASS_PARTS)) {
    const [from, to] = [characterOf(first), characterOf(last)]
    // What stands for several characters, as \d, has both cases already.
    if (from === undefined || to === undefined) {
      others += (otherCase(from) ?? '') + (otherCase(to) ?? '')
      continue
    }
    const [least, most] = [from.charCodeAt(0), to.charCodeAt(0)]
    if (most - least > RANGE_MAX)
      throw new RegExpRefused(`${first}-${last} is too large for both cases`)
    for (let code = least; code <= most; code++)
      others += otherCase(String.fromCharCode(code)) ?? ''
  }
  // In front, where no range is open; a hyphen that was the first must not begin one.
  return `${opening}${others}${inner.replace(/^-/, '\\-')}]`
}

function characterOf(text: string): string | undefined {
  const [, digits] = /^\\[xu]([\da-fA-F]{2,4})$/.exec(text) ?? []
  if (digits !== undefined) return String.fromCharCode(parseInt(digits, 16))
  if (!text.startsWith('\\')) return text
  return /^\\\W$/.test(text) ? text.slice(1) : undefined
}

function otherCase(character: string | undefined): string | undefined {
  if (character === undefined) return undefined
  const [lower, upper] = [character.toLowerCase(), character.toUpperCase()]
  const other = lower === character ? upper : lower
  return other === character || other.length !== 1 ? undefined : other
}
