import assert from 'node:assert/strict'
import { test } from 'node:test'

import fc from 'fast-check'

import { MemoryLog } from './memory-log.fixture.ts'
import {
  announce,
  type Moment,
  noticeKind,
  NOTICES_LIMIT,
  noticesAfter,
  publish,
} from './notices.ts'
import { Sealer } from './seal.ts'
import { index, Store, table, type Write } from './store.ts'
import {
  TRANSACTION_CHARACTERS_LIMIT,
  TRANSACTION_RECORDS_LIMIT,
  TransactionTooLarge,
} from './transaction.ts'

type Row = { readonly group: string; readonly size: number; readonly tags?: readonly string[] }
const rows = table<Row>('test.rows')
const byGroup = index(rows, 'group', (row) => row.group)
const open = () => Store.open(new MemoryLog(), (error) => assert.fail(error))

test('a throw changes nothing, in no order', async () => {
  const store = await open()
  await store.write((tx) => tx.put(rows, 'a', { group: 'x', size: 1 }))
  const revision = store.revision
  assert.throws(() =>
    store.transact((tx) => {
      tx.patch(rows, 'a', { group: 'y' })
      tx.put(rows, 'b', { group: 'y', size: 2 })
      tx.delete(rows, 'a')
      throw new Error('no')
    }),
  )
  assert.equal(store.revision, revision)
  store.read((tx) => {
    assert.deepEqual(
      [...tx.scan(rows)].map(({ key }) => key),
      ['a'],
    )
    assert.deepEqual(
      [...tx.find(byGroup, 'x')].map(({ key }) => key),
      ['a'],
    )
    assert.deepEqual([...tx.find(byGroup, 'y')], [])
  })
})

test('a transaction sees its own changes in every order', async () => {
  const store = await open()
  await store.write((tx) => {
    tx.put(rows, 'b', { group: 'x', size: 1 })
    tx.put(rows, 'a', { group: 'x', size: 2 })
    tx.patch(rows, 'b', { group: 'z' })
    assert.deepEqual(
      [...tx.scan(byGroup)].map(({ key }) => key),
      ['a', 'b'],
    )
    assert.deepEqual(
      [...tx.find(byGroup, 'z')].map(({ key }) => key),
      ['b'],
    )
  })
})

test('records are frozen to the bottom', async () => {
  const store = await open()
  await store.write((tx) => tx.put(rows, 'a', { group: 'x', size: 1, tags: ['t'] }))
  const row = store.read((tx) => tx.get(rows, 'a')) as unknown as { tags: string[] }
  assert.throws(() => row.tags.push('u'), TypeError)
})

test('a transaction that waits, nests or grows too large is refused and changes nothing', async () => {
  const store = await open()
  assert.throws(() => store.transact(() => Promise.resolve()), /must not wait/)
  assert.throws(() => store.transact(() => store.transact(() => 0)), /do not nest/)
  assert.throws(
    () =>
      store.transact((tx) => {
        for (let n = 0; n <= TRANSACTION_RECORDS_LIMIT; n++)
          tx.put(rows, String(n), { group: 'x', size: n })
      }),
    TransactionTooLarge,
  )
  assert.throws(
    () =>
      store.transact((tx) =>
        tx.put(rows, 'big', { group: 'x'.repeat(TRANSACTION_CHARACTERS_LIMIT), size: 1 }),
      ),
    TransactionTooLarge,
  )
  assert.deepEqual(
    store.read((tx) => [...tx.scan(rows)]),
    [],
  )
})

test('a rehearsal stands for many transactions, and may be as large as they are', async () => {
  const store = await open()
  const seen = store.rehearse((tx) => {
    for (let n = 0; n <= TRANSACTION_RECORDS_LIMIT; n++)
      tx.put(rows, String(n), { group: 'x', size: n })
    return [...tx.scan(rows)].length
  })
  assert.equal(seen, TRANSACTION_RECORDS_LIMIT + 1)
  assert.equal(
    store.read((tx) => [...tx.scan(rows)].length),
    0,
    'nothing is kept',
  )
})

test('pages are stable while rows come and go', async () => {
  const store = await open()
  const keys = Array.from({ length: 150 }, (_, n) => `k${String(n).padStart(3, '0')}`)
  await store.write((tx) => keys.forEach((key) => tx.put(rows, key, { group: 'x', size: 0 })))
  const first = store.read((tx) => [...tx.scan(rows)].slice(0, 100))
  await store.write((tx) => {
    tx.delete(rows, 'k099')
    tx.put(rows, 'k000a', { group: 'x', size: 0 })
    tx.put(rows, 'k120a', { group: 'x', size: 0 })
  })
  const rest = store.read((tx) => [...tx.scan(rows, { after: first.at(-1)?.at })])
  assert.deepEqual(
    rest.map(({ key }) => key),
    [...keys.slice(100), 'k120a'].sort(),
  )
})

test('notices are numbered without gaps and the oldest make room', async () => {
  const store = await open()
  const notice = (id: string) => ({
    source: 'test',
    detailType: 'Test',
    tenant: 't',
    accountId: '1',
    region: 'r',
    resources: [],
    time: 0,
    id,
    detail: {},
  })
  for (let n = 1; n <= NOTICES_LIMIT + 5; n++)
    store.transact((tx) => publish(tx, notice(String(n))))
  const read = store.read((tx) => noticesAfter(tx, 0, 3))
  assert.deepEqual(
    read.map(({ number, notice: { id } }) => [number, id]),
    [6, 7, 8].map((n) => [n, String(n)]),
  )
  await store.settled(store.revision)
})

const grown = noticeKind<Row>({
  source: 'test',
  detailType: 'Test Row Change',
  table: rows,
  told: ({ group, size }, time) => ({
    tenant: 't',
    accountId: '1',
    region: 'r',
    resources: [group],
    detail: { size, time },
  }),
})

const tellOfA = (tx: Write, moment: Moment): void =>
  announce(tx, grown, { key: 'a', record: tx.get(rows, 'a') as Row }, moment)

test('a notice says what its record was, however the record goes on', async () => {
  const store = await open()
  const moment = { now: 7, id: 'n' }
  await store.write((tx) => {
    tx.put(rows, 'a', { group: 'x', size: 1 })
    tellOfA(tx, moment)
    tx.patch(rows, 'a', { size: 2 })
    tellOfA(tx, moment)
  })
  await store.write((tx) => tx.patch(rows, 'a', { group: 'y', size: 3 }))
  await store.write((tx) => tx.delete(rows, 'a'))
  const told = store.read((tx) => noticesAfter(tx, 0, 10)).map(({ notice }) => notice)
  assert.deepEqual(
    told.map(({ detailType, resources, detail, time }) => [detailType, resources, detail, time]),
    [1, 2].map((size) => ['Test Row Change', ['x'], { size, time: 7 }, 7]),
  )
})

test('the log has a record once, however much is told of it', async () => {
  const log = new MemoryLog()
  const texts: string[] = []
  const append = log.append.bind(log)
  log.append = (revision, changes) => {
    texts.push(changes)
    append(revision, changes)
  }
  const store = await Store.open(log, (error) => assert.fail(error))
  await store.write((tx) => {
    tx.put(rows, 'a', { group: 'group-of-a', size: 1 })
    tellOfA(tx, { now: 7, id: 'n' })
  })
  assert.equal(texts.join().split('group-of-a').length, 2)
})

test('what was told before, while and after a snapshot was taken is read back as it was', async () => {
  const log = new MemoryLog()
  const store = await Store.open(log, (error) => assert.fail(error))
  let changes = 0
  const change = (fields: Partial<Row>) =>
    store.transact((tx) => {
      tx.patch(rows, 'a', fields)
      tellOfA(tx, { now: (changes += 1), id: 'n' })
    })
  const changeTwice = () => {
    change({ size: changes })
    change({ group: `group ${changes}` })
  }
  const snapshot = log.snapshot.bind(log)
  log.snapshot = (revision) => {
    const writer = snapshot(revision)
    changeTwice()
    return {
      ...writer,
      rows: async (slice) => {
        await writer.rows(slice)
        changeTwice()
      },
    }
  }
  store.transact((tx) => tx.put(rows, 'a', { group: 'x', size: 0 }))
  changeTwice()
  const taken = store.snapshot()
  changeTwice()
  await taken
  changeTwice()
  await store.settled(store.revision)
  const told = (of: Store) => of.read((tx) => noticesAfter(tx, 0, 100))
  assert.equal(told(store).length, changes)
  const again = await Store.open(log, (error) => assert.fail(error))
  assert.deepEqual(told(again), told(store))
})

const ROWS = 600
type Meanwhile = { readonly how: 'keep' | 'rehearse' | 'throw'; readonly keys: readonly number[] }
const meanwhile: fc.Arbitrary<Meanwhile> = fc.record({
  how: fc.constantFrom('keep', 'rehearse', 'throw'),
  keys: fc.array(fc.nat({ max: ROWS + 100 }), { maxLength: 8 }),
})

test('a snapshot of many slices misses nothing, whatever is written and taken back meanwhile', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(meanwhile, { minLength: 3, maxLength: 12 }), async (acts) => {
      const log = new MemoryLog()
      const store = await Store.open(log, (error) => assert.fail(error))
      for (let at = 0; at < ROWS; at += 100)
        store.transact((tx) => {
          for (let n = at; n < at + 100; n++) tx.put(rows, `k${n}`, { group: 'x', size: n })
        })
      const toggle = (keys: readonly number[]) => (tx: Write) => {
        for (const key of keys.map((n) => `k${n}`))
          if (tx.get(rows, key)) tx.delete(rows, key)
          else tx.put(rows, key, { group: 'y', size: 0 })
      }
      const left = [...acts]
      const act = () => {
        const { how, keys } = left.shift() ?? { how: 'keep', keys: [] }
        if (how === 'keep') store.transact(toggle(keys))
        else if (how === 'rehearse') store.rehearse(toggle(keys))
        else
          assert.throws(() =>
            store.transact((tx) => {
              toggle(keys)(tx)
              throw new Error('never mind')
            }),
          )
      }
      const snapshot = log.snapshot.bind(log)
      log.snapshot = (revision) => {
        const writer = snapshot(revision)
        return {
          ...writer,
          rows: async (slice) => {
            await writer.rows(slice)
            for (let n = 0; n < 4; n++) act()
          },
        }
      }
      await store.snapshot()
      store.transact((tx) => {
        for (const { key } of [...tx.scan(rows)].slice(-100)) tx.patch(rows, key, { size: -1 })
      })
      await store.settled(store.revision)
      const all = (of: Store) => of.read((tx) => [...tx.scan(rows)])
      const again = await Store.open(log, (error) => assert.fail(error))
      assert.deepEqual(all(again), all(store))
    }),
  )
})

test('a sealed secret opens with its key only, and an altered one not at all', () => {
  const sealer = new Sealer(new Uint8Array(32).fill(7))
  const sealed = sealer.seal('wJalrXUtnFEMI')
  assert.equal(sealer.open(sealed), 'wJalrXUtnFEMI')
  assert.doesNotMatch(sealed, /wJalr/)
  assert.throws(() => new Sealer(new Uint8Array(32).fill(8)).open(sealed))
  const at = sealed.length - 3
  assert.throws(() =>
    sealer.open(sealed.slice(0, at) + (sealed[at] === 'A' ? 'B' : 'A') + sealed.slice(at + 1)),
  )
})

/** A log that counts the snapshots that are begun. */
function counted(): { readonly log: MemoryLog; readonly begun: () => number } {
  let begun = 0
  const log = new MemoryLog()
  const snapshot = log.snapshot.bind(log)
  log.snapshot = (revision) => {
    begun += 1
    return snapshot(revision)
  }
  return { log, begun: () => begun }
}

test('snapshots are taken one at a time: an older one never takes the place of a newer', async () => {
  const { log, begun } = counted()
  const store = await Store.open(log, (error) => assert.fail(error))
  await store.write((tx) => tx.put(rows, 'a', { group: 'x', size: 1 }))
  await Promise.all([store.snapshot(), store.snapshot()])
  assert.equal(begun(), 1)
})

test('the more rows there are, the more commits a snapshot folds', async () => {
  const { log, begun } = counted()
  const store = await Store.open(log, (error) => assert.fail(error))
  const commits = async (count: number): Promise<void> => {
    for (let at = 0; at < count; at += 1)
      store.transact((tx) => tx.put(rows, 'a', { group: 'x', size: at }))
    await store.settled(store.revision)
  }
  await commits(50_001)
  assert.equal(begun(), 1)
  for (let at = 0; at < 200_000; at += TRANSACTION_RECORDS_LIMIT)
    store.transact((tx) => {
      for (let one = at; one < at + TRANSACTION_RECORDS_LIMIT; one += 1)
        tx.put(rows, String(one), { group: 'x', size: one })
    })
  await commits(60_000)
  assert.equal(begun(), 1)
  await commits(60_000)
  assert.equal(begun(), 2)
})
