import assert from 'node:assert/strict'
import { test } from 'node:test'

import fc from 'fast-check'

import { OrderedStrings } from './ordered.ts'

/** At the edges of what is compared as numbers. */
const edges = fc.constantFrom('a', 'b', 'c', '\0', '\u00ff', '\u0100', '\ud800')
const text = fc.oneof(fc.string({ maxLength: 3 }), fc.string({ maxLength: 9, unit: edges }))
const alike = text.map((end) => `the same beginning ${end}`)
const many = { maxLength: 2000, size: 'max' } as const
const texts = fc.oneof(
  fc.array(text, many),
  fc.array(alike, many),
  fc.array(fc.oneof(text, alike), many),
)

test('scans give what a sorted array gives, forwards and backwards, from any place', () => {
  fc.assert(
    fc.property(
      texts,
      texts,
      fc.oneof(fc.string({ maxLength: 2 }), fc.constant('the same beginning a')),
      fc.oneof(text, alike),
      (add, remove, prefix, after) => {
        const ordered = new OrderedStrings()
        for (const text of add) ordered.add(text)
        for (const text of remove) ordered.delete(text)
        const all = [...new Set(add)].filter((text) => !remove.includes(text)).sort(byCodeUnit)
        assert.equal(ordered.size, all.length)
        const under = all.filter((text) => text.startsWith(prefix))
        assert.deepEqual([...ordered.scan(prefix)], under)
        assert.deepEqual([...ordered.scan(prefix, undefined, true)], under.toReversed())
        assert.deepEqual(
          [...ordered.scan(prefix, after)],
          under.filter((text) => text > after),
        )
        assert.deepEqual(
          [...ordered.scan(prefix, after, true)],
          under.filter((text) => text < after).toReversed(),
        )
      },
    ),
    { numRuns: 60 },
  )
})

test('a set may change while it is scanned: what stays is seen once', () => {
  const ordered = new OrderedStrings()
  const all = Array.from({ length: 3000 }, (_, at) => String(at).padStart(5, '0'))
  ordered.fill(all)
  const seen: string[] = []
  for (const text of ordered.scan('')) {
    seen.push(text)
    ordered.delete(text)
    ordered.add(`a${text}`)
    if (seen.length === all.length) break
  }
  assert.deepEqual(seen, all)
})

const byCodeUnit = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
