/**
 * Blue/green, linear and canary deployments: the stages in which a new revision (green) takes the traffic of the old one
 * (blue), and how much of it at each. Pure; what carries the traffic is behind a port. Until there is one, services with
 * these strategies are refused by name.
 */
import type { DeploymentConfiguration } from '#contract/ecs.ts'

export type ShiftStage =
  | 'RECONCILE_SERVICE'
  | 'PRE_SCALE_UP'
  | 'SCALE_UP'
  | 'POST_SCALE_UP'
  | 'TEST_TRAFFIC_SHIFT'
  | 'POST_TEST_TRAFFIC_SHIFT'
  | 'PRE_PRODUCTION_TRAFFIC_SHIFT'
  | 'PRODUCTION_TRAFFIC_SHIFT'
  | 'POST_PRODUCTION_TRAFFIC_SHIFT'
  | 'BAKE_TIME'
  | 'CLEAN_UP'

const ORDER: readonly ShiftStage[] = [
  'RECONCILE_SERVICE',
  'PRE_SCALE_UP',
  'SCALE_UP',
  'POST_SCALE_UP',
  'TEST_TRAFFIC_SHIFT',
  'POST_TEST_TRAFFIC_SHIFT',
  'PRE_PRODUCTION_TRAFFIC_SHIFT',
  'PRODUCTION_TRAFFIC_SHIFT',
  'POST_PRODUCTION_TRAFFIC_SHIFT',
  'BAKE_TIME',
  'CLEAN_UP',
]
/** Stages in which nobody is asked. */
const WITHOUT_HOOKS: ReadonlySet<ShiftStage> = new Set(['SCALE_UP', 'BAKE_TIME', 'CLEAN_UP'])
const MINUTE_MS = 60_000
/** A stage that takes longer has failed (AWS). */
const STAGE_LIMIT_MS = 24 * 60 * MINUTE_MS
const LINEAR = { stepPercent: 10, stepBakeTimeInMinutes: 6 }
const CANARY = { canaryPercent: 5, canaryBakeTimeInMinutes: 10 }
const ALL = 100

/** What of the traffic goes to green: as it was asked, and as whatever carries it says that it is. */
export type Traffic = { readonly test: boolean; readonly productionPercent: number }

/** Carries traffic. `shift` may take its time, and may be asked again for the same. */
export type TrafficPort = {
  readonly shift: (to: Traffic) => void
  readonly seen: () => Traffic
}

export type Shifting = {
  readonly configuration: DeploymentConfiguration
  readonly stage: ShiftStage
  readonly stageSince: number
  /** How many steps of the production traffic have been taken. */
  readonly step: number
  readonly isRollback: boolean
}

export type ShiftFacts = {
  readonly now: number
  /** Green has all its tasks, healthy. */
  readonly isScaledUp: boolean
  /** Blue has none left. */
  readonly isCleanedUp: boolean
  readonly traffic: Traffic
  /** How far all hooks of this stage are, and of this step of it. */
  readonly hooks: 'NONE' | 'WAITING' | 'DONE' | 'FAILED'
  readonly isAlarmed: boolean
}

export type ShiftStep =
  | { readonly do: 'wait'; readonly until?: number }
  | { readonly do: 'shift'; readonly to: Traffic }
  | { readonly do: 'enter'; readonly stage: ShiftStage; readonly step: number }
  | { readonly do: 'complete' }
  | { readonly do: 'fail'; readonly by: 'HOOK' | 'ALARM' | 'TIME' }

/** Percents of the production traffic that green gets, step by step. */
export function productionSteps({
  strategy,
  linearConfiguration: linear,
  canaryConfiguration: canary,
}: DeploymentConfiguration): readonly number[] {
  if (strategy === 'CANARY') return [canary?.canaryPercent ?? CANARY.canaryPercent, ALL]
  if (strategy !== 'LINEAR') return [ALL]
  const percent = linear?.stepPercent ?? LINEAR.stepPercent
  const count = Math.ceil(ALL / percent)
  return Array.from({ length: count }, (_, at) => Math.min(ALL, round(percent * (at + 1))))
}
/** Percents have one decimal. */
const round = (percent: number): number => Math.round(percent * 10) / 10

/** How long each step but the last is looked at before the next. */
const stepBakeMs = (configuration: DeploymentConfiguration): number =>
  (configuration.strategy === 'CANARY'
    ? (configuration.canaryConfiguration?.canaryBakeTimeInMinutes ?? CANARY.canaryBakeTimeInMinutes)
    : (configuration.linearConfiguration?.stepBakeTimeInMinutes ?? LINEAR.stepBakeTimeInMinutes)) *
  MINUTE_MS

export function nextShift(now: Shifting, facts: ShiftFacts): ShiftStep {
  if (now.isRollback) return back(facts)
  if (facts.isAlarmed) return { do: 'fail', by: 'ALARM' }
  if (facts.hooks === 'FAILED') return { do: 'fail', by: 'HOOK' }
  const isSlow = facts.now - now.stageSince >= STAGE_LIMIT_MS
  const due = workOf(now, facts)
  if (due) return due.do === 'wait' && isSlow && !isBaking(now) ? { do: 'fail', by: 'TIME' } : due
  if (facts.hooks === 'WAITING' && !WITHOUT_HOOKS.has(now.stage))
    return isSlow
      ? { do: 'fail', by: 'TIME' }
      : { do: 'wait', until: now.stageSince + STAGE_LIMIT_MS }
  return onwards(now)
}

const isBaking = ({ stage }: Shifting): boolean => stage === 'BAKE_TIME'

/** What the stage itself has to do first; nothing when it is done. */
function workOf(now: Shifting, facts: ShiftFacts): ShiftStep | undefined {
  const { stage, stageSince, step, configuration } = now
  const { productionPercent } = facts.traffic
  switch (stage) {
    case 'SCALE_UP':
      return facts.isScaledUp ? undefined : { do: 'wait' }
    case 'TEST_TRAFFIC_SHIFT':
      return facts.traffic.test ? undefined : { do: 'shift', to: { test: true, productionPercent } }
    case 'PRODUCTION_TRAFFIC_SHIFT': {
      const steps = productionSteps(configuration)
      const wanted = steps[step] ?? ALL
      if (productionPercent !== wanted)
        return { do: 'shift', to: { test: true, productionPercent: wanted } }
      const until = stageSince + stepBakeMs(configuration)
      const isLast = step >= steps.length - 1
      return isLast || facts.now >= until ? undefined : { do: 'wait', until }
    }
    case 'BAKE_TIME': {
      const until = stageSince + (configuration.bakeTimeInMinutes ?? 0) * MINUTE_MS
      return facts.now >= until ? undefined : { do: 'wait', until }
    }
    case 'CLEAN_UP':
      return facts.isCleanedUp ? undefined : { do: 'wait' }
    default:
      return undefined
  }
}

function onwards({ stage, step, configuration }: Shifting): ShiftStep {
  const isMore = step < productionSteps(configuration).length - 1
  if (stage === 'PRODUCTION_TRAFFIC_SHIFT' && isMore)
    return { do: 'enter', stage: 'PRE_PRODUCTION_TRAFFIC_SHIFT', step: step + 1 }
  const next = ORDER[ORDER.indexOf(stage) + 1]
  return next ? { do: 'enter', stage: next, step } : { do: 'complete' }
}

/** Blue has all its tasks until CLEAN_UP, so going back is a matter of traffic alone. */
function back({ traffic }: ShiftFacts): ShiftStep {
  const isBack = traffic.productionPercent === 0 && !traffic.test
  return isBack ? { do: 'complete' } : { do: 'shift', to: { test: false, productionPercent: 0 } }
}
