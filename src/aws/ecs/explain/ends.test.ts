import assert from 'node:assert/strict'
import { test } from 'node:test'

import { ACCOUNT, REGION } from '#server/house.fixture.ts'

import { Fleet, stayingDaemon, steady } from '../services/fleet.fixture.ts'
import { foresee } from './foresee.ts'

const MINUTE_MS = 60_000

/** Where the service would come to if nothing more were asked. */
function endOf({ house }: Fleet): readonly [end: string, minutes: number] {
  let made = 0
  const ids = {
    hex: () => String((made += 1)).padStart(32, '0'),
    uuid: () => 'id',
    random: () => 0,
  }
  const world = { now: house.clock.now(), ids }
  const key = `${ACCOUNT}/${REGION}/default/web`
  const { end, afterMs } = house.server.store.rehearse((tx) => foresee(tx, key, world))
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
    ['CONTINUE', 5, ['STEADY', 5]],
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
