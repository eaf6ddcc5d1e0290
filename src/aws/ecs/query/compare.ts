/** How each subject of the query language is compared: numbers, moments, versions, texts, sets of texts. */
import { type LinearRegExp, linearRegExp, RegExpRefused } from '#kernel/linear-regexp.ts'

import type { Predicate, Subject } from './query.ts'

export type Comparison =
  | '=='
  | '!='
  | '>'
  | '>='
  | '<'
  | '<='
  | '=~'
  | '!~'
  | 'in'
  | 'not in'
  | 'exists'
  | 'not exists'

const ATTRIBUTE = 'attribute:'

/** Whether the host has the attribute, or a task of a group at all; nothing when the subject is unknown. */
export function exists(name: string, wanted: boolean): Predicate | undefined {
  if (name.startsWith(ATTRIBUTE)) {
    const attribute = name.slice(ATTRIBUTE.length)
    return (subject) => subject.attributes.has(attribute) === wanted
  }
  if (name === 'task:group') return (subject) => subject.taskGroups.length > 0 === wanted
  if (name === 'ec2InstanceId') return (subject) => (subject.ec2InstanceId !== '') === wanted
  if (name === 'agentVersion') return (subject) => (subject.agentVersion !== undefined) === wanted
  return undefined
}

/** The predicate `name comparison values`, or nothing when the subject is unknown or cannot be compared so. */
export function compare(
  name: string,
  comparison: Comparison,
  values: readonly string[],
): Predicate | undefined {
  if (name.startsWith(ATTRIBUTE)) {
    const attribute = name.slice(ATTRIBUTE.length)
    const test = textTest(comparison, values)
    // A host without the attribute matches nothing that is said of its value, not even `!=`.
    return test && ((subject) => holds(subject.attributes.get(attribute), test))
  }
  switch (name) {
    case 'task:group':
      return groupTest(comparison, values)
    case 'ec2InstanceId':
      return one(comparison, values, (subject) => subject.ec2InstanceId)
    case 'agentConnected':
      return one(comparison, values, (subject) => String(subject.agentConnected))
    case 'runningTasksCount':
      return ordered(comparison, values, Number, (subject) => subject.runningTasksCount)
    case 'registeredAt':
      return ordered(comparison, values, moment, (subject) => subject.registeredAt)
    case 'agentVersion':
      return ordered(comparison, values, version, ({ agentVersion }) =>
        agentVersion === undefined ? Number.NaN : version(agentVersion),
      )
    default:
      return undefined
  }
}

type TextTest = (value: string) => boolean
const holds = (value: string | undefined, test: TextTest): boolean =>
  value !== undefined && test(value)

function one(
  comparison: Comparison,
  values: readonly string[],
  of: (subject: Subject) => string,
): Predicate | undefined {
  const test = textTest(comparison, values)
  return test && ((subject) => test(of(subject)))
}

function textTest(comparison: Comparison, values: readonly string[]): TextTest | undefined {
  const [first = ''] = values
  switch (comparison) {
    case '==':
      return (value) => value === first
    case '!=':
      return (value) => value !== first
    case 'in':
      return (value) => values.includes(value)
    case 'not in':
      return (value) => !values.includes(value)
    case '=~':
    case '!~': {
      const pattern = wholePattern(first)
      return pattern && ((value) => pattern.test(value) === (comparison === '=~'))
    }
    case '>':
    case '>=':
    case '<':
    case '<=': {
      const test = orderTest(comparison, Number(first))
      return (value) => value.trim() !== '' && test(Number(value))
    }
    default:
      return undefined
  }
}

function wholePattern(source: string): LinearRegExp | undefined {
  try {
    return linearRegExp(`^(?:${source})$`)
  } catch (error) {
    if (error instanceof RegExpRefused) return undefined
    throw error
  }
}

function groupTest(comparison: Comparison, values: readonly string[]): Predicate | undefined {
  const negative = comparison === '!=' || comparison === '!~' || comparison === 'not in'
  const positive = { '!=': '==', '!~': '=~', 'not in': 'in' } as const
  const test = textTest(negative ? positive[comparison] : comparison, values)
  // `task:group != x` means that no task of the group is there.
  return test && ((subject) => subject.taskGroups.some((group) => test(group)) !== negative)
}

function ordered(
  comparison: Comparison,
  values: readonly string[],
  read: (text: string) => number,
  of: (subject: Subject) => number,
): Predicate | undefined {
  const wanted = values.map(read)
  if (wanted.some(Number.isNaN)) return undefined
  if (comparison === 'in') return (subject) => wanted.includes(of(subject))
  if (comparison === 'not in') return (subject) => !wanted.includes(of(subject))
  if (comparison === '=~' || comparison === '!~' || comparison.endsWith('exists')) return undefined
  const test = orderTest(comparison, wanted[0] ?? Number.NaN)
  return (subject) => test(of(subject))
}

function orderTest(comparison: Comparison, wanted: number): (value: number) => boolean {
  switch (comparison) {
    case '>':
      return (value) => value > wanted
    case '>=':
      return (value) => value >= wanted
    case '<':
      return (value) => value < wanted
    case '<=':
      return (value) => value <= wanted
    case '!=':
      return (value) => value !== wanted
    default:
      return (value) => value === wanted
  }
}

/** Moments without a zone are UTC. */
function moment(text: string): number {
  const zoned = /(Z|[+-]\d\d:?\d\d)$/i.test(text) || /^\d{4}-\d\d-\d\d$/.test(text)
  return Date.parse(zoned ? text : `${text}Z`)
}

const VERSION_PART_MAX = 10_000
/** `1.105.1` as one number that sorts as versions do. */
function version(text: string): number {
  const [, major, minor = '0', patch = '0'] =
    /^v?(\d{1,4})(?:\.(\d{1,4}))?(?:\.(\d{1,4}))?$/.exec(text) ?? []
  if (major === undefined) return Number.NaN
  return (Number(major) * VERSION_PART_MAX + Number(minor)) * VERSION_PART_MAX + Number(patch)
}
