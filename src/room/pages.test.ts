import assert from 'node:assert/strict'
import { test } from 'node:test'

import fc from 'fast-check'

import { Fault } from '#kernel/fault.ts'

import { pagesOf } from './pages.ts'

const { page } = pagesOf({
  badToken: () => new Fault('BadToken', 'This is no token.'),
  noResults: () => new Fault('NoResults', 'Ask for more.'),
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
      { code: 'BadToken' },
    )
})

test('a page of nothing is refused, or cannot be', () => {
  const ask = { nextToken: undefined, maxResults: 0, limit: 10, question: 'q' }
  assert.throws(() => page(ask, () => []), { code: 'NoResults' })
})

const byCodeUnit = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
