import assert from 'node:assert/strict'
import { test } from 'node:test'

import { ACCOUNT, REGION } from '#server/house.fixture.ts'

import { Fleet, stayingDaemon, steady } from '../services/fleet.fixture.ts'
import { foresee, type Foreseen } from './foresee.ts'

const MINUTE_MS = 60_000

/** What would become of the service if nothing more were asked. */
function foreseen({ house }: Fleet): Foreseen {
  let made = 0
  const ids = {
    hex: () => String((made += 1)).padStart(32, '0'),
    uuid: () => 'id',
    random: () => 0,
  }
  const world = { now: house.clock.now(), ids }
  const key = `${ACCOUNT}/${REGION}/default/web`
  return house.server.store.rehearse((tx) => foresee(tx, key, world))
}

function endOf(fleet: Fleet): readonly [end: string, minutes: number] {
  const { end, afterMs } = foreseen(fleet)
  return [end, Math.floor(afterMs / MINUTE_MS)]
}

const pause = (action: string, timeoutInMinutes: number) => ({
  lifecycleHooks: [
    {
      targetType: 'PAUSE',
      lifecycleStages: ['PRE_SCALE_UP'],
      timeoutConfiguration: { timeoutInMinutes, action },
    },
  ],
})

test('a pause that continues by itself is waited out, and any other is an end', async () => {
  for (const [action, minutes, expected] of [
    // The new tasks have to become healthy after it, and the old ones to end.
    ['CONTINUE', 5, ['STEADY', 6]],
    ['CONTINUE', 20_000, ['PAUSED', 0]],
    ['ROLLBACK', 5, ['PAUSED', 0]],
  ] as const) {
    const fleet = await steady(2)
    await fleet.update({
      forceNewDeployment: true,
      deploymentConfiguration: pause(action, minutes),
    })
    await fleet.settle()
    assert.deepEqual(endOf(fleet), expected, `${action} after ${minutes} minutes`)
  }
})

test('what has failed already is told from what would fail', async () => {
  const fleet = await Fleet.open(1)
  fleet.rules.set('app:1', 'cannot start')
  await fleet.define('app:1')
  const deploymentCircuitBreaker = { enable: true, rollback: false }
  await fleet.service({ desiredCount: 1, deploymentConfiguration: { deploymentCircuitBreaker } })
  await fleet.pass(600, 30)
  assert.deepEqual(endOf(fleet), ['HAS_FAILED', 0])
})

test('a daemon that waits for the others on its host is not stuck in its percentages', async () => {
  const fleet = await stayingDaemon()
  await fleet.update({ forceNewDeployment: true })
  await fleet.settle()
  assert.deepEqual(endOf(fleet), ['WAITS', 0])
})

test('a task takes its stop timeouts to end, one after another where containers depend on each other', async () => {
  const app = { name: 'app', image: 'app:1', memory: 64 }
  const side = { ...app, name: 'side', essential: false }
  const dependsOn = [{ containerName: 'side', condition: 'START' }]
  for (const [containerDefinitions, seconds] of [
    [[app], 30],
    [[{ ...app, stopTimeout: 61 }], 61],
    [[app, { ...side, stopTimeout: 40 }], 40],
    [
      [
        { ...app, dependsOn, stopTimeout: 20 },
        { ...side, stopTimeout: 40 },
      ],
      60,
    ],
  ] as const) {
    const fleet = await Fleet.open(1)
    await fleet.define('app:1', {}, { containerDefinitions })
    const percents = { minimumHealthyPercent: 0, maximumPercent: 100 }
    await fleet.service({ desiredCount: 1, deploymentConfiguration: percents })
    await fleet.settle()
    await fleet.pass(45)
    await fleet.update({ forceNewDeployment: true })
    const { steps, end } = foreseen(fleet)
    // The old one is asked to stop already.
    assert.deepEqual(
      steps.map(({ afterMs, starts }) => [afterMs / 1000, starts.length]),
      [[seconds, 1]],
    )
    assert.equal(end, 'STEADY')
  }
})
