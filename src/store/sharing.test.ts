import assert from 'node:assert/strict'
import { test } from 'node:test'

import fc from 'fast-check'

import { MemoryLog } from './memory-log.fixture.ts'
import { announce, noticeKind, notices } from './notices.ts'
import { sharing } from './sharing.ts'
import { Store, table } from './store.ts'

test('nothing is changed by sharing, and equal parts are one', () => {
  const document = fc.jsonValue({ maxDepth: 4 })
  fc.assert(
    fc.property(document, document, fc.boolean(), (one, other, alike) => {
      const model: unknown = structuredClone(one)
      const text = JSON.stringify({ own: other, part: alike ? one : other })
      const value = sharing<object>({ own: 0, part: model }, JSON.parse(text) as object)
      assert.equal(JSON.stringify(value), text)
      // What has a member of this name is left as it is, so that nothing sets it.
      if (alike && !text.includes('"__proto__"'))
        assert.equal((value as { part: unknown }).part, model)
    }),
    {
      examples: [false, true].map((alike) => [JSON.parse('{"__proto__":{"a":1}}'), {}, alike]),
      numRuns: 1000,
    },
  )
})

test('an array is no object with the same members', () => {
  assert.ok(Array.isArray(sharing<object>({}, [])))
  assert.ok(!Array.isArray(sharing<object>([], {})))
})

type Row = { readonly name: string; readonly size: number; readonly parts: readonly object[] }
const rows = table<Row>('sharing.rows', { kin: ({ size }) => String(size) })
const changed = noticeKind<Row>({
  source: 'sharing',
  detailType: 'Sharing Row Change',
  table: rows,
  told: (row) => ({ tenant: 't', accountId: '1', region: 'r', resources: [], detail: row }),
})

test('rows of one kin, and what is told of them, share after a restart as before', async () => {
  const log = new MemoryLog()
  const open = () => Store.open(log, (error) => assert.fail(error))
  const parts = [{ text: 'some text that they have in common' }]
  const holds = (store: Store): void =>
    store.read((tx) => {
      const [a, b] = [tx.get(rows, 'a'), tx.get(rows, 'b')]
      assert.ok(a && b)
      assert.equal(a.parts, b.parts)
      assert.ok(Object.isFrozen(b.parts[0]))
      const told = [...tx.after(notices, 0)].map(({ row }) => 'record' in row && row.record)
      assert.ok(told.includes(a) && told.includes(b))
    })
  const store = await open()
  for (const key of ['a', 'b'])
    await store.write((tx) => {
      const record = { name: `row ${key}`, size: 1, parts }
      tx.put(rows, key, record)
      announce(tx, changed, { key, record }, { now: 0, id: key })
    })
  holds(store)
  holds(await open())
  await store.snapshot()
  holds(await open())
})
