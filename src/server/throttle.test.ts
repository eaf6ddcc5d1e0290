import assert from 'node:assert/strict'
import { test } from 'node:test'

import fc from 'fast-check'

import { rateOf } from '#aws/ecs/rates.ts'

import { MovedClock } from './house.fixture.ts'
import { Throttle } from './throttle.ts'

const CALLER = { accountId: '123456789012', region: 'us-east-1' }
const THROTTLED = { code: 'ThrottlingException', message: 'Rate exceeded', status: 400 }

test('a burst, then so many a second; kinds, accounts, regions and services have their own', async () => {
  const clock = new MovedClock()
  const rates = new Throttle(clock)
  const limit = (operation: string) => rateOf(operation) ?? assert.fail()
  const ask = (operation = 'CreateCluster') => rates.check(CALLER, 'ecs', limit(operation))
  for (let index = 0; index < 20; index += 1) ask(index % 2 ? 'CreateCluster' : 'DeleteCluster')
  assert.throws(() => ask(), THROTTLED)
  ask('DescribeClusters')
  ask('SubmitTaskStateChange')
  rates.check({ ...CALLER, accountId: '210987654321' }, 'ecs', limit('CreateCluster'))
  rates.check({ ...CALLER, region: 'eu-west-1' }, 'ecs', limit('CreateCluster'))
  rates.check(CALLER, 'sts', limit('CreateCluster'))
  await clock.move(1000)
  ask()
  assert.throws(() => ask(), THROTTLED)
  await clock.move(3600_000)
  for (let index = 0; index < 20; index += 1) ask()
  assert.throws(() => ask(), THROTTLED)
})

test('in any stretch of time no more than the burst and what came in since', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(
        fc.record({
          waitMs: fc.integer({ min: 0, max: 3000 }),
          calls: fc.integer({ min: 0, max: 60 }),
        }),
      ),
      async (turns) => {
        const clock = new MovedClock()
        const rates = new Throttle(clock)
        const begin = clock.now()
        let passed = 0
        for (const { waitMs, calls } of turns) {
          await clock.move(waitMs)
          for (let call = 0; call < calls; call += 1)
            try {
              rates.check(CALLER, 'ecs', rateOf('DescribeTasks')!)
              passed += 1
            } catch {
              // Counted by its absence.
            }
          assert.ok(passed <= 100 + ((clock.now() - begin) / 1000) * 20 + 1e-6)
        }
      },
    ),
    { numRuns: 50 },
  )
})
