/** The deployment circuit breaker: after how many failed tasks a deployment has failed. Pure. */
import type { DeploymentCircuitBreaker } from '#contract/ecs.ts'

const PERCENT_DEFAULT = 50
const BOUND_MIN = 3
const BOUND_MAX = 200

/** How many failures trip the breaker: a share of the latest desired count, by default half of it, but at least 3 and at most 200. */
export function thresholdOf(
  { thresholdConfiguration: configured }: Pick<DeploymentCircuitBreaker, 'thresholdConfiguration'>,
  desired: number,
): number {
  const { type, value } = configured ?? { type: 'BOUNDED_PERCENT', value: PERCENT_DEFAULT }
  if (type === 'COUNT') return value
  const share = Math.ceil((desired * value) / 100)
  return type === 'UNBOUNDED_PERCENT' ? share : Math.min(BOUND_MAX, Math.max(BOUND_MIN, share))
}
