import assert from 'node:assert/strict'
import { test } from 'node:test'

import fc from 'fast-check'

import { AssertionFailure } from '#kernel/assert.ts'
import { Fault } from '#kernel/fault.ts'
import { MovedClock, turn } from '#server/house.fixture.ts'
import type { LoggedChange, LogSink, StateLog } from '#store/log.ts'
import {
  announce,
  noticeKind,
  NOTICES_LIMIT,
  noticesAfter,
  type Notice,
  publish,
} from '#store/notices.ts'
import { Store, table, type Write } from '#store/store.ts'

import { type Listener, listening } from './listeners.ts'
import { runReconcilers } from './runner.ts'

const WANTED = 'Wanted'
const OTHER = 'Other'

type Heard = { readonly id: string }
const heard = table<Heard>('listeners.heard')
const things = table<{ readonly size: number }>('listeners.things')

/** Commits as they were appended; a crash forgets the newest of them. */
class CutLog implements StateLog {
  kept: { readonly revision: number; readonly changes: string }[] = []
  #durable: (revision: number) => void = () => undefined

  async load(sink: LogSink): Promise<number> {
    for (const { revision, changes } of this.kept)
      sink.commit(revision, JSON.parse(changes) as LoggedChange[])
    return this.kept.at(-1)?.revision ?? 0
  }

  append(revision: number, changes: string): void {
    this.kept.push({ revision, changes })
    queueMicrotask(() => this.#durable(revision))
  }

  listen(durable: (revision: number) => void): void {
    this.#durable = durable
  }

  snapshot(): never {
    return assert.fail('there are too few commits for it')
  }

  async close(): Promise<void> {}
}

async function living(listeners: readonly Listener[], log = new CutLog()) {
  const clock = new MovedClock()
  const store = await Store.open(log, (error) => assert.fail(error))
  const stop = new AbortController()
  const errors: string[] = []
  runReconcilers(listening(listeners, store), {
    store,
    clock,
    signal: stop.signal,
    onError: (name, _key, error) => void errors.push(`${name}: ${(error as Error).message}`),
  })
  /** `count` notices of a kind in one commit. */
  const tell = (detailType: string, count = 1): void =>
    void store.transact((tx) => {
      for (let n = 0; n < count; n++)
        publish(tx, notice(detailType, `${store.revision} ${String(n)}`))
    })
  /** Where each stopped, as its newest commit says. */
  const cursors = new Map<string, number>()
  store.watch(({ changes }) => {
    for (const { table: name, key, after } of changes)
      if (name === 'store.cursors') cursors.set(key, (after as { readonly at: number }).at)
  })
  return { clock, store, stop, errors, tell, cursors, log }
}

const notice = (detailType: string, id: string): Notice => ({
  source: 'test',
  detailType,
  tenant: 't',
  accountId: '1',
  region: 'r',
  resources: [],
  time: 0,
  id,
  detail: {},
})

const padded = (n: number): string => String(n).padStart(6, '0')
const told = (store: Store): string[] =>
  store
    .read((tx) => noticesAfter(tx, 0, Infinity))
    .flatMap(({ notice: { detailType, id } }) => (detailType === WANTED ? [id] : []))
const all = (store: Store): string[] =>
  store.read((tx) => [...tx.scan(heard)].map(({ row }) => row.id))

/** Writes down what it hears, and what it missed as it finds it; `fails` says whether it throws, after it wrote. */
function writer(fails: () => boolean = () => false): Listener {
  const note = (tx: Write, id: string): void =>
    tx.put(heard, padded([...tx.scan(heard)].length), { id })
  return {
    name: 'writer',
    wants: ({ source, detailType }) => source === 'test' && detailType === WANTED,
    hear: (tx, { id }) => {
      note(tx, id)
      if (fails()) throw new Fault('Trouble', 'not now')
    },
    missed: (tx) => {
      for (const { key } of tx.scan(heard)) tx.delete(heard, key)
      for (const { notice: one } of noticesAfter(tx, 0, Infinity))
        if (one.detailType === WANTED) note(tx, one.id)
    },
  }
}

const step = fc.oneof(
  fc.record({
    tell: fc.constantFrom(WANTED, OTHER),
    count: fc.integer({ min: 1, max: 4 }),
  }),
  fc.record({ failures: fc.integer({ min: 1, max: 3 }) }),
  fc.record({ moveMs: fc.constantFrom(0, 1, 500, 5_000) }),
  fc.record({ crash: fc.nat({ max: 6 }) }),
)

test('what a listener writes is what was told, each once and in order, through failures and crashes', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 40 }), async (steps) => {
      let failures = 0
      const listener = writer(() => (failures -= 1) >= 0)
      let life = await living([listener])
      for (const one of steps) {
        if ('tell' in one) life.tell(one.tell, one.count)
        else if ('failures' in one) failures = one.failures
        else if ('moveMs' in one) await life.clock.move(one.moveMs)
        else {
          life.stop.abort()
          const log = new CutLog()
          log.kept = life.log.kept.slice(0, Math.max(0, life.log.kept.length - one.crash))
          life = await living([listener], log)
        }
      }
      failures = 0
      await life.clock.move(60_000)
      assert.deepEqual(all(life.store), told(life.store))
      life.stop.abort()
    }),
    { numRuns: 80 },
  )
})

/** Hears what it wants, and remembers that. */
function listener(name: string, does: Partial<Listener> = {}) {
  const seen: string[] = []
  const its: Listener = {
    name,
    wants: ({ detailType }) => detailType === WANTED,
    hear: (_tx, { id }) => void seen.push(id),
    missed: () => void seen.push('missed'),
    ...does,
  }
  return { its, seen }
}

test('one that is new has missed what was told before, and hears what is told from then on', async () => {
  const first = await living([])
  first.tell(WANTED)
  await turn()
  const { its, seen } = listener('new')
  const life = await living([its], first.log)
  await turn()
  life.tell(WANTED)
  await turn()
  assert.deepEqual(seen, ['missed', told(life.store)[1]])
})

test('one that fails is tried again at the same notice, ever more slowly, and holds no other', async () => {
  let trouble = true
  const at: number[] = []
  const sound = listener('sound')
  const failing = listener('failing')
  const life = await living([
    {
      ...failing.its,
      hear: (tx, one) => {
        at.push(life.clock.now())
        if (trouble) throw new Error('not yet')
        failing.its.hear(tx, one)
      },
    },
    sound.its,
  ])
  await turn()
  for (let n = 0; n < 3; n++) {
    life.tell(WANTED)
    await turn()
  }
  await life.clock.move(8_000)
  assert.deepEqual([failing.seen, sound.seen.length], [['missed'], 4])
  assert.deepEqual(
    at.map((time) => time - (at[0] as number)),
    [0, 1_000, 3_000, 7_000],
  )
  trouble = false
  await life.clock.move(10_000)
  assert.deepEqual(failing.seen, sound.seen)
  assert.equal(life.errors[0], 'failing: not yet')
})

test('one that fell behind what is kept is told so, once, and goes on with what is told then', async () => {
  let trouble = true
  const { its, seen } = listener('slow')
  const life = await living([
    {
      ...its,
      hear: (tx, one) => {
        if (trouble) throw new Error('not yet')
        its.hear(tx, one)
      },
    },
  ])
  await turn()
  const tell = async (detailType: string, count: number): Promise<void> => {
    for (let left = count; left > 0; left -= 1_000) life.tell(detailType, Math.min(left, 1_000))
    await turn()
  }
  // The notice that comes next is the oldest that is kept.
  await tell(WANTED, 1)
  await tell(OTHER, NOTICES_LIMIT - 1)
  await life.clock.move(120_000)
  assert.deepEqual(seen, ['missed'])
  await tell(OTHER, 1)
  trouble = false
  await life.clock.move(120_000)
  assert.deepEqual(seen, ['missed', 'missed'])
  await tell(WANTED, 1)
  assert.equal(seen.length, 3)
})

const grown = noticeKind<{ readonly size: number }>({
  source: 'test',
  detailType: 'Thing Grown',
  table: things,
  told: () => assert.fail('nobody wants its words'),
})

const TOLD = 2 * NOTICES_LIMIT
const COMMITS = 80

test('what nobody wants is not put into words, costs few commits, and never makes a listener fall behind', async () => {
  const { its, seen } = listener('picky')
  const life = await living([its])
  await turn()
  const before = life.store.revision
  for (let n = 0; n < COMMITS; n++)
    await life.store.write((tx) => {
      const record = { size: n }
      tx.put(things, 'a', record)
      for (let one = 0; one < TOLD / COMMITS; one++)
        announce(tx, grown, { key: 'a', record }, { now: 0, id: `${n} ${one}` })
    })
  await turn()
  assert.ok((life.cursors.get('picky') ?? 0) > TOLD - 2_000)
  assert.ok(life.store.revision - before - COMMITS <= TOLD / 1_000)
  assert.deepEqual(seen, ['missed'])
  const again = listener('picky')
  const next = await living([again.its], life.log)
  await turn()
  next.tell(WANTED)
  await turn()
  assert.equal(again.seen.length, 1)
})

test('two of one name would take each other’s cursor', async () => {
  const twice = [listener('one').its, listener('one').its]
  await assert.rejects(living(twice), AssertionFailure)
})
