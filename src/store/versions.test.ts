import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { LoggedChange } from './log.ts'
import { MemoryLog } from './memory-log.fixture.ts'
import { announce, noticeKind, noticesAfter } from './notices.ts'
import { index, Store, table } from './store.ts'
import { versions } from './versions.ts'

/** Twice as old as its first shape: a name became a first and a last one, and those got a length. */
type Person = { readonly first: string; readonly last: string; readonly length: number }
const people = table<Person>('versions.people', {
  upgrades: [
    ({ name }) => {
      if (typeof name !== 'string') throw new Error('a person without a name')
      const [first = '', last = ''] = name.split(' ')
      return { first, last }
    },
    (row) => ({ ...row, length: `${String(row['first'])}${String(row['last'])}`.length }),
  ],
})
const byLast = index(people, 'last', (row) => row.last)
noticeKind<Person>({
  source: 'versions',
  detailType: 'Versions Person Change',
  table: people,
  told: ({ last }) => ({ tenant: 't', accountId: '1', region: 'r', resources: [last], detail: {} }),
})

/** A log as releases of before have left it. */
async function left(...commits: readonly (readonly LoggedChange[])[]): Promise<MemoryLog> {
  const log = new MemoryLog()
  await log.load({ row: () => assert.fail(), commit: () => assert.fail() })
  for (const [at, changes] of commits.entries()) log.append(at + 1, JSON.stringify(changes))
  return log
}
const open = (log: MemoryLog) => Store.open(log, (error) => assert.fail(error))
const content = (store: Store) =>
  store.read((tx) => ({
    rows: [...tx.scan(people)].map(({ key, row }) => [key, row.first, row.last, row.length]),
    order: [...tx.scan(byLast)].map(({ row }) => row.first),
    told: noticesAfter(tx, 0, 100).map(({ notice }) => notice.resources),
    version: tx.get(versions, people.name)?.version,
  }))

const FIRST: readonly LoggedChange[][] = [
  [['versions.people', 'a', 'put', { name: 'Ada Lovelace' }]],
  [
    ['versions.people', 'b', 'put', { name: 'Alan T' }],
    [
      'store.notices',
      '1',
      'put',
      {
        kind: 'Versions Person Change',
        time: 1,
        id: 'i',
        of: ['versions.people', 'a'],
        record: { name: 'Ada Byron' },
      },
    ],
  ],
  [['versions.people', 'b', 'patch', { name: 'Alan Turing' }, []]],
]
const NOW = {
  rows: [
    ['a', 'Ada', 'Lovelace', 11],
    ['b', 'Alan', 'Turing', 10],
  ],
  order: ['Ada', 'Alan'],
  told: [['Byron']],
  version: 3,
}

test('rows of the first version, and what notices tell of them, are read in the shape of now', async () => {
  assert.deepEqual(content(await open(await left(...FIRST))), NOW)
})

test('rows of a version between are upgraded by the steps that are left', async () => {
  const between: LoggedChange[][] = [
    [['store.versions', 'versions.people', 'put', { version: 2 }]],
    [['versions.people', 'b', 'patch', { last: 'Mathison' }, []]],
  ]
  const { rows, version } = content(await open(await left(...FIRST, ...between)))
  assert.deepEqual([rows[1], version], [['b', 'Alan', 'Mathison', 12], 3])
})

test('what was written after the upgrade is replayed after it, and nothing is upgraded twice', async () => {
  const log = await left(...FIRST)
  const store = await open(log)
  await store.write((tx) => tx.patch(people, 'a', { last: 'King', length: 99 }))
  const after = content(store)
  assert.deepEqual(after.rows[0], ['a', 'Ada', 'King', 99])
  const again = await open(log)
  assert.deepEqual(content(again), after)
  await again.snapshot()
  await again.write((tx) => tx.patch(people, 'b', { length: 1 }))
  const later = content(again)
  assert.deepEqual(content(await open(log)), later)
})

test('a row that cannot be upgraded keeps the store from opening, and nothing is written', async () => {
  const log = await left([['versions.people', 'x', 'put', { nickname: 'X' }]])
  const words = /versions\.people x cannot be brought from version 1 to 3: a person without a name/
  await assert.rejects(open(log), words)
  await assert.rejects(open(log), words)
})

test('what a later release wrote is refused in words that say what to do', async () => {
  const log = await left([['store.versions', 'versions.people', 'put', { version: 4 }]])
  await assert.rejects(
    open(log),
    /later release of Berth: versions\.people has version 4, .* knows 3/,
  )
})

test('no two tables have one name', () => {
  assert.throws(() => table('versions.people'), /two tables are called versions\.people/)
})

test('a new table says its version with its first row', async () => {
  const log = await left()
  const store = await open(log)
  assert.equal(store.revision, 0)
  await store.write((tx) => tx.put(people, 'g', { first: 'G', last: 'Hopper', length: 7 }))
  assert.equal(store.revision, 1)
  assert.deepEqual(content(await open(log)).rows, [['g', 'G', 'Hopper', 7]])
})

test('a notice of now tells of the row of now', async () => {
  const store = await open(await left())
  const record = { first: 'G', last: 'Hopper', length: 7 }
  const kind = { detailType: 'Versions Person Change', table: people } as never
  await store.write((tx) => {
    tx.put(people, 'g', record)
    announce(tx, kind, { key: 'g', record }, { now: 2, id: 'j' })
  })
  assert.deepEqual(content(store).told, [['Hopper']])
})
