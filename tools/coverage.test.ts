import assert from 'node:assert/strict'
import { test } from 'node:test'

import { coveragePage, overdue } from './coverage.ts'

test('the page counts what is built of each service and names the rest', () => {
  const page = coveragePage(
    { sts: ['GetCallerIdentity'], ecs: [] },
    { ecs: { loadBalancers: 'elbv2', referenceId: 'no room', role: 'elbv2' } },
  )
  assert.match(page, /^Of \d{4} operations of 33 AWS services, 1 are built\./m)
  assert.match(page, /^\| sts \| 1 \| 11 \|$/m)
  assert.match(page, /^Built: GetCallerIdentity\.$/m)
  assert.match(page, /^Not built: AssumeRole, /m)
  assert.doesNotMatch(page, /^## ecs$/m)
  assert.match(
    page,
    /^\| elbv2 \| ecs \| loadBalancers, role \|\n\| no room \| ecs \| referenceId \|$/m,
  )
})

test('a door that lists what AWS does not have is found out', () => {
  assert.throws(() => coveragePage({ sts: ['GetCaller'] }, {}), /sts has no operation GetCaller/)
  assert.throws(() => coveragePage({ moon: [] }, {}), /no service is called moon/)
})

test('what is refused still is told once the room that it waited for is there', () => {
  const refused = { ecs: { loadBalancers: 'elbv2', secrets: 'ssm' } } as const
  assert.deepEqual(overdue({ elbv2: [] }, refused), [])
  assert.deepEqual(overdue({ elbv2: ['CreateLoadBalancer'] }, refused), [
    'ecs: loadBalancers waited for elbv2, which is there',
  ])
})
