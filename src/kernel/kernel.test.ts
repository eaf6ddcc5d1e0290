import assert from 'node:assert/strict'
import { test } from 'node:test'

import fc from 'fast-check'

import { formatArn, parseArn } from './arn.ts'
import { canonicalJson, fingerprint } from './fingerprint.ts'

test('an ARN comes apart and together again; what is none is none', () => {
  const text = 'arn:aws:ecs:us-east-1:111122223333:task/default/0123:x'
  const arn = parseArn(text, 'ecs')
  assert.equal(arn?.resource, 'task/default/0123:x')
  assert.equal(
    formatArn({
      service: 'ecs',
      region: 'us-east-1',
      account: '111122223333',
      resource: 'task/default/0123:x',
    }),
    text,
  )
  for (const none of [
    '',
    'arn',
    'arn:aws:ecs:us-east-1:1',
    'arn:aws:ecs:us-east-1:1:',
    'x:aws:ecs:r:1:y',
    'arn::ecs:r:1:y',
    'arn:aws-cn:ecs:r:1:y',
    'arn:aws:logs:r:1:y',
  ])
    assert.equal(parseArn(none, 'ecs'), undefined, none)
})

test('equal requests have equal texts, whatever the order of their members', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (value) => {
      const reversed = Object.fromEntries(Object.entries(value).toReversed())
      assert.equal(canonicalJson(reversed), canonicalJson(value))
    }),
  )
  assert.notEqual(canonicalJson({ a: [1, 2] }), canonicalJson({ a: [2, 1] }))
  assert.equal(canonicalJson({ a: undefined, b: 1 }), canonicalJson({ b: 1 }))
})

test('a fingerprint tells texts apart', () => {
  const seen = new Set(Array.from({ length: 20_000 }, (_, n) => fingerprint(`request ${n}`)))
  assert.equal(seen.size, 20_000)
  assert.equal(fingerprint('a'), fingerprint('a'))
})
