/** What every storage of entries must do. A storage's own test calls this with how to open a room's. */
import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'

import fc from 'fast-check'

import { AssertionFailure } from '#kernel/assert.ts'

import { including, MATCHING } from './including.fixture.ts'
import { MemoryStorage } from './memory-storage.ts'
import {
  APPEND_BYTES_MAX,
  type Entry,
  type EntryStorage,
  type Page,
  type Place,
  type Query,
  type RoomFiles,
  SCAN_STEPS_MAX,
  StorageFull,
  type StoredEntry,
} from './storage.ts'

type Open = (context: TestContext, room: RoomFiles) => EntryStorage
const GROUP = 'a'.repeat(16)
const stream = (n: number) => ({ groupId: GROUP, streamId: String(n).padStart(16, '0') })
const ALL: Query = {
  groupId: GROUP,
  streamIds: [0, 1, 2].map((n) => stream(n).streamId),
  from: 0,
  until: Number.MAX_SAFE_INTEGER,
  reverse: false,
  limit: 10_000,
}
const at = (timestamp: number, payload = `at ${timestamp}`): Entry => ({ timestamp, payload })
const texts = ({ entries }: Pick<Page, 'entries'>) =>
  entries.map(({ payload }) => payload.toString())

let places = 0
const room = (name: string): RoomFiles => ({ name: `${name}-${++places}`, matching: MATCHING })

export function storageSuite(kind: string, open: Open): void {
  readingCases(kind, open)
  searchingCases(kind, open)
  keepingCases(kind, open)
  limitCases(kind, open)
  writersCases(kind, open)
  pagesAsPlainLists(kind, open)
}

function readingCases(kind: string, open: Open): void {
  test(`${kind}: entries are in the order of their time, then as they came`, async (context) => {
    const storage = open(context, room('order'))
    await storage.append(stream(0), [at(5), at(9)], 100)
    await storage.append(stream(0), [at(1), at(5, 'again at 5')], 101)
    await storage.append(stream(1), [at(5, 'other stream')], 102)
    const { entries } = await storage.read(ALL)
    assert.deepEqual(texts({ entries }), ['at 1', 'at 5', 'again at 5', 'other stream', 'at 9'])
    assert.deepEqual(
      entries.map(({ appendedAt }) => appendedAt),
      [101, 100, 101, 102, 100],
    )
    const reversed = await storage.read({ ...ALL, reverse: true })
    assert.deepEqual(texts(reversed), texts({ entries }).toReversed())
    await storage.close()
  })

  test(`${kind}: a range begins with its start and ends before its end`, async (context) => {
    const storage = open(context, room('range'))
    await storage.append(stream(0), [at(1), at(2), at(3)], 0)
    assert.deepEqual(texts(await storage.read({ ...ALL, from: 2, until: 3 })), ['at 2'])
    assert.deepEqual(texts(await storage.read({ ...ALL, streamIds: [] })), [])
    assert.deepEqual(texts(await storage.read({ ...ALL, groupId: 'b'.repeat(16) })), [])
    await storage.close()
  })

  test(`${kind}: payloads come back as they were, whatever is in them`, async (context) => {
    const storage = open(context, room('texts'))
    const messages = ['é\u0000\n"\\', '😀'.repeat(1000), ' ', '{"a":1}', 'x'.repeat(1 << 20)]
    await storage.append(
      stream(0),
      messages.map((message, index) => at(index, message)),
      0,
    )
    const found: string[] = []
    let beyond: Place | undefined
    do {
      const page = await storage.read({ ...ALL, beyond })
      found.push(...texts(page))
      beyond = page.reached
    } while (beyond)
    assert.deepEqual(found, messages)
    const bytes = Buffer.from([0, 255, 128, 10])
    await storage.append(stream(1), [{ timestamp: 0, payload: new Uint8Array(bytes) }], 0)
    const { entries } = await storage.read({ ...ALL, streamIds: [stream(1).streamId] })
    assert.deepEqual(entries[0]?.payload, bytes)
    await storage.close()
  })

  test(`${kind}: what the room matches is found, and a page that ends early says where`, async (context) => {
    const storage = open(context, room('pattern'))
    const lines = Array.from({ length: 100 }, (_, n) => at(n, n % 10 === 0 ? `ERROR ${n}` : 'fine'))
    await storage.append(stream(0), lines, 0)
    const first = await storage.read({ ...ALL, match: including('ERROR'), limit: 4 })
    assert.deepEqual(texts(first), ['ERROR 0', 'ERROR 10', 'ERROR 20', 'ERROR 30'])
    const rest = await storage.read({ ...ALL, match: including('ERROR'), beyond: first.reached })
    assert.deepEqual(texts(rest), [
      'ERROR 40',
      'ERROR 50',
      'ERROR 60',
      'ERROR 70',
      'ERROR 80',
      'ERROR 90',
    ])
    assert.equal(rest.reached, undefined)
    await storage.close()
  })
}

function searchingCases(kind: string, open: Open): void {
  test(`${kind}: a slow matcher looks at less before a page ends, and finds all in the end`, async (context) => {
    const storage = open(context, room('steps'))
    const STEPS = 1000
    const COUNT = 200
    const message = (n: number): string => (n === COUNT - 1 ? 'c' : 'x').padStart(1000, 'x')
    const lines = Array.from({ length: COUNT }, (_, n) => at(n, message(n)))
    await storage.append(stream(0), lines, 0)
    const aPage = Math.ceil(SCAN_STEPS_MAX / (1000 * STEPS))
    assert.ok(aPage < COUNT / 2)
    for (let from = 0, beyond: Place | undefined; from < COUNT; from += aPage) {
      const page: Page = await storage.read({ ...ALL, match: including('c', STEPS), beyond })
      const isLast = from + aPage >= COUNT
      assert.equal(page.reached?.timestamp, isLast ? undefined : from + aPage - 1)
      assert.equal(page.entries.length, isLast ? 1 : 0)
      beyond = page.reached
    }
    await storage.close()
  })
}

function keepingCases(kind: string, open: Open): void {
  test(`${kind}: statistics count payloads and 26 bytes for each`, async (context) => {
    const storage = open(context, room('stats'))
    await storage.append(stream(0), [at(3, 'é'), at(7, 'ab')], 50)
    await storage.append(stream(0), [at(5, 'x')], 40)
    const [known, unknown] = await storage.stats(GROUP, [stream(0).streamId, stream(1).streamId])
    assert.deepEqual(known, {
      oldest: 3,
      newest: 7,
      lastAppendedAt: 50,
      storedBytes: 5 + 3 * 26,
    })
    assert.deepEqual(unknown, { storedBytes: 0 })
    await storage.close()
  })

  test(`${kind}: what is deleted or expired is gone, and only that`, async (context) => {
    const storage = open(context, room('delete'))
    const other = { ...stream(0), groupId: 'c'.repeat(16) }
    for (const [index, where] of [stream(0), stream(1), stream(2), other].entries())
      await storage.append(where, [at(index, `stream ${index}`)], 0)
    await storage.delete(stream(0))
    await storage.expire(GROUP, 2)
    assert.deepEqual(texts(await storage.read(ALL)), ['stream 2'])
    await storage.append(stream(0), [at(9, 'anew')], 0)
    assert.deepEqual(texts(await storage.read(ALL)), ['stream 2', 'anew'])
    await storage.delete({ groupId: GROUP })
    await storage.delete({ groupId: GROUP })
    assert.deepEqual(texts(await storage.read(ALL)), [])
    assert.deepEqual(texts(await storage.read({ ...ALL, groupId: other.groupId })), ['stream 3'])
    await storage.close()
  })
}

function limitCases(kind: string, open: Open): void {
  test(`${kind}: an append has a limit, which callers keep`, async (context) => {
    const storage = open(context, room('large'))
    const payload = 'x'.repeat(APPEND_BYTES_MAX / 2)
    await assert.rejects(
      storage.append(stream(0), [at(0, payload), at(0, payload)], 0),
      (error) => {
        return error instanceof AssertionFailure
      },
    )
    await storage.append(stream(0), [at(0, payload)], 0)
    await storage.close()
  })

  test(`${kind}: beyond a room's bytes nothing is taken until the oldest is dropped`, async (context) => {
    const BYTES = 5000
    const storage = open(context, { ...room('bytes'), bytes: BYTES })
    assert.equal(await storage.dropOldest(GROUP), false)
    const payload = 'x'.repeat(500)
    const fill = async (): Promise<number> => {
      for (let n = 0; ; n++)
        try {
          await storage.append(stream(n % 3), [at(n, payload)], 0)
        } catch (error) {
          assert.ok(error instanceof StorageFull)
          return n
        }
    }
    const taken = await fill()
    assert.ok(taken >= 7 && taken * payload.length < BYTES)
    assert.equal(await storage.dropOldest(GROUP), true)
    const left = (await storage.read(ALL)).entries.map(({ timestamp }) => timestamp)
    assert.ok(left.length < taken && !left.includes(0) && left.includes(taken - 1))
    await storage.append(stream(0), [at(99)], 0)
    for (const streamId of ALL.streamIds) await storage.delete({ groupId: GROUP, streamId })
    assert.equal(await fill(), taken, 'what is deleted takes up nothing')
    await storage.expire(GROUP, 1000)
    assert.equal(await fill(), taken, 'nor does what is expired')
    await storage.close()
  })
}

function writersCases(kind: string, open: Open): void {
  test(`${kind}: many writers at once lose nothing, each in its own order`, async (context) => {
    const storage = open(context, room('writers'))
    await Promise.all(
      Array.from({ length: 150 }, (_, n) =>
        storage.append(stream(n % 3), [at(n, `one ${n}`), at(n + 1, `two ${n}`)], n),
      ),
    )
    const { entries } = await storage.read(ALL)
    assert.equal(new Set(texts({ entries })).size, 300)
    for (const streamId of ALL.streamIds) {
      const mine = entries.filter((entry) => entry.streamId === streamId)
      const sequences = mine.map(({ sequence }) => sequence).toSorted((a, b) => a - b)
      assert.deepEqual(sequences, [...sequences.keys()])
    }
    await storage.close()
  })
}

function pagesAsPlainLists(kind: string, open: Open): void {
  test(`${kind}: pages of any size, either way, are what a plain list says`, async (context) => {
    const batch = fc.record({
      n: fc.integer({ min: 0, max: 2 }),
      times: fc.array(fc.integer({ min: 0, max: 30 }), { minLength: 1, maxLength: 6 }),
    })
    const question = fc.record({
      from: fc.integer({ min: 0, max: 31 }),
      until: fc.integer({ min: 0, max: 31 }),
      reverse: fc.boolean(),
      limit: fc.integer({ min: 1, max: 5 }),
      match: fc.constantFrom(undefined, including('7'), including('1')),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(batch, { maxLength: 12 }), question, async (batches, asked) => {
        const [storage, plain] = [open(context, room('any')), new MemoryStorage(room('plain'))]
        for (const [index, { n, times }] of batches.entries()) {
          const entries = times
            .toSorted((a, b) => a - b)
            .map((time, i) => at(time, `${index} ${i}`))
          for (const one of [storage, plain]) await one.append(stream(n), entries, index)
        }
        const wanted = await plain.read({ ...ALL, ...asked, limit: 10_000 })
        const found: StoredEntry[] = []
        let beyond: Place | undefined
        do {
          const page = await storage.read({ ...ALL, ...asked, beyond })
          assert.ok(page.entries.length <= asked.limit)
          found.push(...page.entries)
          beyond = page.reached
        } while (beyond)
        assert.deepEqual(found, wanted.entries)
        await storage.close()
      }),
      { numRuns: 40 },
    )
  })
}
