import assert from 'node:assert/strict'
import { test } from 'node:test'

import fc from 'fast-check'

import { IndexEntries } from './index-entries.ts'
import { byCodeUnit } from './ordered.ts'
import { END } from './table.ts'

const value = fc.string({ unit: fc.constantFrom('a', 'b', '/'), maxLength: 3 })
const key = fc.string({ unit: fc.constantFrom('a', 'b', '/'), minLength: 1, maxLength: 3 })
const entry = fc.tuple(value, key)
const entries = fc.array(entry, { maxLength: 200, size: 'max' })
const at = fc.oneof(
  value,
  entry.map((parts) => parts.join(END)),
)

test('scans give what sorted `value END key` strings give, forwards and backwards, from any place', () => {
  fc.assert(
    fc.property(entries, entries, entries, at, at, (filled, added, removed, prefix, after) => {
      const index = new IndexEntries()
      const unique = new Map(filled.map((one) => [one.join(END), one]))
      index.fill([...unique.values()].sort(([, one], [, other]) => byCodeUnit(one, other)))
      for (const one of added) index.add(...one)
      for (const one of removed) index.delete(...one)
      const gone = new Set(removed.map((one) => one.join(END)))
      const all = [...unique.keys(), ...added.map((one) => one.join(END))]
      const under = [...new Set(all)]
        .filter((text) => !gone.has(text) && text.startsWith(prefix))
        .sort(byCodeUnit)
      const scan = (from: string | undefined, reverse: boolean) =>
        [...index.scan(prefix, from, reverse)].map((found) => {
          assert.ok(found.at.endsWith(END + found.key))
          return found.at
        })
      assert.deepEqual(scan(undefined, false), under)
      assert.deepEqual(scan(undefined, true), under.toReversed())
      const later = under.filter((text) => text > after)
      const earlier = under.filter((text) => text < after)
      assert.deepEqual(scan(after, false), later)
      assert.deepEqual(scan(after, true), earlier.toReversed())
    }),
    { numRuns: 500 },
  )
})

test('entries may change while they are scanned: what stays is seen once', () => {
  const index = new IndexEntries()
  const all = Array.from({ length: 900 }, (_, place) => String(place).padStart(5, '0'))
  for (const one of all) index.add(one.slice(0, 3), one)
  const seen: string[] = []
  for (const found of index.scan('', undefined, false)) {
    seen.push(found.key)
    index.delete(found.key.slice(0, 3), found.key)
    index.add('z', found.key)
    if (seen.length === all.length) break
  }
  assert.deepEqual(seen, all)
})
