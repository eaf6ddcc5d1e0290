import assert from 'node:assert/strict'
import { test } from 'node:test'

import { Sending } from './sending.ts'

const batch = (to: number, ...times: readonly number[]) => ({
  events: times.map((timestamp) => ({ timestamp, message: `${to}` })),
  to,
})

/** Calls that end when the test says so. */
class Calls {
  readonly open = new Map<string, { done: () => void; fail: (error: Error) => void }>()
  readonly taken: number[] = []
  readonly sending = new Sending({
    put: ([first]) =>
      new Promise((done, fail) => this.open.set(first?.message ?? '', { done, fail })),
    taken: ({ to }) => {
      this.taken.push(to)
      return Promise.resolve()
    },
  })

  async end(name: number, error?: Error): Promise<void> {
    const call = this.open.get(String(name))
    if (error) call?.fail(error)
    else call?.done()
    for (let n = 0; n < 10; n++) await Promise.resolve()
  }
}

test('two are on their way at once, and are done with in their order', async () => {
  const { sending, open, taken, ...calls } = new Calls()
  void calls
  await sending.add(batch(1, 10, 11))
  await sending.add(batch(2, 12, 13))
  assert.deepEqual([...open.keys()], ['1', '2'])
  let isThird = false
  const third = sending.add(batch(3, 14)).then(() => (isThird = true))
  open.get('2')?.done()
  for (let n = 0; n < 10; n++) await Promise.resolve()
  assert.deepEqual([taken, isThird], [[], false], 'the second waits for the first')
  open.get('1')?.done()
  await third
  open.get('3')?.done()
  await sending.end()
  assert.deepEqual(taken, [1, 2, 3])
})

test('a batch that shares a millisecond with the one before waits for it', async () => {
  const calls = new Calls()
  await calls.sending.add(batch(1, 10, 11))
  const second = calls.sending.add(batch(2, 11, 12))
  for (let n = 0; n < 10; n++) await Promise.resolve()
  assert.deepEqual([...calls.open.keys()], ['1'])
  await calls.end(1)
  await second
  await calls.end(2)
  await calls.sending.end()
  assert.deepEqual(calls.taken, [1, 2])
})

test('behind one that was not taken nothing counts as taken', async () => {
  const calls = new Calls()
  await calls.sending.add(batch(1, 10))
  await calls.sending.add(batch(2, 11))
  await calls.end(2)
  await calls.end(1, new Error('away'))
  await assert.rejects(calls.sending.add(batch(3, 12)), /away/)
  await calls.sending.settled()
  assert.deepEqual(calls.taken, [])
  assert.equal(calls.open.has('3'), false)
})
