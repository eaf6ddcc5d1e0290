/** Placement parameters of a request, checked and compiled. */
import type { PlacementConstraint, PlacementStrategy } from '#contract/ecs.ts'

import { invalidParameter } from '../names/names.ts'
import { parseExpression } from '../query/query.ts'
import type { Constraint } from './place.ts'

const CONSTRAINTS_MAX = 10
const STRATEGIES_MAX = 5
const BINPACK_FIELDS = ['CPU', 'MEMORY']

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

/** As AWS writes them, however they were sent. */
export function placementStrategies(
  strategies: readonly PlacementStrategy[] = [],
): readonly PlacementStrategy[] {
  if (strategies.length > STRATEGIES_MAX)
    throw invalidParameter(`A task can have at most ${STRATEGIES_MAX} placement strategies.`)
  return strategies.map(asWritten)
}

function asWritten({ type, field = '' }: PlacementStrategy): PlacementStrategy {
  if (type === 'random') {
    if (field) throw invalidParameter('The random strategy does not take a field.')
    return { type }
  }
  if (type === 'binpack') {
    const resource = field.toUpperCase()
    if (!BINPACK_FIELDS.includes(resource))
      throw invalidParameter(
        `Invalid field '${field}' for the binpack strategy. Valid values: [cpu, memory].`,
      )
    return { type, field: resource }
  }
  if (type !== 'spread') throw invalidParameter(`Invalid placement strategy type '${type ?? ''}'.`)
  if (field === 'host') return { type, field: 'instanceId' }
  if (field !== 'instanceId' && !/^attribute:.+/.test(field))
    throw invalidParameter(`Invalid field '${field}' for the spread strategy.`)
  return { type, field }
}
