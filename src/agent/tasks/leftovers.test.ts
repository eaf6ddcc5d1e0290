import assert from 'node:assert/strict'
import { test } from 'node:test'

import { LEFTOVERS_PER_SERVICE_MAX, tooMany } from './leftovers.ts'
import type { KnownTask } from './task.ts'

const ended = (arn: string, group: string, stoppedAt: number, status = 'STOPPED'): KnownTask =>
  ({
    arn,
    definition: { arn, desiredStatus: 'RUNNING', group, containers: [] },
    stoppedAt,
    reported: { status, containers: {} },
  }) as unknown as KnownTask

test('the oldest leftovers of a service go first, and only those whose end is known', () => {
  const kept = Array.from({ length: LEFTOVERS_PER_SERVICE_MAX }, (_, at) =>
    ended(`new-${at}`, 'service:loop', 100 + at),
  )
  const others = [
    ended('unreported', 'service:loop', 1, 'RUNNING'),
    ended('other', 'family:loop', 1),
  ]
  const names = (tasks: KnownTask[]) =>
    tooMany(tasks, ended('now', 'service:loop', 500)).map(({ arn }) => arn)
  assert.deepEqual(names([...kept, ...others]), [])
  const alone = kept.map(({ arn }) => ended(arn, 'family:loop', 1))
  assert.deepEqual(tooMany([...alone, ...alone], ended('now', 'family:loop', 2)), [])
  const older = [ended('older', 'service:loop', 2), ended('oldest', 'service:loop', 1)]
  assert.deepEqual(names([...older, ...kept, ...others]), ['older', 'oldest'])
})
