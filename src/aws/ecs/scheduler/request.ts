/** Placement parameters of a request, checked and compiled. */
import type { PlacementConstraint, PlacementStrategy } from '#contract/ecs.ts'

import { invalidParameter } from '../names.ts'
import type { Constraint } from './place.ts'
import { parseExpression } from './query.ts'

const CONSTRAINTS_MAX = 10
const STRATEGIES_MAX = 5
const BINPACK_FIELDS = ['cpu', 'memory']

/** `fromDefinition` and `fromRequest` together have one limit. */
export function constraintsOf(
  fromDefinition: readonly PlacementConstraint[] = [],
  fromRequest: readonly PlacementConstraint[] = [],
): Constraint[] {
  const all = [...fromDefinition, ...fromRequest]
  if (all.length > CONSTRAINTS_MAX)
    throw invalidParameter(`A task can have at most ${CONSTRAINTS_MAX} placement constraints.`)
  return all.map(({ type, expression }) => {
    if (type === 'memberOf') return { type, holds: parseExpression(expression ?? '') }
    if (type !== 'distinctInstance')
      throw invalidParameter(`Invalid placement constraint type '${type ?? ''}'.`)
    if (expression)
      throw invalidParameter('The distinctInstance constraint does not take an expression.')
    return { type }
  })
}

export function checkStrategies(
  strategies: readonly PlacementStrategy[] = [],
): readonly PlacementStrategy[] {
  if (strategies.length > STRATEGIES_MAX)
    throw invalidParameter(`A task can have at most ${STRATEGIES_MAX} placement strategies.`)
  for (const { type, field } of strategies) {
    if (type === 'random') {
      if (field) throw invalidParameter('The random strategy does not take a field.')
    } else if (type === 'binpack') {
      if (!BINPACK_FIELDS.includes(field?.toLowerCase() ?? ''))
        throw invalidParameter(
          `Invalid field '${field ?? ''}' for the binpack strategy. Valid values: [cpu, memory].`,
        )
    } else if (type === 'spread') {
      const known = field === 'instanceId' || field === 'host' || /^attribute:.+/.test(field ?? '')
      if (!known) throw invalidParameter(`Invalid field '${field ?? ''}' for the spread strategy.`)
    } else throw invalidParameter(`Invalid placement strategy type '${type ?? ''}'.`)
  }
  return strategies
}
