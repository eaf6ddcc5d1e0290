import assert from 'node:assert/strict'
import { test } from 'node:test'

import { thresholdOf } from './breaker.ts'

type Type = 'BOUNDED_PERCENT' | 'UNBOUNDED_PERCENT' | 'COUNT'

test("the threshold is AWS's for every kind of configuration", () => {
  // Desired count, value, kind, threshold: the first six are printed in the developer guide.
  const cases: readonly (readonly [number, number, Type, number])[] = [
    [1, 50, 'BOUNDED_PERCENT', 3],
    [25, 50, 'BOUNDED_PERCENT', 13],
    [400, 50, 'BOUNDED_PERCENT', 200],
    [800, 50, 'BOUNDED_PERCENT', 200],
    [800, 50, 'UNBOUNDED_PERCENT', 400],
    [10, 5, 'COUNT', 5],
    [5, 50, 'BOUNDED_PERCENT', 3],
    [7, 50, 'BOUNDED_PERCENT', 4],
    [1, 1, 'UNBOUNDED_PERCENT', 1],
  ]
  for (const [desired, value, type, threshold] of cases)
    assert.equal(
      thresholdOf({ thresholdConfiguration: { type, value } }, desired),
      threshold,
      `${type} ${value} of ${desired}`,
    )
  assert.equal(thresholdOf({}, 25), 13, 'half of it where nothing is said')
})
