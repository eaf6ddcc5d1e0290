import assert from 'node:assert/strict'
import { test } from 'node:test'

import fc from 'fast-check'

import { MemoryLog } from './memory-log.fixture.ts'
import { Store } from './store.ts'
import { stream } from './stream.ts'

type Row = { readonly n: number }
const LIMIT = 7
const happened = stream<Row>('test.happened', LIMIT)

const open = (log = new MemoryLog()) => Store.open(log, (error) => assert.fail(error))
const kept = (store: Store) =>
  store.read((tx) => [...tx.after(happened, 0)].map(({ number, row }) => [number, row.n]))

test('a stream keeps its newest rows, numbered without gaps, through throws, rehearsals, snapshots and restarts', async () => {
  const step = fc.record({
    count: fc.nat(LIMIT + 3),
    end: fc.constantFrom('keep', 'throw', 'rehearse', 'snapshot', 'restart'),
  })
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
      const log = new MemoryLog()
      let store = await open(log)
      const all: [number, number][] = []
      for (const { count, end } of steps) {
        const rows = Array.from({ length: count }, (_, at): [number, number] => [
          all.length + at + 1,
          all.length * 10 + at,
        ])
        const append = (ends: boolean) =>
          store[end === 'rehearse' ? 'rehearse' : 'transact']((tx) => {
            for (const [, n] of rows) tx.append(happened, { n })
            assert.deepEqual(
              [...tx.after(happened, 0)].map(({ number, row }) => [number, row.n]),
              [...all, ...rows].slice(-LIMIT),
            )
            if (ends) throw new Error('no')
          })
        if (end === 'throw') assert.throws(() => append(true), /no/)
        else append(false)
        if (end !== 'throw' && end !== 'rehearse') all.push(...rows)
        await store.settled(store.revision)
        if (end === 'snapshot') await store.snapshot()
        if (end === 'restart') store = await open(log)
        assert.deepEqual(kept(store), all.slice(-LIMIT))
      }
    }),
    { numRuns: 300 },
  )
})

test('what is read of a stream is what was there when it began to be read', async () => {
  const store = await open()
  store.transact((tx) => {
    for (let n = 0; n < 3; n += 1) tx.append(happened, { n })
    const read: number[] = []
    for (const { row } of tx.after(happened, 1)) {
      read.push(row.n)
      tx.append(happened, { n: 9 })
    }
    assert.deepEqual(read, [1, 2])
  })
  await store.settled(store.revision)
})
