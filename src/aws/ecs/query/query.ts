/**
 * The cluster query language: `attribute:stack == prod and not runningTasksCount > 5`. An expression is parsed
 * once into a predicate over hosts.
 */
import { invalidParameter } from '../names/names.ts'
import { compare, type Comparison, exists } from './compare.ts'
import { type Token, tokens } from './tokens.ts'

/** What the language can ask about a container instance. */
export type Subject = {
  readonly agentConnected: boolean
  readonly agentVersion: string | undefined
  readonly ec2InstanceId: string
  readonly registeredAt: number
  readonly runningTasksCount: number
  /** Name-only attributes have an empty value. */
  readonly attributes: ReadonlyMap<string, string>
  /** Groups of the tasks that are on it. */
  readonly taskGroups: readonly string[]
}
export type Predicate = (subject: Subject) => boolean

const EXPRESSION_MAX = 2000
const NESTING_MAX = 50

/** Throws InvalidParameterException when the text is no expression. */
export function parseExpression(text: string): Predicate {
  if (text.trim() === '' || text.length > EXPRESSION_MAX) throw invalid(text)
  const parser = new Parser(text)
  return parser.whole()
}

const invalid = (text: string) => invalidParameter(`Invalid expression: ${text.slice(0, 200)}`)

class Parser {
  readonly #text: string
  readonly #tokens: readonly Token[]
  #at = 0
  #depth = 0

  constructor(text: string) {
    this.#text = text
    const found = tokens(text)
    if (!found) throw invalid(text)
    this.#tokens = found
  }

  whole(): Predicate {
    const predicate = this.#or()
    if (this.#at !== this.#tokens.length) throw invalid(this.#text)
    return predicate
  }

  #or(): Predicate {
    if (++this.#depth > NESTING_MAX) throw invalid(this.#text)
    let left = this.#and()
    while (this.#take('||', 'or')) {
      const [a, b] = [left, this.#and()]
      left = (subject) => a(subject) || b(subject)
    }
    this.#depth--
    return left
  }

  #and(): Predicate {
    let left = this.#not()
    while (this.#take('&&', 'and')) {
      const [a, b] = [left, this.#not()]
      left = (subject) => a(subject) && b(subject)
    }
    return left
  }

  #not(): Predicate {
    if (this.#take('!', 'not')) {
      if (++this.#depth > NESTING_MAX) throw invalid(this.#text)
      const inner = this.#not()
      this.#depth--
      return (subject) => !inner(subject)
    }
    if (this.#take('(')) {
      const inner = this.#or()
      if (!this.#take(')')) throw invalid(this.#text)
      return inner
    }
    return this.#comparison()
  }

  #comparison(): Predicate {
    const name = this.#word()
    const operator = this.#operator()
    if (operator === 'exists') return exists(name, true) ?? this.#fail()
    if (operator === 'not exists') return exists(name, false) ?? this.#fail()
    const values = operator === 'in' || operator === 'not in' ? this.#list() : [this.#word()]
    return compare(name, operator, values) ?? this.#fail()
  }

  #operator(): Comparison {
    const token = this.#tokens[this.#at++]
    if (!token || token.quoted) throw invalid(this.#text)
    if (token.text === '!' || token.text === 'not') {
      const next = this.#tokens[this.#at++]?.text
      if (next === 'in') return 'not in'
      if (next === 'exists') return 'not exists'
      throw invalid(this.#text)
    }
    return OPERATORS.get(token.text) ?? this.#fail()
  }

  #list(): string[] {
    if (!this.#take('[')) throw invalid(this.#text)
    const values = [this.#word()]
    while (this.#take(',')) values.push(this.#word())
    if (!this.#take(']')) throw invalid(this.#text)
    return values
  }

  #word(): string {
    const token = this.#tokens[this.#at++]
    if (!token || (!token.quoted && /^[()[\],!|&=<>~]/.test(token.text))) throw invalid(this.#text)
    return token.text
  }

  #take(...texts: string[]): boolean {
    const token = this.#tokens[this.#at]
    if (!token || token.quoted || !texts.includes(token.text)) return false
    this.#at++
    return true
  }

  #fail(): never {
    throw invalid(this.#text)
  }
}

const OPERATORS: ReadonlyMap<string, Comparison> = new Map([
  ['==', '=='],
  ['equals', '=='],
  ['!=', '!='],
  ['not_equals', '!='],
  ['>', '>'],
  ['greater_than', '>'],
  ['>=', '>='],
  ['greater_than_equal', '>='],
  ['<', '<'],
  ['less_than', '<'],
  ['<=', '<='],
  ['less_than_equal', '<='],
  ['=~', '=~'],
  ['matches', '=~'],
  ['!~', '!~'],
  ['not_matches', '!~'],
  ['in', 'in'],
  ['!in', 'not in'],
  ['not_in', 'not in'],
  ['exists', 'exists'],
  ['!exists', 'not exists'],
  ['not_exists', 'not exists'],
])
