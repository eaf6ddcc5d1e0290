import assert from 'node:assert/strict'
import { test } from 'node:test'

import fc from 'fast-check'

import { MovedClock, turn } from '#server/house.fixture.ts'
import { MemoryLog } from '#store/memory-log.fixture.ts'
import { Store, table } from '#store/store.ts'

import { on, type Reconciler } from './reconciler.ts'
import { runReconcilers } from './runner.ts'

const rows = table<{ readonly at: number }>('waiting.rows')

type Its = Pick<Reconciler, 'reconcile' | 'concurrency'>

async function running(its: Its, clock: MovedClock) {
  const store = await Store.open(new MemoryLog(), (error) => assert.fail(error))
  const stop = new AbortController()
  const errors = new Set<string>()
  const onError = (_name: string, _key: string, error: unknown): void =>
    void errors.add((error as Error).message)
  const reconciler = { name: 'test', hears: [on(rows, ({ key }) => [key])], all: () => [], ...its }
  runReconcilers([reconciler], { store, clock, signal: stop.signal, onError })
  const change = (key: string): void =>
    void store.transact((tx) => tx.put(rows, key, { at: store.revision }))
  return { store, stop, errors, change }
}

const KEYS = Array.from({ length: 20 }, (_, at) => `key ${at}`)

for (const { concurrency, tookMs } of [
  { concurrency: 20, tookMs: 100 },
  { concurrency: 7, tookMs: 300 },
  { concurrency: 1, tookMs: 2_000 },
  { concurrency: undefined, tookMs: 200 },
])
  test(`20 keys that wait 100 ms each, at most ${concurrency} at once, take ${tookMs} ms`, async () => {
    const clock = new MovedClock()
    const began = clock.now()
    const ends: number[] = []
    const { change } = await running(
      {
        ...(concurrency && { concurrency }),
        reconcile: async () => {
          await clock.sleep(100)
          ends.push(clock.now() - began)
          return undefined
        },
      },
      clock,
    )
    for (const key of KEYS) change(key)
    await turn()
    await clock.move(3_000)
    assert.deepEqual([ends.length, ends.at(-1)], [KEYS.length, tookMs])
  })

test('a key that waits for ever holds no other', async () => {
  const clock = new MovedClock()
  const seen: string[] = []
  const { change } = await running(
    {
      concurrency: 2,
      reconcile: (key) => {
        seen.push(key)
        return key === 'stuck' ? new Promise(() => undefined) : Promise.resolve(undefined)
      },
    },
    clock,
  )
  for (const key of ['stuck', ...KEYS]) change(key)
  await turn()
  change('stuck')
  change('key 0')
  await turn()
  assert.deepEqual(seen, ['stuck', ...KEYS, 'key 0'])
})

/** What looks at a key do, one after the other, and then nothing; between them time passes and keys change. */
type Look = {
  readonly waitMs: number
  readonly again: number | undefined
  readonly fails: boolean
}
const look: fc.Arbitrary<Look> = fc.record({
  waitMs: fc.constantFrom(0, 1, 5, 20),
  again: fc.constantFrom(undefined, 0, 0, 3),
  fails: fc.boolean(),
})
const step = fc.record({
  keys: fc.array(fc.constantFrom('a', 'b', 'c', 'd'), { maxLength: 6 }),
  moveMs: fc.nat({ max: 12 }),
})

test('whatever looks do: no key twice at once, no more than may wait, and every change is seen by a later look', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 4 }),
      fc.array(look, { maxLength: 30 }),
      fc.array(step, { minLength: 1, maxLength: 20 }),
      async (concurrency, looks, steps) => {
        const clock = new MovedClock()
        const inside = new Set<string>()
        const seen = new Map<string, number>()
        let looked = 0
        let house: Awaited<ReturnType<typeof running>> | undefined
        const reconcile = (key: string): number | undefined | Promise<number | undefined> => {
          if (inside.has(key)) throw new Error('one key twice at once')
          if (inside.size >= concurrency) throw new Error('more wait than may')
          seen.set(key, house?.store.read((tx) => tx.get(rows, key)?.at) ?? -1)
          const { waitMs, again, fails } = looks[looked++] ?? NOTHING
          if (waitMs === 0 && !fails) return again
          if (waitMs === 0) throw new Error(MISTAKE)
          inside.add(key)
          return clock.sleep(waitMs).then(() => {
            inside.delete(key)
            if (fails) throw new Error(MISTAKE)
            return again
          })
        }
        house = await running({ concurrency, reconcile }, clock)
        for (const { keys, moveMs } of steps) {
          for (const key of keys) house.change(key)
          await clock.move(moveMs)
        }
        await clock.move(10 * 60_000)
        for (const { key, row } of house.store.read((tx) => [...tx.scan(rows)]))
          assert.equal(seen.get(key), row.at)
        assert.deepEqual(
          [...house.errors].filter((error) => error !== MISTAKE),
          [],
        )
        house.stop.abort()
      },
    ),
    { numRuns: 60 },
  )
})
const MISTAKE = 'a mistake of the world'
const NOTHING: Look = { waitMs: 0, again: undefined, fails: false }
