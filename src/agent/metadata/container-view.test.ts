import assert from 'node:assert/strict'
import { test } from 'node:test'

import { accept } from '../tasks/accept.ts'
import { change } from '../tasks/task.ts'
import { containerView } from './container-view.ts'

test('since when health is unknown is not told', () => {
  const task = accept(
    {
      arn: 'arn',
      desiredStatus: 'RUNNING',
      containers: [{ name: 'app', image: 'app', healthCheckType: 'docker' }],
    },
    1,
    () => 'hex',
  )
  for (const [health, told] of [
    [undefined, { status: 'UNKNOWN' }],
    [{ status: 'UNKNOWN', since: 0, output: '' }, { status: 'UNKNOWN' }],
    [
      { status: 'HEALTHY', since: 1000, output: 'ok' },
      { status: 'HEALTHY', statusSince: '1970-01-01T00:00:01.000Z', output: 'ok' },
    ],
  ] as const)
    assert.deepEqual(
      containerView('v4', change(task, 'app', { health }), 'app', undefined)['Health'],
      told,
    )
})
