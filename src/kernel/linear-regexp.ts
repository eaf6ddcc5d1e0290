/**
 * Regular expressions of users, which may be made to be slow. V8 goes over to an engine of linear time when one
 * backtracks too much (`--enable-experimental-regexp-engine-on-excessive-backtracks`, set where processes start), but
 * only for expressions that this engine can run. So all others are refused here, and counts, of which it can do only
 * low ones, are written out: `x{2,3}` as `xxx?`.
 */
export class RegExpRefused extends Error {
  override name = 'RegExpRefused'
}

const WRITTEN_MAX = 20_000
const DEPTH_MAX = 50

/** The expression, without flags, or a RegExpRefused that says what is wrong with it. */
export function linearRegExp(source: string): RegExp {
  const text = new Writer(source).alternatives(0)
  try {
    return new RegExp(text)
  } catch {
    throw new RegExpRefused(`not a regular expression: ${source}`)
  }
}

class Writer {
  readonly #source: string
  #at = 0

  constructor(source: string) {
    this.#source = source
  }

  alternatives(depth: number): string {
    if (depth > DEPTH_MAX) throw new RegExpRefused('groups are nested too deeply')
    let text = ''
    while (this.#at < this.#source.length && this.#peek() !== ')') {
      const sign = this.#peek()
      if (sign === '|' || sign === '^' || sign === '$') text += this.#take()
      else text += this.#counted(this.#atom(depth))
      if (text.length > WRITTEN_MAX) throw new RegExpRefused('the expression is too large')
    }
    if (depth === 0 && this.#at < this.#source.length) throw new RegExpRefused('a ) closes nothing')
    return text
  }

  #atom(depth: number): string {
    const sign = this.#peek()
    if (sign === '[') return this.#class()
    if (sign === '\\') return this.#escape()
    if (sign !== '(') return this.#take()
    const opening = /^\((?:\?:|\?<[A-Za-z]\w*>)?/.exec(this.#source.slice(this.#at))?.[0] ?? '('
    this.#at += opening.length
    if (this.#peek() === '?') throw new RegExpRefused('looking ahead or behind is not possible')
    const text = this.alternatives(depth + 1)
    if (this.#peek() !== ')') throw new RegExpRefused('a ( is not closed')
    this.#at++
    // No group is read back, and a group that is written out twice could not keep its name.
    return `(?:${text})`
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

  #class(): string {
    const found = /^\[(?:\\[^]|[^\]\\])*\]/.exec(this.#source.slice(this.#at))?.[0]
    if (found === undefined) throw new RegExpRefused('a [ is not closed')
    this.#at += found.length
    return found
  }

  #escape(): string {
    const found = /^\\(?:x[\da-fA-F]{2}|u[\da-fA-F]{4}|[^])/.exec(this.#source.slice(this.#at))?.[0]
    if (found === undefined) throw new RegExpRefused('a \\ escapes nothing')
    if (/[1-9k]/.test(found[1] ?? '')) throw new RegExpRefused('references are not possible')
    this.#at += found.length
    return found
  }

  #peek(): string {
    return this.#source[this.#at] ?? ''
  }

  #take(): string {
    return this.#source[this.#at++] ?? ''
  }
}
