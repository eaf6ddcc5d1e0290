import assert from 'node:assert/strict'
import { test } from 'node:test'

import { MemoryLog } from '#store/memory-log.fixture.ts'
import { publish } from '#store/notices.ts'

import { answerEvents } from './events.ts'
import { type Answer, House, turn } from './house.fixture.ts'

const notice = (id: string) => ({
  source: 'aws.ecs',
  detailType: 'Test',
  tenant: 't',
  accountId: '1',
  region: 'r',
  resources: [],
  time: 0,
  id,
  detail: {},
})
const tell = (house: House, ...ids: readonly string[]) =>
  house.server.store.write((tx) => ids.forEach((id) => publish(tx, notice(id))))
const ids = ({ events }: Answer): string[] => events.map(({ event }: Answer) => event.id)

test('who comes back by a name goes on where he stopped, also after a restart', async () => {
  const log = new MemoryLog()
  const house = await House.open(log)
  await tell(house, 'a', 'b')
  const first = await house.order('/events', { cursor: 'backup' })
  assert.deepEqual(ids(first), ['a', 'b'])
  assert.deepEqual(
    ids(await house.order('/events', { cursor: 'backup' })),
    ['a', 'b'],
    'not taken yet',
  )
  await house.order('/events', { cursor: 'backup', after: first.reached })
  await tell(house, 'c')
  const again = await House.open(log)
  assert.deepEqual(ids(await again.order('/events', { cursor: 'backup' })), ['c'])
  assert.deepEqual(ids(await again.order('/events', { cursor: 'other' })), ['a', 'b', 'c'])
  assert.deepEqual(ids(await again.order('/events', { after: 1 })), ['b', 'c'])
})

test('who waits hears of what comes at once, and of nothing after a while', async () => {
  const house = await House.open()
  await tell(house, 'a')
  const waiting = house.order('/events', { after: 1, wait: true })
  await turn()
  await tell(house, 'b')
  assert.deepEqual(ids(await waiting), ['b'])
  const inVain = house.order('/events', { after: 2, wait: true })
  await turn()
  await house.clock.move(10_000)
  assert.deepEqual(await inVain, { events: [], reached: 2 })
})

test('who was away for too long is told', async () => {
  const house = await House.open()
  for (let n = 0; n < 21; n += 1)
    await tell(house, ...Array.from({ length: 1000 }, (_, at) => `${n}-${at}`))
  const { events, missed } = await house.order('/events', { after: 1 })
  assert.deepEqual([missed, events[0].number], [true, 1001])
  assert.equal((await house.order('/events', { after: 5_000 })).missed, undefined)
})

test('a name that can be none, and a number that is none, are refused', async () => {
  const { server, clock } = await House.open()
  const outside = { store: server.store, clock }
  await assert.rejects(answerEvents(outside, { cursor: '../x' }), /a cursor's name has letters/)
  await assert.rejects(answerEvents(outside, { after: -1 }), /a whole number/)
})
