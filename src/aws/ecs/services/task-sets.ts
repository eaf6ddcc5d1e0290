/** What task sets may be: those of a service whose deployments are made by an external controller. */
import type { Scale } from '#contract/ecs.ts'

import { checkEnum, invalidParameter } from '../names/names.ts'
import type { Service, TaskSet } from '../records/services.ts'

/**
 * How many tasks the task set should run: AWS rounds up, so that no scale above nothing means no task. Single precision
 * forgives what percentages such as 1.1 are off by.
 */
export const computedDesired = (
  { desiredCount }: Pick<Service, 'desiredCount'>,
  { status, scale }: Pick<TaskSet, 'status' | 'scale'>,
): number => (status === 'DRAINING' ? 0 : Math.ceil(Math.fround((desiredCount * scale) / 100)))

/** Task sets are an external controller's. */
export function checkExternal({ deploymentController }: Service): void {
  if (deploymentController !== 'EXTERNAL')
    throw invalidParameter(
      'Task sets can only be used with services that have an EXTERNAL deployment controller.',
    )
}

/** The percentage of a scale that is asked for; 0 where none is. */
export function checkScale({ value = 0, unit = 'PERCENT' }: Scale = {}): number {
  checkEnum('unit', unit, ['PERCENT'])
  if (!(value >= 0 && value <= 100)) throw invalidParameter('scale must be between 0 and 100.')
  return value
}
