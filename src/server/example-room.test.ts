/** A whole room in one file: what a new AWS service needs of the house, and that it touches nothing but the list of rooms. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { Part } from '#agent/part.ts'
import { Topics } from '#agent/topics/topics.ts'
import type { EntryStorage } from '#files/storage.ts'
import { Fault } from '#kernel/fault.ts'
import { arnsOf } from '#room/arns.ts'
import type { Operation } from '#room/operation.ts'
import { type Owned, ownerOf, scopeOf } from '#room/owned.ts'
import { pagesOf } from '#room/pages.ts'
import type { Room } from '#room/room.ts'
import { type TagMap, tagsIn } from '#room/tags.ts'
import { publish } from '#store/notices.ts'
import { table } from '#store/store.ts'

import { type Answer, faultOf, House, turn } from './house.fixture.ts'
import { roomsWith } from './rooms.ts'

// Records, and their names.
type Lamp = Owned & { readonly name: string; readonly tags: TagMap; readonly host: string }
const lamps = table<Lamp>('example.lamps')
const seen = table<{ readonly count: number }>('example.seen')
const arns = arnsOf('scheduler', 'lamp/{name}')

// The kit, in the room's own words.
const bad = (message: string) => new Fault('ValidationException', message)
const { page } = pagesOf({ badToken: () => bad('The token is not valid.') })
const tags = tagsIn({ reserved: () => bad('aws: is reserved.'), tooMany: () => bad('Too many.') })

// Two operations.
type Named = { readonly name: string; readonly tags?: TagMap; readonly host?: string }
const CreateLamp: Operation<Named, object> = {
  access: (_tx, { name }, { caller }) => [{ resources: [arns.write(caller, { name })] }],
  run(tx, { name, tags: given = {}, host = '' }, { caller }) {
    tags.check(given)
    const key = `${scopeOf(caller)}/${name}`
    if (tx.get(lamps, key)) throw new Fault('ResourceAlreadyExistsException', `${name} is there.`)
    tx.put(lamps, key, { ...ownerOf(caller), name, tags: given, host })
    return { arn: arns.write(caller, { name }) }
  },
}
type Listing = { readonly maxResults?: number; readonly nextToken?: string }
const ListLamps: Operation<Listing, object> = {
  access: () => [{ resources: ['*'] }],
  run(tx, { maxResults, nextToken }, { caller }) {
    const question = `${scopeOf(caller)} lamps`
    const { items, nextToken: next } = page(
      { question, limit: 100, maxResults, nextToken },
      (after) => tx.scan(lamps, { prefix: `${scopeOf(caller)}/`, after }),
    )
    return { lamps: items.map(({ row }) => arns.write(row, row)), nextToken: next }
  },
}

// What the room says of its lamps is kept in a file, and told to its operator.
const diary = { groupId: 'diary', streamId: '0000000000000001' }
let file: EntryStorage
const example: Room = {
  service: 'example',
  operations: { CreateLamp, ListLamps },
  records: { lamps, seen },
  listens: [
    {
      name: 'example watcher',
      wants: ({ source }) => source === 'aws.other',
      hear: (tx, { resources }) => tx.put(seen, String(resources[0]), { count: 1 }),
      missed: () => undefined,
    },
  ],
  topics: [
    {
      name: 'lamps',
      hears: [lamps],
      hostsOf: ({ after }) => [(after as Lamp).host],
      content: (tx, host) =>
        [...tx.scan(lamps)].flatMap(({ key, row }) =>
          row.host === host ? [{ key, content: row.name }] : [],
        ),
      heard: (tx, _host, [state]) => tx.put(seen, String(state?.observed), { count: 2 }),
    },
  ],
  start({ files, clock }) {
    file = files({ name: 'example', matching: { module: '', compile: () => assert.fail() } })
    const note = ({ text }: { readonly text?: unknown }) =>
      file.append(diary, [{ timestamp: clock.now(), payload: String(text) }], clock.now())
    return {
      operator: { commands: { '/example/note': async (asked) => (await note(asked), {}) } },
      close: () => file.close(),
    }
  },
}

test('a room is a folder and a line: records, operations, tags, pages', async () => {
  const house = await House.of([...roomsWith(), example])
  const call = (name: string, input: object): Promise<Answer> =>
    house.callOf('example', name, input)
  for (const name of ['a', 'b', 'c']) await call('CreateLamp', { name, tags: { room: 'hall' } })
  assert.match(await faultOf(call('CreateLamp', { name: 'a' })), /^ResourceAlreadyExists/)
  assert.match(await faultOf(call('CreateLamp', { name: 'd', tags: { 'aws:x': '1' } })), /reserved/)
  const first = await call('ListLamps', { maxResults: 2 })
  const second = await call('ListLamps', { maxResults: 2, nextToken: first.nextToken })
  assert.equal([...first.lamps, ...second.lamps].join().match(/lamp\/[abc]/g)?.length, 3)
  assert.match(await faultOf(call('ListLamps', { nextToken: 'x' })), /The token is not valid/)
})

test('it hears other rooms, keeps files, and answers its operator', async () => {
  const house = await House.of([...roomsWith(), example])
  const { tenant } = house.caller()
  const notice = { source: 'aws.other', detailType: 'X', tenant, accountId: '1', region: 'r' }
  await house.server.store.write((tx) =>
    publish(tx, { ...notice, resources: ['lamp'], time: 0, id: 'i', detail: {} }),
  )
  await turn()
  assert.equal(
    house.server.store.read((tx) => tx.get(seen, 'lamp')?.count),
    1,
  )
  await house.order('/example/note', { text: 'lit' })
  const all = { groupId: 'diary', streamIds: [diary.streamId], from: 0, until: Infinity }
  const { entries } = await file.read({ ...all, reverse: false, limit: 10 })
  assert.deepEqual(
    entries.map(({ payload }) => payload.toString()),
    ['lit'],
  )
})

test('its hosts are told, do it, and say what became of it', async () => {
  const house = await House.of([...roomsWith(), example])
  const host = await house.host()
  const key = `${scopeOf(house.caller())}/${host.arn.split('/').slice(1).join('/')}`
  // The host's half: a part of the agent, which lights what it is told to.
  const lit: unknown[] = []
  const part: Part = {
    topic: 'lamps',
    apply: (_key, name) => (lit.push(name), `${String(name)} lit`),
  }
  const silent = { info: () => {}, warn: () => {}, error: () => {} }
  const outside = {
    clock: house.clock,
    log: silent,
    ids: { hex: () => '', uuid: () => '', random: () => 0 },
  }
  const agent = new Topics([part], outside)
  agent.opened((state) => void host.say('BerthTopicState', state))
  await host.say('BerthHello', { version: 2, topics: agent.known() })
  await house.callOf('example', 'CreateLamp', { name: 'porch', host: key })
  await turn()
  for (const { type, message } of host.heard) if (type === 'BerthTopicEntries') agent.hear(message)
  await turn()
  assert.deepEqual(lit, ['porch'])
  assert.equal(
    house.server.store.read((tx) => tx.get(seen, 'porch lit')?.count),
    2,
  )
})
