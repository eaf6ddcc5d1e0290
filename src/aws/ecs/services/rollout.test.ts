import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { DeploymentConfiguration } from '#contract/ecs.ts'

import type { Deployment, Hook, ServiceDeployment } from '../records/services.ts'
import { type Facts, nextStep, rehooked } from './rollout.ts'

const MINUTE_MS = 60_000
const NOW = 1_000_000_000
const FACTS: Facts = { now: NOW, isSteady: false, desired: 4, alarms: [] }

const open = (
  configuration: DeploymentConfiguration,
  fields: Partial<ServiceDeployment> = {},
): ServiceDeployment =>
  ({
    status: 'IN_PROGRESS',
    stage: 'RECONCILE_SERVICE',
    stageSince: NOW,
    hooks: [],
    sources: [],
    deploymentConfiguration: configuration,
    ...fields,
  }) as unknown as ServiceDeployment
const failed = (failures: number): Deployment => ({ failures }) as unknown as Deployment
const BREAKER = { deploymentCircuitBreaker: { enable: true, rollback: true } }
const PAUSE: DeploymentConfiguration = {
  lifecycleHooks: [
    {
      targetType: 'PAUSE',
      lifecycleStages: ['PRE_SCALE_UP', 'POST_SCALE_UP'],
      timeoutConfiguration: { timeoutInMinutes: 5, action: 'CONTINUE' },
    },
  ],
}
/** The second of them for longer. */
const TWICE: DeploymentConfiguration = {
  lifecycleHooks: [
    ...(PAUSE.lifecycleHooks ?? []),
    { targetType: 'PAUSE', lifecycleStages: ['PRE_SCALE_UP'] },
  ],
}
const hook = (status: Hook['status'], fields: Partial<Hook> = {}): Hook => ({
  hookId: 'h',
  at: 0,
  stage: 'PRE_SCALE_UP',
  status,
  expiresAt: NOW + 5 * MINUTE_MS,
  timeoutAction: 'CONTINUE',
  ...fields,
})

type Case = readonly [string, ServiceDeployment, Deployment, Partial<Facts>, object]
const ROLLBACK = { reason: '', startedAt: NOW, revisionId: 'r' }
const CASES: readonly Case[] = [
  ['begins', open({}), failed(0), {}, { do: 'enter', stage: 'PRE_SCALE_UP' }],
  ['scales up', open({}, { stage: 'SCALE_UP' }), failed(0), {}, { do: 'wait' }],
  [
    'has scaled up',
    open({}, { stage: 'SCALE_UP' }),
    failed(0),
    { isSteady: true },
    { do: 'enter', stage: 'POST_SCALE_UP' },
  ],
  [
    'bakes',
    open({ bakeTimeInMinutes: 2 }, { stage: 'BAKE_TIME' }),
    failed(0),
    { isSteady: true },
    { do: 'wait', until: NOW + 2 * MINUTE_MS },
  ],
  [
    'has baked',
    open({ bakeTimeInMinutes: 2 }, { stage: 'BAKE_TIME' }),
    failed(0),
    { isSteady: true, now: NOW + 2 * MINUTE_MS },
    { do: 'enter', stage: 'CLEAN_UP' },
  ],
  ['is done', open({}, { stage: 'CLEAN_UP' }), failed(0), { isSteady: true }, { do: 'complete' }],
  [
    'has baked, and its tasks have ended meanwhile',
    open({}, { stage: 'CLEAN_UP' }),
    failed(0),
    {},
    { do: 'wait' },
  ],
  ['two failures of three', open(BREAKER, { stage: 'SCALE_UP' }), failed(2), {}, { do: 'wait' }],
  [
    'three failures',
    open(BREAKER, { stage: 'SCALE_UP' }),
    failed(3),
    {},
    { do: 'fail', by: 'BREAKER', rollback: true },
  ],
  [
    'the latest desired count decides',
    open(BREAKER, { stage: 'SCALE_UP' }),
    failed(3),
    { desired: 25 },
    { do: 'wait' },
  ],
  ['no breaker', open({}, { stage: 'SCALE_UP' }), failed(99), {}, { do: 'wait' }],
  [
    'an alarm',
    open({ alarms: { alarmNames: ['a'], enable: true, rollback: false } }, { stage: 'BAKE_TIME' }),
    failed(0),
    { alarms: ['a'] },
    { do: 'fail', by: 'ALARM', rollback: false, alarms: ['a'] },
  ],
  [
    'a rollback was asked for',
    open({}, { status: 'ROLLBACK_REQUESTED' }),
    failed(0),
    {},
    { do: 'fail', by: 'USER', rollback: true },
  ],
  ['a stop was asked for', open({}, { status: 'STOP_REQUESTED' }), failed(0), {}, { do: 'abort' }],
  [
    'a pause begins',
    open(PAUSE, { stage: 'PRE_SCALE_UP' }),
    failed(0),
    {},
    {
      do: 'pause',
      hook: {
        at: 0,
        stage: 'PRE_SCALE_UP',
        status: 'AWAITING_ACTION',
        expiresAt: NOW + 5 * MINUTE_MS,
        timeoutAction: 'CONTINUE',
      },
    },
  ],
  [
    'a pause waits',
    open(PAUSE, { stage: 'PRE_SCALE_UP', hooks: [hook('AWAITING_ACTION')] }),
    failed(0),
    {},
    { do: 'wait', until: NOW + 5 * MINUTE_MS },
  ],
  [
    'pauses of one stage begin together',
    open(TWICE, { stage: 'PRE_SCALE_UP', hooks: [hook('AWAITING_ACTION')] }),
    failed(0),
    {},
    {
      do: 'pause',
      hook: {
        at: 1,
        stage: 'PRE_SCALE_UP',
        status: 'AWAITING_ACTION',
        expiresAt: NOW + 1440 * MINUTE_MS,
        timeoutAction: 'ROLLBACK',
      },
    },
  ],
  [
    'pauses of one stage all have to be over',
    open(TWICE, {
      stage: 'PRE_SCALE_UP',
      hooks: [hook('SUCCEEDED'), hook('AWAITING_ACTION', { at: 1, expiresAt: NOW + 1 })],
    }),
    failed(0),
    {},
    { do: 'wait', until: NOW + 1 },
  ],
  [
    'one answered with a rollback waits for no other',
    open(TWICE, {
      stage: 'PRE_SCALE_UP',
      hooks: [hook('AWAITING_ACTION'), hook('FAILED', { at: 1 })],
    }),
    failed(0),
    {},
    { do: 'fail', by: 'CHOICE', rollback: true },
  ],
  [
    'a pause is over',
    open(PAUSE, { stage: 'PRE_SCALE_UP', hooks: [hook('SUCCEEDED')] }),
    failed(0),
    {},
    { do: 'enter', stage: 'SCALE_UP' },
  ],
  [
    'a pause was answered with a rollback',
    open(PAUSE, { stage: 'PRE_SCALE_UP', hooks: [hook('FAILED')] }),
    failed(0),
    {},
    { do: 'fail', by: 'CHOICE', rollback: true },
  ],
  [
    'a pause runs out',
    open(PAUSE, { stage: 'PRE_SCALE_UP', hooks: [hook('AWAITING_ACTION', { expiresAt: NOW })] }),
    failed(0),
    {},
    { do: 'expire', hookId: 'h' },
  ],
  [
    'a pause that ran out goes on where it says so',
    open(PAUSE, { stage: 'PRE_SCALE_UP', hooks: [hook('TIMED_OUT')] }),
    failed(0),
    {},
    { do: 'enter', stage: 'SCALE_UP' },
  ],
  [
    'a pause that ran out goes back where it says so',
    open(PAUSE, {
      stage: 'PRE_SCALE_UP',
      hooks: [hook('TIMED_OUT', { timeoutAction: 'ROLLBACK' })],
    }),
    failed(0),
    {},
    { do: 'fail', by: 'HOOK', rollback: true },
  ],
  [
    'a rollback pauses for nobody',
    open(PAUSE, { stage: 'POST_SCALE_UP', rollback: ROLLBACK }),
    failed(0),
    { isSteady: true },
    { do: 'enter', stage: 'BAKE_TIME' },
  ],
]

test('a rolling deployment goes from stage to stage, or back', () => {
  for (const [what, serviceDeployment, deployment, facts, expected] of CASES)
    assert.deepEqual(
      nextStep(serviceDeployment, deployment, { ...FACTS, ...facts }),
      expected,
      what,
    )
})

test('pauses that are under way have the terms of the configuration as it is now', () => {
  const [first] = PAUSE.lifecycleHooks ?? []
  const waiting = open(PAUSE, { hooks: [hook('AWAITING_ACTION')] })
  const longer = { timeoutInMinutes: 8, action: 'ROLLBACK' } as const
  assert.deepEqual(rehooked(waiting, { lifecycleHooks: [] }), [])
  assert.deepEqual(
    rehooked(waiting, { lifecycleHooks: [{ ...first, timeoutConfiguration: longer }] }),
    [hook('AWAITING_ACTION', { expiresAt: NOW + 8 * MINUTE_MS, timeoutAction: 'ROLLBACK' })],
  )
  assert.deepEqual(
    rehooked(waiting, { lifecycleHooks: [{ ...first, lifecycleStages: ['POST_SCALE_UP'] }] }),
    [],
  )
  const over = open(PAUSE, { hooks: [hook('SUCCEEDED')] })
  assert.deepEqual(rehooked(over, { lifecycleHooks: [] }), [hook('SUCCEEDED')])
})
