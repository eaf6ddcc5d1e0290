import assert from 'node:assert/strict'
import { test } from 'node:test'

import { BusyClock, turn } from '#server/house.fixture.ts'
import { MemoryLog } from '#store/memory-log.fixture.ts'
import { Store, table } from '#store/store.ts'

import { on, type Reconciler } from './reconciler.ts'
import { runReconcilers } from './runner.ts'

const rows = table<{ readonly at: number }>('turns.rows')

/** Notes for how long the thread is held before others have it. */
class HeldClock extends BusyClock {
  #heldMs = 0
  mostHeldMs = 0

  override pass(ms: number): void {
    this.#heldMs += ms
    this.mostHeldMs = Math.max(this.mostHeldMs, this.#heldMs)
    super.pass(ms)
  }

  override sleep(ms: number): Promise<void> {
    this.#heldMs = 0
    return super.sleep(ms)
  }
}

/** Nothing waits for this but the run itself, which is over meanwhile. */
async function inAMoment<T>(what: T): Promise<T> {
  for (let n = 0; n < 10; n++) await Promise.resolve()
  return what
}

type Contender = { readonly lookMs: number; readonly looks: number; readonly waits?: boolean }

/** Reconcilers that have work at once after each look, each of which takes `lookMs`, until they had `looks` of them. */
async function contend(all: readonly Contender[]) {
  const clock = new HeldClock()
  const store = await Store.open(new MemoryLog(), (error) => assert.fail(error))
  const looks: number[] = []
  const reconcilers = all.map(({ lookMs, looks: most, waits }, at): Reconciler => {
    let left = most
    return {
      name: `reconciler ${at}`,
      hears: [on(rows, ({ key }) => (key === String(at) ? [key] : []))],
      all: () => [],
      reconcile: () => {
        looks.push(at)
        clock.pass(lookMs)
        const again = (left -= 1) > 0 ? 0 : undefined
        return waits ? inAMoment(again) : again
      },
    }
  })
  const onError = (_name: string, _key: string, error: unknown): void => assert.fail(String(error))
  runReconcilers(reconcilers, { store, clock, signal: new AbortController().signal, onError })
  const wake = (at: number): void =>
    void store.transact((tx) => tx.put(rows, String(at), { at: looks.length }))
  const had = (at: number): number =>
    looks.filter((of) => of === at).length * (all[at]?.lookMs ?? 0)
  return { clock, looks, wake, had }
}

for (const { count, mostMs, ...contender } of [
  { count: 1, lookMs: 1, mostMs: 10 },
  { count: 20, lookMs: 1, mostMs: 10 },
  { count: 50, lookMs: 4, mostMs: 12 },
  { count: 1, lookMs: 4, mostMs: 12, waits: true },
  { count: 20, lookMs: 4, mostMs: 12, waits: true },
])
  test(`${count} reconcilers hold the thread ${mostMs} ms together: ${JSON.stringify(contender)}`, async () => {
    const { clock, looks, wake } = await contend(
      Array.from({ length: count }, () => ({ ...contender, looks: 20 })),
    )
    for (let at = 0; at < count; at++) wake(at)
    await turn()
    await clock.move(10_000)
    assert.deepEqual([looks.length, clock.mostHeldMs], [20 * count, mostMs])
  })

for (const costs of [
  [1, 1, 1],
  [30, 1],
  [1, 7, 3, 20],
])
  test(`reconcilers with looks of ${costs.join(', ')} ms have the thread equally long`, async () => {
    const { clock, looks, wake, had } = await contend(
      costs.map((lookMs) => ({ lookMs, looks: 1_000 / lookMs })),
    )
    costs.forEach((_, at) => wake(at))
    await turn()
    // Until the first has all that it wanted.
    while (costs.every((_, at) => had(at) < 500)) await clock.move(1)
    const all = costs.map((_, at) => had(at))
    const most = Math.max(...costs)
    assert.ok(Math.max(...all) - Math.min(...all) <= 2 * most, `${all.join()} of ${looks.length}`)
  })

test('one that was away has no more of the thread afterwards than those that were not', async () => {
  const { clock, looks, wake } = await contend([
    { lookMs: 1, looks: 300 },
    { lookMs: 1, looks: 100 },
  ])
  wake(0)
  await turn()
  while (looks.length < 150) await clock.move(1)
  const from = looks.length
  wake(1)
  await turn()
  await clock.move(1_000)
  const together = looks.slice(from, from + 100)
  const ofOther = together.filter((at) => at === 1).length
  assert.ok(ofOther >= 45 && ofOther <= 51, `${ofOther} of 100`)
})
