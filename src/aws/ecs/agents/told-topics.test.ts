import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { Room } from '#room/room.ts'
import type { EntryState } from '#room/topic.ts'
import { type Answer, type Host, House, turn } from '#server/house.fixture.ts'
import { roomsWith } from '#server/rooms.ts'
import { index, table } from '#store/store.ts'
import { digestOf } from '#wire/topic.ts'

type Route = { readonly host: string; readonly name: string; readonly to: unknown }
const routes = table<Route>('roads.routes')
const routesOfHost = index(routes, 'host', ({ host }) => host)
type Heard = { readonly states: readonly EntryState[] }
const heard = table<Heard>('roads.heard')

/** A room that ECS knows nothing of. */
const roads: Room = {
  service: 'roads',
  operations: {},
  topics: [
    {
      name: 'routes',
      hears: [routes],
      hostsOf: ({ before, after }) => [before, after].flatMap((row) => (row as Route)?.host ?? []),
      content: (tx, host) =>
        [...tx.find(routesOfHost, host)].map(({ row }) => ({ key: row.name, content: row.to })),
      heard(tx, host, states) {
        const before = tx.get(heard, host)?.states ?? []
        tx.put(heard, host, { states: [...before, ...states] })
      },
    },
  ],
}

async function prepared() {
  const house = await House.of([...roomsWith(), roads])
  const host = await house.host()
  const keyOf = ({ arn }: Host) =>
    `${house.caller().tenant}/us-east-1/default/${arn.split('/').at(-1)}`
  const key = keyOf(host)
  const put = async (name: string, to: unknown, of = key): Promise<void> => {
    await house.server.store.write((tx) => {
      if (to === undefined) tx.delete(routes, `${of}/${name}`)
      else tx.put(routes, `${of}/${name}`, { host: of, name, to })
    })
    await turn()
  }
  const told = (type: string): Answer[] =>
    host.heard.filter((frame) => frame.type === type).map(({ message }) => message)
  /** Says hello, and gives what is heard because of it. */
  const hello = async (message: object): Promise<Answer[]> => {
    const before = host.heard.length
    await host.say('BerthHello', message)
    return host.heard.slice(before).filter(({ type }) => type.startsWith('BerthTopic'))
  }
  const states = (): readonly EntryState[] =>
    house.server.store.read((tx) => tx.get(heard, key)?.states ?? [])
  return { house, host, key, keyOf, put, told, hello, states }
}

const revisionsIn = (frames: readonly Answer[]): Map<string, string> =>
  new Map(
    frames.flatMap(({ changed }) => changed.map((one: Answer) => [one.key, one.revision] as const)),
  )
const ROUTES = { name: 'routes', revision: digestOf([]), entries: [] }

type Case = readonly [what: string, hello: object, check: (frames: Answer[]) => void]
async function exchange(
  hello: (message: object) => Promise<Answer[]>,
  cases: readonly Case[],
): Promise<void> {
  for (const [what, message, check] of cases) {
    const frames = await hello(message)
    try {
      check(frames)
    } catch (error) {
      throw new Error(`${what}: ${JSON.stringify(frames)}`, { cause: error })
    }
  }
}
const silent = (frames: Answer[]): void => assert.deepEqual(frames, [])
/** The one frame that is heard names these as changed, and these as gone. */
const news =
  (changed: readonly string[], gone: readonly string[] = [], whole?: boolean) =>
  (frames: Answer[]): void =>
    assert.deepEqual(
      frames.map(({ type, message }) => [
        type,
        message.changed.map(({ key }: Answer) => key),
        message.gone,
        message.whole,
      ]),
      [['BerthTopicEntries', changed, gone, whole]],
    )

test('what a hello says is known is not told again', async () => {
  const { put, hello } = await prepared()
  await put('a', 1)
  await put('b', 2)
  const first = await hello({ version: 2, topics: [ROUTES] })
  news(['a', 'b'])(first)
  const revisions = revisionsIn([first[0].message])
  const [a, b] = ['a', 'b'].map((key) => ({ key, revision: revisions.get(key) }))
  const old = (key: string) => ({ key, revision: 'old' })
  const digest = digestOf(revisions)
  const known = (revision: string, entries?: readonly unknown[]) => ({
    version: 2,
    topics: [{ name: 'routes', revision, ...(entries && { entries }) }],
  })
  await exchange(hello, [
    ['nothing', { version: 2, topics: [ROUTES] }, news(['a', 'b'])],
    ['all of it', known(digest, [a, b]), silent],
    ['a part of it', known('x', [a]), news(['b'])],
    ['what is old, and what went', known('x', [a, old('b'), old('c')]), news(['b'], ['c'])],
    ['its digest', known(digest), silent],
    ['another digest', known('x'), news(['a', 'b'], [], true)],
    ['a topic that nobody here has', { version: 2, topics: [{ ...ROUTES, name: 'x' }] }, silent],
    ['no topic', { version: 2, topics: [] }, silent],
    ['a version to come', { ...known(digest, [a]), version: 3, more: [] }, news(['b'])],
  ])
})

test('an agent of before is told the one topic that it knows, as one value', async () => {
  const { put, hello, host, house } = await prepared()
  const tags = [{ key: 'team', value: 'red' }]
  await house.call('TagResource', { resourceArn: host.arn, tags })
  await put('a', 1)
  const name = 'container-instance'
  const [{ message }] = await hello({ topics: [] })
  const { revision } = message
  const instance = { type: 'BerthTopic', message }
  assert.deepEqual(message, { name, revision, content: { status: 'ACTIVE', tags } })
  const old = { name, revision: 'a.b' }
  await exchange(hello, [
    ['nothing', { topics: [] }, (frames) => assert.deepEqual(frames, [instance])],
    ['what is old', { topics: [old] }, (frames) => assert.deepEqual(frames, [instance])],
    [
      'what it is',
      {
        topics: [
          { name, revision },
          { ...old, name: 'other' },
        ],
      },
      silent,
    ],
  ])
})

test('a change is told to the hosts that it concerns: what changed, and what went', async () => {
  const { house, put, hello, told, keyOf, host } = await prepared()
  const other = await house.host()
  await other.say('BerthHello', { version: 2, topics: [ROUTES] })
  await hello({ version: 2, topics: [ROUTES] })
  await put('a', 1)
  await put('b', { to: ['x'] })
  await put('b', { to: ['x'] })
  await put('a', undefined)
  await put('c', 1, keyOf(other))
  const said = told('BerthTopicEntries').map(({ changed, gone }) => [
    changed.map(({ key, content }: Answer) => [key, content]),
    gone,
  ])
  assert.deepEqual(said, [
    [[['a', 1]], []],
    [[['b', { to: ['x'] }]], []],
    [[], ['a']],
  ])
  assert.equal(other.heard.filter(({ type }) => type === 'BerthTopicEntries').length, 1)
  await host.disconnect()
  await put('d', 1)
  await host.connect()
  await put('e', 1)
  assert.equal(said.length, told('BerthTopicEntries').length, 'without a hello nothing is told')
})

test('a large topic comes in several frames, and tasks wait for it no longer than for a round', async () => {
  const { house, hello, key } = await prepared()
  const many = 1200
  for (let at = 0; at < many; at += 400)
    await house.server.store.write((tx) => {
      for (let n = at; n < at + 400; n++)
        tx.put(routes, `${key}/r${n}`, { host: key, name: `r${n}`, to: n })
    })
  const frames = await hello({ version: 2, topics: [{ name: 'routes', revision: 'x' }] })
  assert.deepEqual(
    frames.map(({ message }) => [message.changed.length, message.more]),
    [
      [500, true],
      [500, true],
      [200, false],
    ],
  )
})

test('what became of entries is kept by their room, where it is said of what they are now', async () => {
  const { house, host, put, hello, told, states } = await prepared()
  await put('a', 1)
  await put('b', 1)
  await hello({ version: 2, topics: [ROUTES] })
  const revisions = revisionsIn(told('BerthTopicEntries'))
  const a = { key: 'a', revision: revisions.get('a') }
  const b = { key: 'b', revision: revisions.get('b') }
  const revision = digestOf(revisions)
  const say = (message: object) =>
    host.say('BerthTopicState', { name: 'routes', revision, ...message })
  await say({
    entries: [
      { ...a, state: 'failed', reason: 'in use' },
      { ...b, state: 'applied', observed: { port: 1 } },
      { key: 'c', revision: 'x', state: 'applied' },
      { ...b, revision: 'old', state: 'failed' },
    ],
  })
  assert.deepEqual(states(), [
    { key: 'a', state: 'failed', reason: 'in use' },
    { key: 'b', state: 'applied', observed: { port: 1 } },
  ])
  await say({})
  assert.deepEqual(states().slice(2), [
    { key: 'a', state: 'applied' },
    { key: 'b', state: 'applied' },
  ])
  const { revision: kept } = house.server.store
  await put('a', 2)
  await say({})
  await say({ entries: [{ ...a, state: 'applied' }] })
  await host.say('BerthTopicState', { name: 'container-instance', revision })
  await host.say('BerthTopicState', { name: 'unknown', revision })
  assert.equal(house.server.store.revision, kept + 1, 'what is said of before says nothing')
  assert.equal(states().length, 4)
})

test('however fast a host says states, what it says last of each entry is what counts, in few commits', async () => {
  const { house, host, put, hello, told, states } = await prepared()
  await put('a', 1)
  await hello({ version: 2, topics: [ROUTES] })
  const revisions = revisionsIn(told('BerthTopicEntries'))
  const a = { key: 'a', revision: revisions.get('a') }
  const before = house.server.store.revision
  const said: Promise<void>[] = []
  for (let n = 0; n < 100; n++)
    said.push(
      host.say('BerthTopicState', {
        name: 'routes',
        revision: 'x',
        entries: [{ ...a, state: 'failed', reason: `${n}` }],
      }),
    )
  await Promise.all(said)
  assert.equal(states().at(-1)?.reason, '99')
  assert.ok(house.server.store.revision <= before + 3, `${house.server.store.revision - before}`)
  assert.equal(host.closed, undefined)
})

test('a host that is registered no longer says nothing, and one that says what no agent says is let go', async () => {
  const { house, host, put, hello, told, states } = await prepared()
  await put('a', 1)
  await hello({ version: 2, topics: [ROUTES] })
  const revision = digestOf(revisionsIn(told('BerthTopicEntries')))
  for (const message of [
    { name: 'routes' },
    { name: 'two words', revision },
    { name: 'routes', revision, entries: [{ key: 'a', revision, state: 'perhaps' }] },
    {
      name: 'routes',
      revision,
      entries: [{ key: 'a', revision, state: 'failed', reason: 'x'.repeat(2000) }],
    },
    {
      name: 'routes',
      revision,
      entries: Array.from({ length: 51 }, () => ({ key: 'a', revision, state: 'failed' })),
    },
  ])
    await host.say('BerthTopicState', message)
  assert.equal(host.closed?.code, 1008)
  await host.connect()
  await hello({ version: 2, topics: [ROUTES] })
  await house.call('DeregisterContainerInstance', { containerInstance: host.arn, force: true })
  await host.say('BerthTopicState', { name: 'routes', revision })
  assert.deepEqual(states(), [])
})
