import assert from 'node:assert/strict'
import { test } from 'node:test'

import { LEFTOVERS_PER_FAMILY_MAX, tooMany } from './leftovers.ts'
import type { KnownTask } from './task.ts'

const ended = (arn: string, family: string, stoppedAt: number, status = 'STOPPED'): KnownTask =>
  ({
    arn,
    definition: { arn, desiredStatus: 'RUNNING', family, containers: [] },
    stoppedAt,
    reported: { status, containers: {} },
  }) as unknown as KnownTask

test('the oldest leftovers of a family go first, and only those whose end is known', () => {
  const kept = Array.from({ length: LEFTOVERS_PER_FAMILY_MAX }, (_, at) =>
    ended(`new-${at}`, 'loop', 100 + at),
  )
  const others = [ended('unreported', 'loop', 1, 'RUNNING'), ended('other', 'web', 1)]
  const names = (tasks: KnownTask[]) => tooMany(tasks, 'loop').map(({ arn }) => arn)
  assert.deepEqual(names([...kept, ...others]), [])
  const older = [ended('older', 'loop', 2), ended('oldest', 'loop', 1)]
  assert.deepEqual(names([...older, ...kept, ...others]), ['older', 'oldest'])
})
