import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { Clock } from '#kernel/clock.ts'

import { Turns } from './turns.ts'

/** A thread that each request holds for so long. */
function thread(costMs: number) {
  let now = 0
  const clock = { now: () => now } as Clock
  const turns = new Turns(clock, 1000)
  const served: string[] = []
  const ask = async (key: string): Promise<void> => {
    await turns.wait(key)
    served.push(key)
    now += costMs
  }
  return { ask, served }
}

test('the second key is served after one of the first, however many of that wait', async () => {
  const { ask, served } = thread(40)
  const all: Promise<void>[] = []
  for (const key of 'AAAAAAAAAAAAAAAAAAAABB') {
    all.push(ask(key))
    await Promise.resolve()
  }
  await Promise.all(all)
  assert.equal(served.length, 22)
  assert.ok(served.indexOf('B') <= 4, served.join(''))
  assert.ok(served.lastIndexOf('B') <= 6, served.join(''))
})

test('what costs nothing waits for nobody', async () => {
  const { ask, served } = thread(0)
  const all = Array.from({ length: 100 }, (_, at) => ask(at % 2 ? 'A' : 'B'))
  await Promise.resolve()
  assert.equal(served.length, 100)
  await Promise.all(all)
})

test('those of one key are served in the order in which they came', async () => {
  let now = 0
  const turns = new Turns({ now: () => (now += 6) } as Clock, 1000)
  const served: number[] = []
  await Promise.all(
    Array.from({ length: 200 }, async (_, at) => {
      await turns.wait('A')
      served.push(at)
    }),
  )
  assert.deepEqual(
    served,
    served.toSorted((a, b) => a - b),
  )
})

test('so many wait, and no key keeps the next one from waiting', async () => {
  let now = 0
  const turns = new Turns({ now: () => (now += 20) } as Clock, 8)
  await turns.wait('A')
  const taken = (key: string): number => {
    for (let n = 0; ; n++)
      try {
        void turns.wait(key)
      } catch {
        return n
      }
  }
  assert.deepEqual(['A', 'B', 'C', 'A'].map(taken), [4, 2, 1, 0])
  for (let n = 0; n < 8; n++) await new Promise((next) => setImmediate(next))
  assert.ok(taken('A') >= 4, 'those before had their turns')
})
