import assert from 'node:assert/strict'
import { test } from 'node:test'

import { MemoryLog } from './memory-log.fixture.ts'
import { follow, Store, table, view } from './store.ts'

type Weight = { readonly grams: number }
const weights = table<Weight>('view.weights')
let made = 0
const total = view((rows) => {
  made += 1
  let grams = 0
  for (const { row } of rows.scan(weights)) grams += row.grams
  return { grams }
})
follow(weights, total, (all, _key, before, after) => {
  all.grams += (after?.grams ?? 0) - (before?.grams ?? 0)
})

test('a view is made once, when it is asked for, and kept in step; what is taken back is taken back of it', async () => {
  const store = await Store.open(new MemoryLog(), (error) => assert.fail(error))
  const grams = () => store.read((tx) => tx.view(total)).grams
  store.transact((tx) => tx.put(weights, 'a', { grams: 5 }))
  assert.equal(made, 0)
  assert.equal(grams(), 5)
  store.transact((tx) => {
    tx.put(weights, 'b', { grams: 7 })
    tx.patch(weights, 'a', { grams: 6 })
    assert.equal(tx.view(total).grams, 13, 'a transaction sees its own changes')
  })
  const thrown = new Error('never mind')
  const refused = () =>
    store.transact((tx) => {
      tx.delete(weights, 'a')
      tx.put(weights, 'c', { grams: 100 })
      throw thrown
    })
  assert.throws(refused, thrown)
  assert.equal(grams(), 13)
  store.rehearse((tx) => tx.delete(weights, 'b'))
  assert.equal(grams(), 13)
  store.transact((tx) => tx.delete(weights, 'b'))
  assert.equal(grams(), 6)
  assert.equal(made, 1)
})
