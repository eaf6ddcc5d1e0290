import assert from 'node:assert/strict'
import { test } from 'node:test'

import fc from 'fast-check'

import { MovedClock } from '#server/house.fixture.ts'
import { MemoryLog } from '#store/memory-log.fixture.ts'
import { Store, table, timeIndex } from '#store/store.ts'

import { runReconcilers } from './runner.ts'
import { sweeper } from './sweeper.ts'

type Row = { readonly endedAt?: number }
const rows = table<Row>('sweeper.rows')
const byEnd = timeIndex(rows, 'end', ({ endedAt }) => endedAt)

const KEPT_MS = 3_600_000
const MINUTE_MS = 60_000

async function swept(ages: readonly (number | undefined)[]) {
  const clock = new MovedClock()
  const store = await Store.open(new MemoryLog(), (error) => assert.fail(error))
  const stop = new AbortController()
  for (const [at, age] of ages.entries())
    await store.write((tx) =>
      tx.put(rows, `row ${at}`, age === undefined ? {} : { endedAt: clock.now() - age }),
    )
  const commits: number[] = []
  store.watch(({ changes }) => void commits.push(changes.length))
  const onError = (_name: string, _key: string, error: unknown): void => assert.fail(String(error))
  const reconciler = sweeper({ store, clock }, { name: 'test', byTime: byEnd, keptMs: KEPT_MS })
  runReconcilers([reconciler], { store, clock, signal: stop.signal, onError })
  const left = (): number[] =>
    store.read((tx) => [...tx.scan(rows)].map(({ key }) => Number(key.slice('row '.length))))
  return { clock, stop, commits, left }
}

test('a row is kept as long as it is to be, is gone a minute later, and what has no time stays', async () => {
  const age = fc.option(fc.nat({ max: 2 * KEPT_MS }), { nil: undefined })
  await fc.assert(
    fc.asyncProperty(
      fc.array(age, { maxLength: 20 }),
      fc.nat({ max: KEPT_MS }),
      async (ages, laterMs) => {
        const { clock, stop, left } = await swept(ages)
        await clock.move(laterMs)
        const rest = new Set(left())
        for (const [at, age] of ages.entries()) {
          const isOver = age !== undefined && age + laterMs >= KEPT_MS + MINUTE_MS
          const isYoung = age === undefined || age + laterMs < KEPT_MS
          if (isOver) assert.ok(!rest.has(at))
          if (isYoung) assert.ok(rest.has(at))
        }
        stop.abort()
      },
    ),
    { numRuns: 30 },
  )
})

test('many rows go in steps, one after the other', async () => {
  const { clock, commits, left } = await swept(Array.from({ length: 250 }, () => KEPT_MS))
  await clock.move(0)
  assert.deepEqual([left(), commits], [[], [100, 100, 50]])
})
