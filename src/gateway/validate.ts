/**
 * Holds an input to its model, in AWS's words. Only after authentication, and only what the model says: a service's
 * own rules are its room's.
 */
import { Fault } from '#kernel/fault.ts'

import type { Limits, Member, ServiceFacts, Shape } from './model.ts'

type Violation = {
  readonly path: string
  readonly constraint: string
  readonly value: string
  readonly absent: boolean
}
export type Findings = { readonly unknownEnum: (path: string, value: string) => void }

const VIOLATIONS_MAX = 20
const VALUE_CHARS_MAX = 1000
const NOT_NULL = 'Member must not be null'

/** Throws the service's validation fault when the input breaks its model. */
export function validate(
  facts: ServiceFacts,
  shape: Shape,
  input: object,
  findings: Findings,
): void {
  const violations: Violation[] = []
  walkStructure(shape, input as Readonly<Record<string, unknown>>, '', { violations, findings })
  if (violations.length > 0) throw validationFault(facts, violations)
}

type Walk = { readonly violations: Violation[]; readonly findings: Findings }

function walkStructure(
  shape: Shape,
  input: Readonly<Record<string, unknown>>,
  path: string,
  walk: Walk,
): void {
  for (const member of shape.members) {
    if (isEnough(walk)) return
    const value = input[member.name]
    const at = path ? `${path}.${lowerFirst(member.name)}` : lowerFirst(member.name)
    if (value !== undefined) check(member, value, at, walk)
    else if (member.required)
      walk.violations.push({ path: at, constraint: NOT_NULL, value: 'null', absent: true })
  }
}

/** Nobody reads more of them, and a long list may break its model at every place. */
const isEnough = ({ violations }: Walk): boolean => violations.length >= VIOLATIONS_MAX

function check(member: Member, value: unknown, path: string, walk: Walk): void {
  const { shape, limits } = member
  if (limits) checkLimits(member, limits, value, path, walk)
  if (shape.type === 'structure') walkStructure(shape, value as Record<string, unknown>, path, walk)
  else if (shape.type === 'list')
    for (const [index, each] of (value as readonly unknown[]).entries()) {
      if (isEnough(walk)) return
      check(shape.item!, each, `${path}.${index + 1}.member`, walk)
    }
  else if (shape.type === 'map')
    for (const [key, each] of Object.entries(value as object)) {
      if (isEnough(walk)) return
      check(shape.key!, key, `${path}.key`, walk)
      check(shape.item!, each, `${path}.${key}.member`, walk)
    }
}

function checkLimits(
  member: Member,
  limits: Limits,
  value: unknown,
  path: string,
  walk: Walk,
): void {
  const say = (constraint: string) =>
    walk.violations.push({
      path,
      constraint,
      value: member.sensitive ? '***' : shown(value),
      absent: false,
    })
  const size = sizeOf(member.shape, value)
  const what = member.shape.type === 'number' ? 'value' : 'length'
  const before = walk.violations.length
  if (size !== undefined && limits.min !== undefined && size < limits.min)
    say(`Member must have ${what} greater than or equal to ${limits.min}`)
  if (size !== undefined && limits.max !== undefined && size > limits.max)
    say(`Member must have ${what} less than or equal to ${limits.max}`)
  if (typeof value !== 'string') return
  // Newer clients know newer values than our model does: the room decides, the operator hears of it.
  if (limits.enum && !limits.enum.includes(value)) walk.findings.unknownEnum(path, value)
  // A text of the wrong length is not tried against its pattern: patterns are AWS's, and some are slow on long texts.
  if (
    limits.pattern !== undefined &&
    walk.violations.length === before &&
    !patternOf(limits.pattern).test(value)
  )
    say(`Member must satisfy regular expression pattern: ${limits.pattern}`)
}

function sizeOf(shape: Shape, value: unknown): number | undefined {
  switch (shape.type) {
    case 'number':
      return value as number
    case 'string':
    case 'list':
    case 'blob':
      return (value as { readonly length: number }).length
    case 'map':
      return Object.keys(value as object).length
    default:
      return undefined
  }
}

function shown(value: unknown): string {
  if (typeof value === 'string' || typeof value === 'number')
    return String(value).slice(0, VALUE_CHARS_MAX)
  if (Array.isArray(value) && value.every((each) => typeof each === 'string'))
    return `[${value.join(', ')}]`.slice(0, VALUE_CHARS_MAX)
  return ''
}

const patterns = new Map<string, RegExp>()
function patternOf(source: string): RegExp {
  let pattern = patterns.get(source)
  if (!pattern) patterns.set(source, (pattern = compile(source)))
  return pattern
}

/** The generator kept only what compiles, with or without `u`. */
function compile(source: string): RegExp {
  try {
    return new RegExp(`^(?:${source})$`, 'u')
  } catch {
    return new RegExp(`^(?:${source})$`)
  }
}

function validationFault(facts: ServiceFacts, violations: readonly Violation[]): Fault {
  const [first] = violations
  if (facts.violations === 'parameter')
    return first!.absent
      ? new Fault(
          'MissingParameter',
          `The request must contain the parameter ${upperFirst(first!.path)}.`,
        )
      : new Fault(
          'InvalidParameterValue',
          `Value (${first!.value}) for parameter ${upperFirst(first!.path)} is invalid. ${first!.constraint}`,
        )
  if (facts.violations === 'constraint')
    return new Fault(
      facts.validationError,
      `Invalid parameter at '${first!.path}' failed to satisfy constraint: '${lowerFirst(first!.constraint.replace('Member ', ''))}'`,
    )
  if (facts.violations === 'log names' && violations.some(isLogNameTooLong))
    return new Fault(
      facts.validationError,
      'Invalid LogGroup or LogStream, both must have length less than or equal to 512.',
    )
  const said = violations.map(
    ({ value, path, constraint }) =>
      `Value ${value === 'null' ? 'null' : `'${value}'`} at '${path}' failed to satisfy constraint: ${constraint}`,
  )
  return new Fault(
    facts.validationError,
    `${said.length} validation error${said.length > 1 ? 's' : ''} detected: ${said.join('; ')}`,
  )
}

const isLogNameTooLong = ({ path, constraint }: Violation): boolean =>
  (path === 'logGroupName' || path === 'logStreamName') &&
  constraint.startsWith('Member must have length less than')

const lowerFirst = (text: string) => text.charAt(0).toLowerCase() + text.slice(1)
const upperFirst = (text: string) => text.charAt(0).toUpperCase() + text.slice(1)
