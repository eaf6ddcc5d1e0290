import assert from 'node:assert/strict'
import { test } from 'node:test'

import { BusyClock, turn } from '#server/house.fixture.ts'
import { MemoryLog } from '#store/memory-log.fixture.ts'
import { Store, table } from '#store/store.ts'

import { type Due, Rounds } from './rounds.ts'

const FRAMES_PER_ROUND = 100
const rows = table<{ readonly text: string }>('rounds.rows')

/** A host that hears of several things in one frame. */
class Hearing implements Due {
  readonly frames: string[][] = []
  readonly #most: number
  #due: string[] = []

  constructor(most = 10) {
    this.#most = most
  }

  hears(what: string): void {
    this.#due.push(what)
  }

  get isMore(): boolean {
    return this.next === Hearing.prototype.next && this.#due.length > 0
  }

  next(): (() => void) | undefined {
    const frame = this.#due.splice(0, this.#most)
    return frame.length > 0 ? () => void this.frames.push(frame) : undefined
  }
}

async function begun() {
  const log = new MemoryLog()
  const store = await Store.open(log, () => undefined)
  const clock = new BusyClock()
  return { log, store, clock, rounds: new Rounds({ store, clock }) }
}

test('what is due in one turn is told in one frame, as much as a frame has', async () => {
  const { rounds } = await begun()
  const host = new Hearing(2)
  for (const what of ['a', 'b', 'c']) {
    host.hears(what)
    rounds.add(host)
  }
  await turn()
  assert.deepEqual(host.frames, [['a', 'b'], ['c']])
  host.hears('d')
  rounds.add(host)
  await turn()
  assert.deepEqual(host.frames.at(-1), ['d'])
})

test('nothing leaves before what it was computed from is durable', async () => {
  const { log, store, rounds } = await begun()
  const append = log.append.bind(log)
  const kept = Promise.withResolvers<void>()
  log.append = (...commit) => void kept.promise.then(() => append(...commit))
  store.transact((tx) => tx.put(rows, 'a', { text: '' }))
  const host = new Hearing()
  host.hears('a')
  rounds.add(host)
  await turn()
  assert.deepEqual(host.frames, [])
  kept.resolve()
  await turn()
  assert.deepEqual(host.frames, [['a']])
})

test('a host that has left is told nothing', async () => {
  const { rounds } = await begun()
  const host = new Hearing()
  host.hears('a')
  rounds.add(host)
  rounds.leave(host)
  await turn()
  assert.deepEqual(host.frames, [])
})

for (const { what, lateMs, frames } of [
  {
    what: 'while others want the thread, what is due gathers',
    lateMs: 10,
    frames: [['a', 'b', 'c']],
  },
  {
    what: 'while nobody wants the thread, it is told at once',
    lateMs: 0,
    frames: [['a'], ['b'], ['c']],
  },
])
  test(what, async () => {
    const { clock, rounds } = await begun()
    clock.lateMs = lateMs
    // The first host of a round takes three milliseconds, and hears nothing new.
    const others = Array.from({ length: FRAMES_PER_ROUND }, () => new Hearing())
    const [slow] = others as [Hearing]
    slow.next = () => {
      clock.pass(3)
      return () => undefined
    }
    const last = new Hearing()
    for (const round of ['a', 'b', 'c']) {
      for (const host of [...others, last]) {
        host.hears(round)
        rounds.add(host)
      }
      await turn()
      await clock.move(20)
    }
    await clock.move(10_000)
    assert.deepEqual(last.frames, frames)
  })
