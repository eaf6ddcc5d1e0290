/** Lifecycle hooks of a deployment: pauses that last until somebody says how to go on. */
import type { DeploymentLifecycleHook } from '#contract/ecs.ts'

import { checkEnum, checkWhole, invalidParameter, unavailable } from '../names/names.ts'

const HOOKS_MAX = 20
const TIMEOUT_DEFAULT_MINUTES = 1440
const TIMEOUT_MAX_MINUTES = 20_160
const ALL_STAGES = [
  'RECONCILE_SERVICE',
  'PRE_SCALE_UP',
  'POST_SCALE_UP',
  'TEST_TRAFFIC_SHIFT',
  'POST_TEST_TRAFFIC_SHIFT',
  'PRE_PRODUCTION_TRAFFIC_SHIFT',
  'PRODUCTION_TRAFFIC_SHIFT',
  'POST_PRODUCTION_TRAFFIC_SHIFT',
]
const SHIFTS = ['TEST_TRAFFIC_SHIFT', 'PRODUCTION_TRAFFIC_SHIFT']
/** The stages with hooks that a rolling deployment goes through: it shifts no traffic. */
const ROLLING_STAGES = ['RECONCILE_SERVICE', 'PRE_SCALE_UP', 'POST_SCALE_UP']

/** The hooks, checked, with their timeouts filled in. */
export function filledHooks(hooks: readonly DeploymentLifecycleHook[]): DeploymentLifecycleHook[] {
  if (hooks.length > HOOKS_MAX)
    throw invalidParameter(`A deployment can have at most ${HOOKS_MAX} lifecycle hooks.`)
  return hooks.map(filled)
}

function filled(hook: DeploymentLifecycleHook): DeploymentLifecycleHook {
  const { targetType = 'AWS_LAMBDA', lifecycleStages = [], timeoutConfiguration = {} } = hook
  checkEnum('targetType', targetType, ['AWS_LAMBDA', 'PAUSE'])
  if (targetType !== 'PAUSE')
    throw unavailable(`deploymentConfiguration.lifecycleHooks.targetType ${targetType}`)
  for (const name of ['hookTargetArn', 'roleArn', 'hookDetails'] as const)
    if (hook[name] !== undefined)
      throw invalidParameter(`${name} is not applicable for PAUSE lifecycle hooks.`)
  if (lifecycleStages.length === 0)
    throw invalidParameter('lifecycleStages must be specified for a lifecycle hook.')
  for (const stage of lifecycleStages) checkStage(stage)
  const { timeoutInMinutes = TIMEOUT_DEFAULT_MINUTES, action = 'ROLLBACK' } = timeoutConfiguration
  checkWhole('timeoutInMinutes', timeoutInMinutes, 1, TIMEOUT_MAX_MINUTES)
  checkEnum('action', action, ['CONTINUE', 'ROLLBACK'])
  return {
    targetType,
    lifecycleStages: [...new Set(lifecycleStages)],
    timeoutConfiguration: { timeoutInMinutes, action },
  }
}

function checkStage(stage: string): void {
  checkEnum('lifecycleStages', stage, ALL_STAGES)
  if (SHIFTS.includes(stage))
    throw invalidParameter(`PAUSE hooks cannot be configured at the ${stage} stage.`)
  if (!ROLLING_STAGES.includes(stage))
    throw invalidParameter(`The ROLLING deployment strategy does not have the ${stage} stage.`)
}
