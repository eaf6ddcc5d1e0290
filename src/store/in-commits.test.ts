import assert from 'node:assert/strict'
import { test } from 'node:test'

import { inCommits } from './in-commits.ts'
import { MemoryLog } from './memory-log.fixture.ts'
import { Store, table, TransactionTooLarge } from './store.ts'
import { TRANSACTION_CHARACTERS_LIMIT } from './transaction.ts'

const notes = table<{ readonly text: string }>('test.notes')
const written = async (texts: readonly string[], most: number) => {
  const store = await Store.open(new MemoryLog(), (error) => assert.fail(error))
  const keep = () =>
    inCommits(store, [...texts.entries()], most, (tx, some) => {
      for (const [key, text] of some) tx.put(notes, String(key), { text })
    })
  const count = () => store.read((tx) => [...tx.scan(notes)].length)
  return { store, keep, count }
}

test('what is small goes so many in one commit', async () => {
  const { store, keep, count } = await written(Array.from({ length: 10 }, String), 4)
  keep()
  assert.deepEqual([count(), store.revision], [10, 3])
})

test('what is too large together goes in smaller commits, and what is too large alone is said', async () => {
  const half = 'x'.repeat(TRANSACTION_CHARACTERS_LIMIT / 2)
  const fits = await written(['a', half, 'b', half, 'c'], 5)
  fits.keep()
  assert.equal(fits.count(), 5)
  const { keep } = await written(['a', half + half], 2)
  assert.throws(keep, TransactionTooLarge)
})
