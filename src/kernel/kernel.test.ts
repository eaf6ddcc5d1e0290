import assert from 'node:assert/strict'
import { test } from 'node:test'

import fc from 'fast-check'

import { formatArn, parseArn } from './arn.ts'
import { canonicalJson, fingerprint } from './fingerprint.ts'
import { page } from './page.ts'

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

test('pages together are the list, in order, whatever their sizes', () => {
  const entries = fc
    .uniqueArray(fc.string(), { maxLength: 40 })
    .map((texts) => texts.toSorted(byCodeUnit).map((at) => ({ at })))
  fc.assert(
    fc.property(entries, fc.integer({ min: 1, max: 12 }), (all, maxResults) => {
      const seen: string[] = []
      let nextToken: string | undefined
      do {
        const found = page({ nextToken, maxResults, limit: 10, question: 'q' }, (after) =>
          all.filter(({ at }) => after === undefined || at > after),
        )
        assert.ok(found.items.length <= Math.min(maxResults, 10))
        seen.push(...found.items.map(({ at }) => at))
        ;({ nextToken } = found)
      } while (nextToken !== undefined)
      assert.deepEqual(
        seen,
        all.map(({ at }) => at),
      )
    }),
  )
})

test('a token of another question, or no token at all, is refused', () => {
  const entries = () => [{ at: 'a' }, { at: 'b' }]
  const { nextToken } = page(
    { nextToken: undefined, maxResults: 1, limit: 10, question: 'tasks of c' },
    entries,
  )
  assert.ok(nextToken)
  for (const token of [
    nextToken,
    '',
    'x',
    '%%%',
    Buffer.from('["tasks of d"]').toString('base64url'),
  ])
    assert.throws(
      () => page({ nextToken: token, maxResults: 1, limit: 10, question: 'tasks of d' }, entries),
      {
        code: 'InvalidParameterException',
      },
    )
})

const byCodeUnit = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
