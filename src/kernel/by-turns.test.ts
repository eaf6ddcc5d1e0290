import assert from 'node:assert/strict'
import { test } from 'node:test'

import { ByTurns } from './by-turns.ts'
import { Shares } from './shares.ts'

test('owners give their oldest in turn, and those who may not are passed over', () => {
  const waiting = new ByTurns<string, number>()
  for (const item of [1, 2, 3]) waiting.add('many', item)
  waiting.add('one', 4)
  const taken = () => waiting.next()?.item
  assert.deepEqual([taken(), taken()], [1, 4])
  assert.equal(
    waiting.next((owner) => owner !== 'many'),
    undefined,
  )
  assert.deepEqual([taken(), taken(), taken(), waiting.isEmpty], [2, 3, undefined, true])
})

test('each may have half of what the others leave, and what is given back is there again', () => {
  const shares = new Shares<string>(100)
  assert.equal(shares.partOf('a'), 50)
  shares.add('a', 50)
  assert.deepEqual([shares.partOf('a'), shares.partOf('b')], [50, 25])
  shares.add('b', 20)
  assert.deepEqual([shares.of('b'), shares.partOf('c')], [20, 15])
  shares.add('a', -50)
  assert.deepEqual([shares.of('a'), shares.partOf('a')], [0, 40])
})
