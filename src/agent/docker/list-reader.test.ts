import assert from 'node:assert/strict'
import { test } from 'node:test'

import fc from 'fast-check'

import { ListReader } from './list-reader.ts'

const listedOf = (text: string, kept: readonly string[], chunk = text.length) => {
  const reader = new ListReader(kept)
  for (let at = 0; at < text.length; at += chunk) reader.read(text.slice(at, at + chunk))
  return reader.listed
}

test('of each container its id is kept, and the labels that are asked for, however the list comes', () => {
  const container = fc.record({
    Id: fc.string(),
    Names: fc.array(fc.string()),
    Labels: fc.dictionary(fc.constantFrom('a', 'b', 'Id', 'Labels'), fc.string()),
    HostConfig: fc.record({ Id: fc.string(), Labels: fc.record({ a: fc.string() }) }),
    Mounts: fc.array(fc.record({ Labels: fc.string(), a: fc.string() })),
    Created: fc.integer(),
    Extra: fc.jsonValue(),
  })
  fc.assert(
    fc.property(fc.array(container), fc.integer({ min: 1, max: 50 }), (containers, chunk) => {
      const expected = containers.map(({ Id: id, Labels }) => ({
        id,
        labels: Object.fromEntries(Object.entries(Labels).filter(([name]) => name === 'a')),
      }))
      assert.deepEqual(listedOf(JSON.stringify(containers), ['a'], chunk), expected)
      assert.deepEqual(listedOf(JSON.stringify(containers, null, 1), ['a'], chunk), expected)
    }),
  )
})

test('what is long is passed over; no labels at all are none', () => {
  const long = 'x\\"'.repeat(10_000)
  const text = `[{"Id":"1","Labels":{"a":"${long}","b":"y","${long}":"z"}},{"Id":"2","Labels":null}]`
  assert.deepEqual(listedOf(text, ['a', 'b'], 1000), [
    { id: '1', labels: { b: 'y' } },
    { id: '2', labels: {} },
  ])
})
