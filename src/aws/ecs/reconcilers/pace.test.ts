import assert from 'node:assert/strict'
import { test } from 'node:test'

import { Pace } from './pace.ts'

test('a big service in a hurry is looked at several times at once and then in its pace; a small one always at once', () => {
  const pace = new Pace()
  const hurried = (now: number): number => {
    pace.hurry('big')
    return pace.wait('big', now)
  }
  for (let look = 0; look < 8; look += 1) {
    assert.equal(hurried(1000), 0, `look ${look} waits for nothing`)
    assert.equal(pace.looked('big', 5100, 1000, 10), 4000, 'time alone wakes it less often')
    assert.equal(pace.looked('small', 100, 1000, 10), 10)
  }
  assert.equal(hurried(1000), 0)
  pace.looked('big', 5100, 1000)
  assert.equal(hurried(1000), 500)
  assert.equal(hurried(1500), 0)
  assert.equal(pace.wait('small', 1000), 0)
  assert.equal(hurried(60_000), 0, 'when it was quiet for a while, nothing waits')
  pace.looked('big', 5100, 60_000)
  assert.equal(hurried(60_000), 0)
  pace.looked('big', 0, 60_000)
  assert.equal(hurried(60_000), 0, 'a deleted one is forgotten')
})

test('where all goes well a big service is looked at in time, and otherwise seldom', () => {
  const pace = new Pace()
  assert.equal(pace.wait('big', 1000), 0)
  assert.equal(pace.looked('big', 1100, 1000), undefined)
  assert.equal(pace.wait('big', 1000), 5000)
  assert.equal(pace.wait('big', 6000), 0)
  pace.hurry('big')
  assert.equal(pace.wait('big', 1000), 0, 'until something is urgent')
  assert.equal(pace.looked('big', 1100, 1000, 2000), 2000)
  assert.equal(pace.wait('big', 1000), 2000, 'or time changes something')
  assert.equal(pace.looked('big', 200, 3000), undefined)
  assert.equal(pace.wait('big', 3000), 500, 'a smaller one more often')
})
