import assert from 'node:assert/strict'
import { test } from 'node:test'

import { AssertionFailure } from '#kernel/assert.ts'
import { BusyClock, MovedClock, turn } from '#server/house.fixture.ts'
import { MemoryLog } from '#store/memory-log.fixture.ts'
import { Store, table } from '#store/store.ts'

import { on } from './reconciler.ts'
import { runReconcilers } from './runner.ts'

const rows = table<{ readonly text: string }>('runner.rows')

type Did = (key: string) => number | undefined | Promise<number | undefined>

async function running(reconcile: Did, clock = new MovedClock()) {
  const store = await Store.open(new MemoryLog(), (error) => assert.fail(error))
  const stop = new AbortController()
  const errors: string[] = []
  await store.write((tx) => tx.put(rows, 'at-start', { text: '' }))
  const reconciler = {
    name: 'test',
    hears: [on(rows, ({ key }) => [key])],
    all: () => ['at-start'],
    reconcile,
  }
  runReconcilers([reconciler], {
    store,
    clock,
    signal: stop.signal,
    onError: (_name, key, error) => void errors.push(`${key}: ${(error as Error).message}`),
  })
  await turn()
  const change = (key: string): void =>
    void store.transact((tx) => tx.put(rows, key, { text: String(store.revision) }))
  return { store, clock, stop, errors, change }
}

test('at start every key runs once; later what a durable commit wakes, each key merged', async () => {
  const seen: string[] = []
  const { change } = await running((key) => void seen.push(key))
  assert.deepEqual(seen, ['at-start'])
  for (let n = 0; n < 5; n++) change('a')
  change('b')
  await turn()
  assert.deepEqual(new Set(seen.slice(1)), new Set(['a', 'b']))
  assert.ok(seen.filter((key) => key === 'a').length < 5, 'wake-ups of one key are one look')
})

test('a failure is tried again after 1, 2, 4 … 60 s; a success forgets it', async () => {
  const at: number[] = []
  let clock: MovedClock | undefined
  const house = await running((key) => {
    if (key !== 'bad') return undefined
    at.push(clock?.now() ?? 0)
    throw new Error('not yet')
  })
  clock = house.clock
  house.change('bad')
  await turn()
  await clock.move(300_000)
  const waits = at.slice(1).map((time, n) => (time - (at[n] as number)) / 1000)
  assert.deepEqual(waits.slice(0, 8), [1, 2, 4, 8, 16, 32, 60, 60])
  assert.equal(house.errors[0], 'bad: not yet')
})

test('a key is looked at again when it asks for it, and no more after the end', async () => {
  let looks = 0
  const { clock, stop } = await running(() => {
    looks++
    return 5_000
  })
  await clock.move(20_000)
  assert.equal(looks, 5)
  stop.abort()
  await clock.move(20_000)
  assert.equal(looks, 5)
})

test('a key that has more to do at once goes on with it, in turn with what is due, and makes way for its like', async () => {
  const seen: string[] = []
  const left: Record<string, number> = { long: 120, longer: 130 }
  const { change } = await running((key) => {
    seen.push(key)
    const more = (left[key] ?? 1) - 1
    left[key] = more
    return more > 0 ? 0 : undefined
  })
  for (const key of ['long', 'longer', 'short']) change(key)
  await turn()
  assert.deepEqual(seen.slice(1, 6), ['long', 'long', 'longer', 'short', 'long'])
  assert.equal(seen.filter((key) => key === 'long').length, 120)
  assert.equal(seen.filter((key) => key === 'longer').length, 130)
  assert.equal(seen.slice(8).indexOf('longer'), 46)
  assert.equal(seen.slice(8 + 46).indexOf('long'), 50)
})

test('what is due has the thread for as long as what is unfinished, many short looks for a long one', async () => {
  const clock = new MovedClock()
  const seen: string[] = []
  let left = 4
  const { change } = await running((key) => {
    seen.push(key === 'big' ? 'B' : 's')
    if (key === 'at-start') return undefined
    void clock.move(key === 'big' ? 4 : 1)
    return key === 'big' && (left -= 1) > 0 ? 0 : undefined
  }, clock)
  for (const key of ['big', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l']) change(key)
  await turn()
  await clock.move(1000)
  assert.equal(seen.slice(1).join(''), 'BBsssssBsssssBs')
})

test('what happens to a key while it is looked at is seen, also where that look was to go on with it', async () => {
  const clock = new MovedClock()
  let looks = 0
  const { change } = await running(async (key) => {
    if (key === 'at-start') return undefined
    looks++
    await clock.sleep(10)
    return looks === 1 ? 0 : undefined
  }, clock)
  change('a')
  await turn()
  await clock.move(10)
  assert.equal(looks, 2)
  change('a')
  await turn()
  await clock.move(100)
  assert.equal(looks, 3)
})

for (const { what, lateMs, afterMs } of [
  { what: 'and no longer than for a moment that nobody wants', lateMs: 0, afterMs: 2 },
  { what: 'as long as they want it, and no longer than the limit', lateMs: 23, afterMs: 50 },
])
  test(`after the thread was held for long others have it, ${what}`, async () => {
    const clock = new BusyClock()
    clock.lateMs = lateMs
    let looks = 0
    const { change } = await running((key) => {
      if (key === 'at-start') return undefined
      looks++
      clock.pass(1000)
      return looks < 3 ? 0 : undefined
    }, clock)
    change('busy')
    await turn()
    assert.equal(looks, 1)
    await clock.move(afterMs - 1)
    assert.equal(looks, 1)
    await clock.move(1)
    assert.equal(looks, 2)
  })

test('an assertion is told and not tried again', async () => {
  let looks = 0
  const { clock, errors } = await running(() => {
    looks++
    throw new AssertionFailure('broken')
  })
  await clock.move(100_000)
  assert.deepEqual([looks, errors], [1, ['at-start: broken']])
})
