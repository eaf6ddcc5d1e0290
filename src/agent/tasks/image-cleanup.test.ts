import assert from 'node:assert/strict'
import { test } from 'node:test'

import { imagesToRemove } from './image-cleanup.ts'

const HOUR_MS = 3600_000
const LIMITS = { intervalMs: 1, minimumAgeMs: HOUR_MS, perCycle: 2 }
const IMAGES = {
  old: { pulledAt: 0, usedAt: 300 },
  older: { pulledAt: 0, usedAt: 100 },
  oldest: { pulledAt: 0, usedAt: 50 },
  busy: { pulledAt: 0, usedAt: 10 },
  fresh: { pulledAt: HOUR_MS, usedAt: 0 },
}

test('the longest unused go first, a few at a time, never those in use or fresh', () => {
  const inUse = new Set(['busy'])
  assert.deepEqual(imagesToRemove(IMAGES, inUse, HOUR_MS, LIMITS), ['oldest', 'older'])
  assert.deepEqual(imagesToRemove(IMAGES, inUse, HOUR_MS, { ...LIMITS, perCycle: 9 }), [
    'oldest',
    'older',
    'old',
  ])
  assert.deepEqual(imagesToRemove(IMAGES, inUse, HOUR_MS - 1, LIMITS), [])
})
