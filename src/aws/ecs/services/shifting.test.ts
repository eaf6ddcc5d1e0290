import assert from 'node:assert/strict'
import { test } from 'node:test'

import fc from 'fast-check'

import type { DeploymentConfiguration } from '#contract/ecs.ts'

import {
  nextShift,
  productionSteps,
  type Shifting,
  type ShiftStage,
  type Traffic,
  type TrafficPort,
} from './shifting.ts'

const MINUTE_MS = 60_000

/** Carries the traffic that it is asked to carry, a while later. */
class SlowBalancer implements TrafficPort {
  readonly #delayMs: number
  readonly #now: () => number
  #carried: Traffic = { test: false, productionPercent: 0 }
  #asked: { readonly to: Traffic; readonly at: number } | undefined

  constructor(now: () => number, delayMs: number) {
    this.#now = now
    this.#delayMs = delayMs
  }

  shift(to: Traffic): void {
    if (JSON.stringify(this.#asked?.to) !== JSON.stringify(to))
      this.#asked = { to, at: this.#now() }
  }

  seen(): Traffic {
    if (this.#asked && this.#now() - this.#asked.at >= this.#delayMs) this.#carried = this.#asked.to
    return this.#carried
  }
}

type Played = {
  readonly stages: readonly ShiftStage[]
  readonly weights: readonly number[]
  readonly minutes: number
  readonly end: string
}
type Trouble = { readonly alarmAtMinute?: number; readonly hookFailsIn?: ShiftStage }

/** Plays a deployment to its end, minute by minute; what must always hold is asserted at each step. */
function play(configuration: DeploymentConfiguration, trouble: Trouble = {}): Played {
  let now = 0
  const port = new SlowBalancer(() => now, 2 * MINUTE_MS)
  const state: { -readonly [Field in keyof Shifting]: Shifting[Field] } = {
    configuration,
    stage: 'RECONCILE_SERVICE',
    stageSince: 0,
    step: 0,
    isRollback: false,
  }
  const stages: ShiftStage[] = [state.stage]
  const weights: number[] = []
  let scaledAt: number | undefined
  for (; now < 5000 * MINUTE_MS;) {
    if (state.stage === 'SCALE_UP') scaledAt ??= now + 3 * MINUTE_MS
    const isScaledUp = scaledAt !== undefined && now >= scaledAt
    const traffic = port.seen()
    if (weights.at(-1) !== traffic.productionPercent) weights.push(traffic.productionPercent)
    if (traffic.test || traffic.productionPercent > 0)
      assert.ok(isScaledUp, 'no traffic goes to what does not run')
    const step = nextShift(state, {
      now,
      isScaledUp,
      isCleanedUp: state.stage === 'CLEAN_UP',
      traffic,
      hooks: trouble.hookFailsIn === state.stage ? 'FAILED' : 'NONE',
      isAlarmed: trouble.alarmAtMinute !== undefined && now >= trouble.alarmAtMinute * MINUTE_MS,
    })
    if (step.do === 'complete') {
      const minutes = now / MINUTE_MS
      return { stages, weights, minutes, end: state.isRollback ? 'rolled back' : 'done' }
    }
    if (step.do === 'fail') {
      assert.notEqual(state.stage, 'CLEAN_UP')
      state.isRollback = true
    } else if (step.do === 'enter') {
      Object.assign(state, { stage: step.stage, step: step.step, stageSince: now })
      stages.push(step.stage)
    } else {
      if (step.do === 'shift') port.shift(step.to)
      now += MINUTE_MS
    }
  }
  throw new Error('no end')
}

test('blue/green: every stage once, all traffic at once, and blue is kept while it bakes', () => {
  const { stages, weights, end, minutes } = play({ strategy: 'BLUE_GREEN', bakeTimeInMinutes: 30 })
  assert.deepEqual(stages, [
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
  ])
  assert.deepEqual([weights, end, minutes], [[0, 100], 'done', 3 + 2 + 2 + 30])
})

test('canary: a little, a wait, and all; the production stages come once a step', () => {
  const { stages, weights } = play({
    strategy: 'CANARY',
    canaryConfiguration: { canaryPercent: 5, canaryBakeTimeInMinutes: 10 },
  })
  assert.deepEqual(weights, [0, 5, 100])
  assert.equal(stages.filter((stage) => stage === 'PRODUCTION_TRAFFIC_SHIFT').length, 2)
})

test('linear: in equal steps, the last of which is all', () => {
  const thirty = { strategy: 'LINEAR', linearConfiguration: { stepPercent: 30 } } as const
  assert.deepEqual(productionSteps(thirty), [30, 60, 90, 100])
  assert.deepEqual(productionSteps({ strategy: 'LINEAR' }).length, 10)
  assert.deepEqual(play(thirty).weights, [0, 30, 60, 90, 100])
})

test('an alarm or a hook that fails takes all traffic back, wherever it had come to', () => {
  const baking = play({ strategy: 'BLUE_GREEN', bakeTimeInMinutes: 60 }, { alarmAtMinute: 20 })
  assert.deepEqual([baking.weights, baking.end], [[0, 100, 0], 'rolled back'])
  const tested = play({ strategy: 'LINEAR' }, { hookFailsIn: 'POST_TEST_TRAFFIC_SHIFT' })
  assert.deepEqual([tested.weights, tested.end], [[0], 'rolled back'])
})

test('whatever the steps, traffic only grows, ends at all of it, or is all taken back', () => {
  fc.assert(
    fc.property(
      fc.constantFrom('BLUE_GREEN', 'LINEAR', 'CANARY'),
      fc.integer({ min: 30, max: 1000 }),
      fc.integer({ min: 0, max: 30 }),
      fc.option(fc.integer({ min: 0, max: 300 }), { nil: undefined }),
      (strategy, tenths, bake, alarmAtMinute) => {
        const { weights, end } = play(
          {
            strategy,
            bakeTimeInMinutes: bake,
            linearConfiguration: { stepPercent: tenths / 10, stepBakeTimeInMinutes: bake },
            canaryConfiguration: { canaryPercent: tenths / 10, canaryBakeTimeInMinutes: bake },
          },
          alarmAtMinute === undefined ? {} : { alarmAtMinute },
        )
        const grown = end === 'done' ? weights : weights.slice(0, -1)
        assert.deepEqual(
          grown,
          grown.toSorted((one, other) => one - other),
        )
        assert.equal(weights.at(-1), end === 'done' ? 100 : 0)
      },
    ),
    { numRuns: 300 },
  )
})
