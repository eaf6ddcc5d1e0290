import assert from 'node:assert/strict'
import { test } from 'node:test'

import fc from 'fast-check'

import { type Task, tasks } from './records.ts'

/** What of a task changes while it is there, as far as an index asks. */
const state = fc.record({
  desiredStatus: fc.constantFrom('RUNNING', 'STOPPED'),
  lastStatus: fc.constantFrom('PENDING', 'RUNNING', 'STOPPING', 'STOPPED'),
  stoppedAt: fc.option(fc.nat(), { nil: undefined }),
})
const fixed = fc.record({
  containerInstanceId: fc.constantFrom('a', 'b'),
  group: fc.constantFrom('service:web', 'family:web'),
})

test('an index that says two states of a task have the same value is right', () => {
  fc.assert(
    fc.property(fixed, state, state, (own, was, is) => {
      const [before, after] = [was, is].map((one) => ({ ...own, ...one })) as unknown as [
        Task,
        Task,
      ]
      for (const index of tasks.indexes)
        if (index.isSame?.(before, after))
          assert.equal(index.of(before), index.of(after), index.name)
    }),
  )
})
