import assert from 'node:assert/strict'
import { test } from 'node:test'

import { asEvent } from './event.ts'

test('a notice is told in the envelope of EventBridge', () => {
  const notice = {
    source: 'aws.ecs',
    detailType: 'ECS Service Action',
    tenant: '111122223333~2',
    accountId: '111122223333',
    region: 'eu-west-1',
    resources: ['arn:aws:ecs:eu-west-1:111122223333:service/default/web'],
    time: Date.UTC(2026, 0, 2, 3, 4, 5, 678),
    id: 'an id',
    detail: { createdAt: new Date(Date.UTC(2026, 0, 2)) },
  }
  assert.deepEqual(JSON.parse(JSON.stringify(asEvent(notice))), {
    version: '0',
    id: 'an id',
    'detail-type': 'ECS Service Action',
    source: 'aws.ecs',
    account: '111122223333',
    time: '2026-01-02T03:04:05Z',
    region: 'eu-west-1',
    resources: ['arn:aws:ecs:eu-west-1:111122223333:service/default/web'],
    detail: { createdAt: '2026-01-02T00:00:00.000Z' },
  })
})
