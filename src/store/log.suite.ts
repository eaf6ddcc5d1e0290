/** What every log must do, whatever keeps it. A log's own test calls this with how to open (and open again) one. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import fc from 'fast-check'

import type { StateLog } from './log.ts'
import { announce, noticeKind, noticesAfter } from './notices.ts'
import { index, Store, table, type Write } from './store.ts'

type Row = { readonly name: string; readonly size?: number | undefined; readonly group?: string }
const rows = table<Row>('suite.rows')
const byGroup = index(rows, 'group', (row) => row.group)
const changed = noticeKind<Row>({
  source: 'suite',
  detailType: 'Suite Row Change',
  table: rows,
  told: (row) => ({ tenant: 't', accountId: '1', region: 'r', resources: [], detail: row }),
})

let run = 0

/** `open` gives the log of `place`, holding what was made durable there before. */
export function logSuite(kind: string, open: (place: string) => StateLog): void {
  const failed = (error: Error) => assert.fail(error)
  const start = (place: string) => Store.open(open(place), failed)
  const content = (store: Store) =>
    store.read((tx) => [...tx.scan(rows)].map(({ key, row }) => [key, row]))
  const told = (store: Store) => store.read((tx) => noticesAfter(tx, 0, Infinity))
  const groups = (store: Store) => store.read((tx) => [...tx.scan(byGroup)].map(({ at }) => at))

  test(`${kind}: what was acknowledged is there after a restart, in every order`, async () => {
    const store = await start('restart')
    await store.write((tx) => tx.put(rows, 'a', { name: 'first', size: 1, group: 'x' }))
    await store.write((tx) => tx.patch(rows, 'a', { size: 2 }))
    await store.write((tx) => tx.put(rows, 'b', { name: 'second', group: 'y' }))
    await store.write((tx) => tx.patch(rows, 'a', { size: undefined }))
    await store.write((tx) => tx.put(rows, 'c', { name: 'gone' }))
    await store.write((tx) => tx.delete(rows, 'c'))
    const before = [content(store), groups(store)]
    const revision = store.revision
    await store.close()
    const again = await start('restart')
    assert.deepEqual([content(again), groups(again)], before)
    assert.equal(again.revision, revision)
    await again.write((tx) => tx.put(rows, 'd', { name: 'third' }))
    await again.close()
  })

  test(`${kind}: a snapshot taken while commits go on, and the journal since, are the same rows`, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 60 }), async (steps) => {
        const place = `fuzzy-${run++}`
        const store = await start(place)
        let snapshot: Promise<void> | undefined
        for (const [at, { write, snapshot: begin }] of steps.entries()) {
          const done = store.write((tx) => apply(tx, write))
          if (at % 3 === 0) await done
          if (begin && !snapshot) snapshot = store.snapshot()
        }
        await snapshot
        await store.settled(store.revision)
        const before = [content(store), groups(store), told(store), store.revision]
        await store.close()
        const again = await start(place)
        assert.deepEqual([content(again), groups(again), told(again), again.revision], before)
        await again.close()
      }),
      { numRuns: 25 },
    )
  })

  test(`${kind}: watchers hear durable commits in order`, async () => {
    const store = await start('watch')
    const heard: number[] = []
    store.watch((commit) => heard.push(commit.revision))
    const from = store.revision
    for (const key of ['a', 'b', 'c']) store.transact((tx) => tx.put(rows, key, { name: key }))
    assert.deepEqual(heard, [], 'nothing is told before it is durable')
    await store.settled(store.revision)
    assert.deepEqual(heard, [from + 1, from + 2, from + 3])
    await store.close()
  })
}

type Step = {
  write: { key: string; row: Row | undefined; patch: boolean; changesAgain: boolean }
  snapshot: boolean
}
const step: fc.Arbitrary<Step> = fc.record({
  write: fc.record({
    key: fc.constantFrom('a', 'b', 'c', 'd'),
    row: fc.option(
      fc.record(
        { name: fc.string(), size: fc.nat(), group: fc.constantFrom('x', 'y') },
        { requiredKeys: ['name'], noNullPrototype: true },
      ),
      { nil: undefined },
    ),
    patch: fc.boolean(),
    changesAgain: fc.boolean(),
  }),
  snapshot: fc.boolean(),
})

/** What is told of a row is often, not always, what the commit leaves of it. */
function apply(tx: Write, { key, row, patch, changesAgain }: Step['write']): void {
  if (!row) return tx.delete(rows, key)
  if (patch && tx.get(rows, key)) tx.patch(rows, key, row)
  else tx.put(rows, key, row)
  const record = tx.get(rows, key)
  if (record) announce(tx, changed, { key, record }, { now: 0, id: key })
  if (changesAgain) tx.patch(rows, key, { name: 'again' })
}
