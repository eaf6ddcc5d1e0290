/** The deployment configuration of a service: what is refused, and every default as AWS fills it in. */
import type { DeploymentCircuitBreaker, DeploymentConfiguration } from '#contract/ecs.ts'

import { isSaid } from '../meant.ts'
import { checkEnum, checkWhole, invalidParameter, unavailable } from '../names/names.ts'
import type { Service } from '../records/services.ts'
import { filledHooks } from './hooks.ts'

const BAKE_TIME_MAX_MINUTES = 1440
const THRESHOLD_COUNT_MAX = 5000
const REPLICA = { maximumPercent: 200, minimumHealthyPercent: 100 }
const DAEMON = { maximumPercent: 100, minimumHealthyPercent: 0 }

type Kind = Pick<Service, 'schedulingStrategy' | 'deploymentController'>

/** `before` is what holds for the members that are not given: a part of it is changed alone. */
export function filledConfiguration(
  given: DeploymentConfiguration,
  kind: Kind,
  before: DeploymentConfiguration = {},
): Service['deploymentConfiguration'] {
  const percents = kind.schedulingStrategy === 'DAEMON' ? DAEMON : REPLICA
  const {
    maximumPercent = before.maximumPercent ?? percents.maximumPercent,
    minimumHealthyPercent = before.minimumHealthyPercent ?? percents.minimumHealthyPercent,
  } = given
  const wanted = { ...before, ...given, maximumPercent, minimumHealthyPercent }
  refuseUnbuilt(wanted)
  checkPercents(wanted, kind)
  const { bakeTimeInMinutes = 0, lifecycleHooks, alarms, earlySuccessCriteria } = wanted
  checkWhole('bakeTimeInMinutes', bakeTimeInMinutes, 0, BAKE_TIME_MAX_MINUTES)
  if (kind.deploymentController !== 'ECS') refuseStages(wanted)
  return {
    deploymentCircuitBreaker: filledBreaker(wanted.deploymentCircuitBreaker, kind),
    maximumPercent,
    minimumHealthyPercent,
    strategy: 'ROLLING',
    bakeTimeInMinutes,
    ...(alarms && { alarms }),
    ...(lifecycleHooks?.length && { lifecycleHooks: filledHooks(lifecycleHooks) }),
    ...(earlySuccessCriteria && { earlySuccessCriteria }),
  }
}

/** Strategies that shift traffic come with load balancers, alarms with metrics. */
function refuseUnbuilt(wanted: DeploymentConfiguration): void {
  checkEnum('strategy', wanted.strategy, ['ROLLING', 'BLUE_GREEN', 'LINEAR', 'CANARY'])
  if (wanted.strategy !== undefined && wanted.strategy !== 'ROLLING')
    throw unavailable(`deploymentConfiguration.strategy ${wanted.strategy}`)
  const asked = {
    alarms: wanted.alarms?.enable === true,
    canaryConfiguration: isSaid(wanted.canaryConfiguration),
    earlySuccessCriteria: wanted.earlySuccessCriteria?.enable === true,
    linearConfiguration: isSaid(wanted.linearConfiguration),
  }
  for (const name of Object.keys(asked) as (keyof typeof asked)[])
    if (asked[name]) throw unavailable(`deploymentConfiguration.${name}`)
}

/** Deployments of an external controller are task sets, which know neither stages nor an end. */
function refuseStages({ bakeTimeInMinutes, lifecycleHooks }: DeploymentConfiguration): void {
  const asked = { bakeTimeInMinutes, lifecycleHooks: lifecycleHooks?.length }
  for (const [name, value] of Object.entries(asked))
    if (value)
      throw invalidParameter(
        `Services with an EXTERNAL deployment controller do not support ${name}.`,
      )
}

type Percents = { readonly maximumPercent: number; readonly minimumHealthyPercent: number }

function checkPercents(
  { maximumPercent, minimumHealthyPercent }: Percents,
  { schedulingStrategy, deploymentController }: Kind,
): void {
  if (deploymentController === 'EXTERNAL') {
    if (
      maximumPercent !== REPLICA.maximumPercent ||
      minimumHealthyPercent !== REPLICA.minimumHealthyPercent
    )
      throw invalidParameter(
        'Services with an EXTERNAL deployment controller and the EC2 launch type do not support custom values for maximumPercent and minimumHealthyPercent.',
      )
    return
  }
  checkWhole('minimumHealthyPercent', minimumHealthyPercent, 0, 100)
  if (schedulingStrategy === 'DAEMON' && maximumPercent > DAEMON.maximumPercent)
    throw invalidParameter(
      'The daemon scheduling strategy does not support values above 100 for maximumPercent. Change the value and try again',
    )
  checkWhole('maximumPercent', maximumPercent, 100, PERCENT_MAX)
  if (maximumPercent === 100 && minimumHealthyPercent === 100)
    throw invalidParameter(
      'Both maximumPercent and minimumHealthyPercent cannot be 100 as this will block deployments.',
    )
}
const PERCENT_MAX = 2_147_483_647

/** Off unless it is asked for; what is asked for has its threshold filled in. */
function filledBreaker(
  given: DeploymentCircuitBreaker | undefined,
  { deploymentController }: Kind,
): DeploymentCircuitBreaker {
  if (!given) return { enable: false, rollback: false }
  if (given.enable && deploymentController !== 'ECS')
    throw invalidParameter(
      'The deployment circuit breaker can only be used for services using the rolling update (ECS) deployment type.',
    )
  const {
    enable,
    rollback,
    resetOnHealthyTask = true,
    thresholdConfiguration = { type: 'BOUNDED_PERCENT', value: 50 },
  } = given
  const { type, value } = thresholdConfiguration
  checkEnum('type', type, ['BOUNDED_PERCENT', 'COUNT', 'UNBOUNDED_PERCENT'])
  checkWhole('thresholdConfiguration.value', value, 1, type === 'COUNT' ? THRESHOLD_COUNT_MAX : 100)
  if (!enable && !given.thresholdConfiguration && given.resetOnHealthyTask === undefined)
    return { enable, rollback }
  return { enable, rollback, resetOnHealthyTask, thresholdConfiguration }
}
