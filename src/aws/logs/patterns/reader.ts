/** Reads a pattern from left to right: the words that its three languages share. */
import { SCAN_STEPS_MAX } from '#files/storage.ts'
import { linearRegExp, RegExpRefused } from '#kernel/linear-regexp.ts'

export class PatternError extends Error {
  override name = 'PatternError'
}

/** From the User Guide: letters, digits, these symbols and operators; no parentheses. */
const REGEX_CHARACTERS = /^[A-Za-z0-9:_#=@/;,\-^$?[\]{}|\\*+. ]*$/
const REGEX_MAX = 2
/** To look for a text, or to read a number, is so much of a regular expression's step for each character. */
const COMPARISON_STEPS = 1 / 8

export class Reader {
  readonly #text: string
  #at = 0
  #regexes = 0
  #size = 0

  constructor(text: string) {
    this.#text = text
  }

  /** Steps that what was read so far takes at most for one character. */
  get size(): number {
    return this.#size
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#text.length
  }

  space(): void {
    while (/\s/.test(this.peek())) this.#at++
  }

  peek(): string {
    return this.#text[this.#at] ?? ''
  }

  /** Takes what the sticky expression finds here. */
  take(expression: RegExp): string | undefined {
    expression.lastIndex = this.#at
    const found = expression.exec(this.#text)?.[0]
    if (found !== undefined) this.#at += found.length
    return found
  }

  /** Takes these signs, if they are next, with the space before them. */
  sign(signs: string): boolean {
    this.space()
    if (!this.#text.startsWith(signs, this.#at)) return false
    this.#at += signs.length
    return true
  }

  need(signs: string): void {
    if (!this.sign(signs)) this.fail(`expected ${signs}`)
  }

  /** A text in double quotes, where a backslash takes the next sign as it is. */
  quoted(): string {
    const found = this.take(/"(?:\\[^]|[^"\\])*"/y)
    if (found === undefined) this.fail('a " is not closed')
    return found.slice(1, -1).replaceAll(/\\([^])/g, '$1')
  }

  /** What was read is compared with every message. */
  compares(): void {
    this.#size += COMPARISON_STEPS
  }

  /** A regular expression between percent signs. */
  regex(): (text: string) => boolean {
    const found = this.take(/%(?:\\[^]|[^%\\])*%/y)
    if (found === undefined) this.fail('a % is not closed')
    if (++this.#regexes > REGEX_MAX)
      this.fail(`a pattern has at most ${REGEX_MAX} regular expressions`)
    const source = found.slice(1, -1)
    if (source === '' || !REGEX_CHARACTERS.test(source))
      this.fail(`${found} has signs that are not supported`)
    try {
      const expression = linearRegExp(source)
      this.#size += expression.size
      // One long message may not cost more than a whole read.
      const lookedAt = Math.floor(SCAN_STEPS_MAX / expression.size)
      return (text) => expression.test(text.slice(0, lookedAt))
    } catch (error) {
      if (error instanceof RegExpRefused) this.fail(error.message)
      throw error
    }
  }

  fail(why: string): never {
    throw new PatternError(`${why} at character ${this.#at + 1}`)
  }
}
