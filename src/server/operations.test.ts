import assert from 'node:assert/strict'
import { test } from 'node:test'

import { asJson, houseOf, sign } from '#gateway/gateway.fixture.ts'
import { type Answer, Gateway } from '#gateway/gateway.ts'
import type { AccessRequest, Authorize, Verdict } from '#kernel/access.ts'
import { Fault } from '#kernel/fault.ts'
import type { Caller } from '#kernel/principal.ts'
import type { As, Call } from '#room/call.ts'
import type { AnyOperation, AnyWaitingOperation } from '#room/operation.ts'
import type { Room } from '#room/room.ts'
import { MemoryLog } from '#store/memory-log.fixture.ts'
import { Store, table } from '#store/store.ts'

import { MovedClock, turn } from './house.fixture.ts'
import { Operations } from './operations.ts'

const shelf = table<{ readonly from: string }>('toy.shelf')
const NOW = 1000
const SERVICE: As = {
  principal: { type: 'service', accountId: '1', service: 'shop.amazonaws.com' },
  region: 'us-east-1',
  tenant: '1',
}
/** The rooms here are none of AWS's. */
const loose = (call: Call) => call as (...asked: [As, string, string, object]) => object
const CALLER: Caller = {
  principal: { type: 'root', accountId: '1' },
  accountId: '1',
  region: 'us-east-1',
  tenant: '1',
  requestId: 'q',
  endpoint: 'http://x',
}

const waiting: AnyWaitingOperation = {
  access: () => [{ resources: ['*'] }],
  async wait({ key }, { read, write, caller }) {
    const before = read((tx) => tx.get(shelf, key))
    await write((tx) => tx.put(shelf, key, { from: caller.principal.type }))
    return { before: before?.from, after: read((tx) => tx.get(shelf, key))?.from }
  },
}

const operation = (run: AnyOperation['run']): AnyOperation => ({
  access: () => [{ resources: ['*'] }],
  run,
})

/** Two rooms that know each other only by call. */
const rooms: readonly Room[] = [
  {
    service: 'store',
    operations: {
      Put: operation((tx, { key }, { caller }) => {
        tx.put(shelf, key, { from: caller.principal.type })
        return { kept: key }
      }),
    },
  },
  { service: 'library', operations: { Look: waiting } },
  {
    service: 'shop',
    operations: {
      Browse: operation((_tx, input, { call }) => loose(call)(SERVICE, 'library', 'Look', input)),
      Buy: operation((tx, { key, fail }, { call }) => {
        tx.put(shelf, `order-${key}`, { from: 'shop' })
        const { kept } = loose(call)(SERVICE, 'store', 'Put', { key }) as { kept: string }
        if (fail) throw new Fault('ClientException', 'changed my mind')
        return { kept }
      }),
      Loop: operation((_tx, input, { call }) => loose(call)(SERVICE, 'shop', 'Loop', input)),
      Stray: operation((_tx, input, { call }) =>
        loose(call)({ ...SERVICE, region: 'x'.repeat(40) }, 'store', 'Put', input),
      ),
      Missing: operation((_tx, input, { call }) => loose(call)(SERVICE, 'store', 'Take', input)),
    },
  },
]

async function opened(
  verdict: (caller: Caller, request: AccessRequest) => Verdict = () => ({ allowed: true }),
) {
  const store = await Store.open(new MemoryLog(), (error) => assert.fail(error))
  const clock = new MovedClock()
  const ids = { hex: () => '0', uuid: () => '0', random: () => 0 }
  const operations = new Operations({
    rooms,
    store,
    clock,
    ids,
    authorize: verdict,
    check: () => undefined,
  })
  const run = (name: string, input: object): Promise<object> => {
    const built = operations.find('shop', name)
    assert.ok(built)
    return built.run(input, CALLER, NOW)
  }
  const keys = (): string[] => store.read((tx) => [...tx.scan(shelf)].map(({ key }) => key))
  return { store, run, keys, operations }
}

test('a call joins the caller’s transaction and names its own principal', async () => {
  const { store, run, keys } = await opened()
  const before = store.revision
  assert.deepEqual(await run('Buy', { key: 'a' }), { kept: 'a' })
  assert.deepEqual(keys(), ['a', 'order-a'])
  assert.equal(store.revision, before + 1, 'one commit')
  assert.equal(store.read((tx) => tx.get(shelf, 'a'))?.from, 'service')
})

test('a call of a region that is none is refused, as a request is', async () => {
  const { run, keys } = await opened()
  await assert.rejects(run('Stray', { key: 'a' }), {
    code: 'ValidationException',
    message: /^'x+' is not the name of a region\.$/,
  })
  assert.deepEqual(keys(), [])
})

test('a throw after a call undoes both rooms', async () => {
  const { run, keys } = await opened()
  await assert.rejects(run('Buy', { key: 'a', fail: true }), /changed my mind/)
  assert.deepEqual(keys(), [])
})

test('a call is authorized like any other, and refused without a trace', async () => {
  const asked: string[] = []
  const { run, keys } = await opened(({ principal }, { action }) => {
    asked.push(`${principal.type} ${action}`)
    return { allowed: false, message: 'no' }
  })
  await assert.rejects(run('Buy', { key: 'a' }), { code: 'AccessDeniedException', message: 'no' })
  assert.deepEqual([asked, keys()], [['service store:Put'], []])
})

test('calls that never end, and calls of what is not built, are refused', async () => {
  const { run, operations } = await opened()
  await assert.rejects(run('Loop', {}), { code: 'ServiceUnavailable' })
  await assert.rejects(run('Missing', {}), { code: 'NotImplemented', status: 501 })
  assert.equal(operations.find('shop', 'Sell'), undefined)
})

test('an operation that waits has its own transactions, and no room can call it', async () => {
  const { store, run, operations } = await opened()
  const look = operations.find('library', 'Look')
  assert.deepEqual(await look?.run({ key: 'a' }, CALLER, NOW), { before: undefined, after: 'root' })
  const revision = store.revision
  assert.deepEqual(await look?.run({ key: 'a' }, CALLER, NOW), { before: 'root', after: 'root' })
  assert.equal(store.revision, revision + 1)
  await assert.rejects(run('Browse', { key: 'a' }), { name: 'AssertionFailure' })
})

/** A house whose log keeps things when the test says so. */
async function heldBack(room: Room, authorize: Authorize = () => ({ allowed: true })) {
  const log = new MemoryLog()
  const held: (() => void)[] = []
  const listen = log.listen.bind(log)
  log.listen = (durable) => listen((revision) => void held.push(() => durable(revision)))
  const store = await Store.open(log, (error) => assert.fail(error))
  const ids = { hex: () => '0', uuid: () => '0', random: () => 0 }
  const clock = new MovedClock()
  const operations = new Operations({
    rooms: [room],
    store,
    clock,
    ids,
    authorize,
    check: () => undefined,
  })
  store.transact((tx) => tx.put(shelf, 'a', { from: 'not durable yet' }))
  /** How `answer` ends, once it is seen that it does not before the log says so. */
  const heldUntilDurable = async (answer: Promise<unknown>): Promise<unknown> => {
    let hasLeft = false
    const left = answer.catch((error: Error) => error.message).finally(() => void (hasLeft = true))
    await turn()
    assert.equal(hasLeft, false)
    for (const release of held) release()
    return left
  }
  return { operations, heldUntilDurable }
}

const fromShelf = (row: { from: string } | undefined): never => {
  throw new Fault('ClientException', `there is ${row?.from}`)
}
const EXITS: Readonly<Record<string, AnyOperation | AnyWaitingOperation>> = {
  Read: {
    access: () => [{ resources: ['*'] }],
    wait: ({ key }, { read }) => Promise.resolve(read((tx) => tx.get(shelf, key))?.from),
  },
  RefuseInRun: operation((tx, { key }) => fromShelf(tx.get(shelf, key))),
  RefuseWaiting: {
    access: () => [{ resources: ['*'] }],
    wait: async ({ key }, { write }) => write((tx) => fromShelf(tx.get(shelf, key))),
  },
}

for (const [name, exit] of Object.entries(EXITS))
  test(`an exit leaves only when all that it was computed from is durable: ${name}`, async () => {
    const house = await heldBack({ service: 'library', operations: { [name]: exit } })
    const answer = house.operations.find('library', name)!.run({ key: 'a' }, CALLER, NOW)
    const said = await house.heldUntilDurable(answer)
    assert.equal(said, name === 'Read' ? 'not durable yet' : 'there is not durable yet')
  })

test('a refusal before the operation waits too: of what is not there, and of what one may not', async () => {
  const asks = (access: AnyOperation['access'], authorize?: Authorize) =>
    heldBack(
      { service: 'ecs', operations: { ListClusters: { access, run: () => ({}) } } },
      authorize,
    )
  const say = async (house: Awaited<ReturnType<typeof heldBack>>, allowed: boolean) => {
    const gateway = new Gateway({
      ...houseOf(),
      authorize: () => (allowed ? { allowed } : { allowed, message: 'no' }),
      operation: (service, name) => house.operations.find(service, name),
    })
    const answer = gateway.answer(await sign(asJson('ListClusters', {})))
    const { body } = (await house.heldUntilDurable(answer)) as Answer
    return String(body)
  }
  assert.match(await say(await asks((tx) => fromShelf(tx.get(shelf, 'a'))), true), /not durable/)
  assert.match(await say(await asks(() => [{ resources: ['*'] }]), false), /AccessDenied/)
})

test('one request is one moment: its question, its run and what it calls read no clock of their own', async () => {
  const seen: number[] = []
  const noting = (inner?: AnyOperation['run']): AnyOperation => ({
    access: (_tx, _input, { now }) => (seen.push(now), [{ resources: ['*'] }]),
    run: (tx, input, context) => (seen.push(context.now), inner?.(tx, input, context) ?? {}),
  })
  const room: Room = {
    service: 'shop',
    operations: {
      Outer: noting((_tx, input, { call }) => loose(call)(SERVICE, 'shop', 'Inner', input)),
      Inner: noting(),
    },
  }
  const { operations } = await heldBack(room)
  const built = operations.find('shop', 'Outer')!
  built.access({}, CALLER, NOW)
  void built.run({}, CALLER, NOW)
  assert.deepEqual(seen, [NOW, NOW, NOW, NOW])
})
