/** How far a rolling deployment has come, and what its next step is. Pure. */
import type { DeploymentLifecycleHook } from '#contract/ecs.ts'

import type { Deployment, Hook, ServiceDeployment, Stage } from '../records/services.ts'
import { thresholdOf } from './breaker.ts'

const STAGES: readonly Stage[] = [
  'RECONCILE_SERVICE',
  'PRE_SCALE_UP',
  'SCALE_UP',
  'POST_SCALE_UP',
  'BAKE_TIME',
  'CLEAN_UP',
]
const MINUTE_MS = 60_000
/** How long a pause waits where its hook does not say, and what happens then. */
const PAUSE_MINUTES = 1440
const PAUSE_ACTION = 'ROLLBACK'

export type Facts = {
  readonly now: number
  /** All tasks of the deployment run and are healthy, and no other does. */
  readonly isSteady: boolean
  readonly desired: number
  /** Alarms of the deployment that are in ALARM now and were not when it began. */
  readonly alarms: readonly string[]
}

export type Step =
  | { readonly do: 'wait'; readonly until?: number }
  | { readonly do: 'enter'; readonly stage: Stage }
  | { readonly do: 'pause'; readonly hook: Omit<Hook, 'hookId'> }
  | { readonly do: 'expire'; readonly hookId: string }
  | { readonly do: 'complete' }
  | { readonly do: 'abort' }
  | {
      readonly do: 'fail'
      readonly by: 'BREAKER' | 'ALARM' | 'USER' | 'HOOK' | 'CHOICE'
      readonly rollback: boolean
      /** The alarms that were heard. */
      readonly alarms?: readonly string[]
    }

/** Whether the stage is one in which the new revision's tasks are started. */
export const mayScaleUp = ({ stage }: ServiceDeployment): boolean =>
  STAGES.indexOf(stage) >= STAGES.indexOf('SCALE_UP')

export function nextStep(open: ServiceDeployment, deployment: Deployment, facts: Facts): Step {
  const { deploymentCircuitBreaker: breaker, alarms } = open.deploymentConfiguration
  if (open.status === 'STOP_REQUESTED') return { do: 'abort' }
  if (open.status === 'ROLLBACK_REQUESTED') return { do: 'fail', by: 'USER', rollback: true }
  if (breaker?.enable && deployment.failures >= thresholdOf(breaker, facts.desired))
    return { do: 'fail', by: 'BREAKER', rollback: breaker.rollback }
  if (alarms?.enable && facts.alarms.length > 0)
    return { do: 'fail', by: 'ALARM', rollback: alarms.rollback, alarms: facts.alarms }
  return inStage(open, facts)
}

function inStage(open: ServiceDeployment, facts: Facts): Step {
  const { stage } = open
  const next = STAGES[STAGES.indexOf(stage) + 1]
  if (stage === 'SCALE_UP' && !facts.isSteady) return { do: 'wait' }
  if (stage === 'BAKE_TIME') {
    const until = bakedAt(open)
    if (facts.now < until) return { do: 'wait', until }
  }
  const paused = pause(open, facts.now)
  if (paused) return paused
  if (next) return { do: 'enter', stage: next }
  // Much may have ended since it had scaled up: COMPLETED says that it is steady.
  return facts.isSteady ? { do: 'complete' } : { do: 'wait' }
}

/** A rollback was decided by whoever watched the deployment: it does not wait for anybody. */
const isRollback = ({ rollback }: ServiceDeployment): boolean => rollback !== undefined

/** When a deployment in the stage BAKE_TIME leaves it. */
export const bakedAt = (open: ServiceDeployment): number =>
  open.stageSince +
  (isRollback(open) ? 0 : (open.deploymentConfiguration.bakeTimeInMinutes ?? 0) * MINUTE_MS)

/** The pause hooks of the stage: all begin together, and all have to be over. */
function pause(open: ServiceDeployment, now: number): Step | undefined {
  if (isRollback(open)) return undefined
  const { stage } = open
  // AWS reconciles only where several revisions run when the deployment begins.
  if (stage === 'RECONCILE_SERVICE' && open.sources.length < 2) return undefined
  const ofStage = open.hooks.filter((one) => one.stage === stage)
  for (const [at, hook] of (open.deploymentConfiguration.lifecycleHooks ?? []).entries())
    if (hook.lifecycleStages?.includes(stage) && !ofStage.some((one) => one.at === at))
      return { do: 'pause', hook: opened(hook, at, stage, now) }
  for (const { status, timeoutAction } of ofStage) {
    if (status === 'FAILED') return { do: 'fail', by: 'CHOICE', rollback: true }
    if (status === 'TIMED_OUT' && timeoutAction === 'ROLLBACK')
      return { do: 'fail', by: 'HOOK', rollback: true }
  }
  const waiting = ofStage.filter(({ status }) => status === 'AWAITING_ACTION')
  const [next] = waiting.toSorted((one, other) => one.expiresAt - other.expiresAt)
  if (!next) return undefined
  if (now >= next.expiresAt) return { do: 'expire', hookId: next.hookId }
  return { do: 'wait', until: next.expiresAt }
}

function opened(
  hook: DeploymentLifecycleHook,
  at: number,
  stage: Stage,
  now: number,
): Omit<Hook, 'hookId'> {
  return { at, stage, status: 'AWAITING_ACTION', ...termsOf(hook, now) }
}

const timeoutMs = ({ timeoutConfiguration: timeout }: DeploymentLifecycleHook): number =>
  (timeout?.timeoutInMinutes ?? PAUSE_MINUTES) * MINUTE_MS

/** How long a pause that began at this moment waits, and what then. */
const termsOf = (
  hook: DeploymentLifecycleHook,
  since: number,
): Pick<Hook, 'expiresAt' | 'timeoutAction'> => ({
  expiresAt: since + timeoutMs(hook),
  timeoutAction: hook.timeoutConfiguration?.action ?? PAUSE_ACTION,
})

/** The hooks once the configuration is another: a pause that it has no longer is over, one that it changed has its terms. */
export const rehooked = (
  { hooks, deploymentConfiguration: before }: ServiceDeployment,
  { lifecycleHooks: after = [] }: ServiceDeployment['deploymentConfiguration'],
): readonly Hook[] =>
  hooks.flatMap((hook) => {
    if (hook.status !== 'AWAITING_ACTION') return [hook]
    const [was, is] = [before.lifecycleHooks?.[hook.at], after[hook.at]]
    if (!was || !is?.lifecycleStages?.includes(hook.stage)) return []
    return [{ ...hook, ...termsOf(is, hook.expiresAt - timeoutMs(was)) }]
  })
