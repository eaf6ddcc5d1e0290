import assert from 'node:assert/strict'
import { test } from 'node:test'

import { fits } from './scalars.ts'

const shape = (integer: 0 | 32 | 64) => ({ integer }) as Parameters<typeof fits>[0]

test('a whole number has only as many bits as its model says', () => {
  for (const value of [0, -1, 2 ** 31 - 1, -(2 ** 31)])
    assert.ok(fits(shape(32), value), String(value))
  for (const value of [2 ** 31, -(2 ** 31) - 1, 1e30, 1.5, Infinity, NaN])
    assert.ok(!fits(shape(32), value), String(value))
  for (const value of [2 ** 31, 2 ** 53, -(2 ** 63)])
    assert.ok(fits(shape(64), value), String(value))
  for (const value of [2 ** 63, 1e30, 0.5]) assert.ok(!fits(shape(64), value), String(value))
  assert.ok(fits(shape(0), 1.5))
})
