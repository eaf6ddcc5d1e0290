import assert from 'node:assert/strict'
import { test } from 'node:test'

import fc from 'fast-check'

import { MemoryStorage } from '#files/memory-storage.ts'
import { type Answer, House, MovedClock, turn } from '#server/house.fixture.ts'
import { MemoryLog } from '#store/memory-log.fixture.ts'
import { Store, type Table, type Write } from '#store/store.ts'

import { tasks } from '../records/records.ts'
import { deployments, serviceEvents, services } from '../records/services.ts'
import { takeBack } from './as-of.ts'
import { History, historyFiles } from './history.ts'

const FILES = historyFiles(1 << 30)
const DAY_MS = 24 * 60 * 60_000
const SERVICE = 'tenant/region/default/web'
const GROUP = { tenant: 'tenant', region: 'region', clusterName: 'default', group: 'service:web' }
const PARTS: readonly (readonly [table: Table<object>, key: string, fixed: object])[] = [
  [services, SERVICE, {}],
  [services, 'tenant/region/default/web2', {}],
  [deployments, `${SERVICE}/1`, {}],
  [serviceEvents, `${SERVICE}/000000001`, {}],
  [tasks, 'tenant/region/default/task-1', GROUP],
  [tasks, 'tenant/region/default/task-2', { ...GROUP, group: 'family:web' }],
]
const open = () => Store.open(new MemoryLog(), (error) => assert.fail(error))

const steps = fc.array(
  fc.record({
    part: fc.nat(PARTS.length - 1),
    does: fc.constantFrom('put', 'patch', 'delete'),
    fields: fc.record(
      { a: fc.nat(3), b: fc.constantFrom(undefined, 'x', 'y') },
      { requiredKeys: [] },
    ),
    afterMs: fc.nat(10_000),
    restarts: fc.nat(9).map((chance) => chance === 0),
  }),
  { minLength: 1, maxLength: 25 },
)

test('what was is what it was, at every moment and over restarts', async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (all) => {
      const [store, clock, storage] = [await open(), new MovedClock(), new MemoryStorage(FILES)]
      const options = { storage, days: 30 }
      const start = () => new History({ store, clock, log: quiet }, options)
      let history = start()
      const was: { readonly at: number; readonly text: string }[] = []
      for (const { part, does, fields, afterMs, restarts } of all) {
        const [table, key, fixed] = PARTS[part] ?? assert.fail()
        await store.write((tx) => change(tx, does, [table, key, { ...fixed, ...fields }]))
        await clock.move(1)
        was.push({ at: clock.now(), text: shown(store) })
        await clock.move(afterMs + 1)
        if (restarts) {
          await history.close()
          history = start()
        }
      }
      for (const { at, text } of was) {
        const seen = await history.since(SERVICE, at, (past) => {
          assert.deepEqual(past.gaps, [])
          return store.rehearse((tx) => {
            takeBack(tx, past)
            return shown(store)
          })
        })
        assert.equal(seen, text)
      }
      await history.close()
    }),
    { numRuns: 100 },
  )
})

type Row = (typeof PARTS)[number]

function change(tx: Write, does: string, [table, key, row]: Row): void {
  const before = tx.get(table, key)
  if (does === 'delete') tx.delete(table, key)
  else if (does === 'put' || !before) tx.put(table, key, row)
  else tx.patch(table, key, row)
}

/** All that is part of the service. */
const shown = (store: Store): string =>
  store.read((tx) =>
    JSON.stringify(
      PARTS.filter(([, key], at) => key.startsWith(`${SERVICE}/`) || at === 0 || at === 4).map(
        ([table, key]) => {
          const row = tx.get(table, key)
          const fields = Object.entries(row ?? {}).filter(([, value]) => value !== undefined)
          return row && fields.toSorted(([one], [other]) => (one < other ? -1 : 1))
        },
      ),
    ),
  )
const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined }

test('a server that ended without a word leaves a gap, and says so of the time before it only', async () => {
  const [store, clock, storage] = [await open(), new MovedClock(), new MemoryStorage(FILES)]
  const options = { storage, days: 30 }
  const first = new History({ store, clock, log: quiet }, options)
  const begin = await first.begins()
  await store.write((tx) => tx.put<object>(services, SERVICE, {}))
  await clock.move(60_000)
  const second = new History({ store, clock, log: quiet }, options)
  const restart = clock.now()
  await clock.move(60_000)
  const gaps = (moment: number) => second.since(SERVICE, moment, (past) => past.gaps)
  assert.deepEqual(await gaps(begin), [{ from: begin, until: restart }])
  assert.deepEqual(await gaps(restart + 1), [])
})

test('what is too old is dropped, and beyond the bytes the oldest goes first', async () => {
  const [store, clock] = [await open(), new MovedClock()]
  const storage = new MemoryStorage(historyFiles(4_000))
  const history = new History({ store, clock, log: quiet }, { storage, days: 3 })
  const begin = await history.begins()
  for (let day = 0; day < 5; day += 1) {
    await store.write((tx) => tx.put<object>(services, SERVICE, { day }))
    await clock.move(DAY_MS)
    await turn()
  }
  const young = await history.begins()
  assert.ok(young >= begin + 2 * DAY_MS, 'three days are kept')
  for (let n = 0; n < 40; n += 1) {
    await store.write((tx) => tx.put<object>(services, SERVICE, { text: 'x'.repeat(200), n }))
    await clock.move(DAY_MS / 20)
    await turn()
  }
  const kept = await history.since(SERVICE, await history.begins(), (past) => past.undos.length)
  assert.ok(kept > 5 && kept < 30, `${kept} changes are kept`)
  await history.close()
})

test('many long changes at once are all kept', async () => {
  const [store, clock, storage] = [await open(), new MovedClock(), new MemoryStorage(FILES)]
  const history = new History({ store, clock, log: quiet }, { storage, days: 3 })
  const begin = await history.begins()
  const COUNT = 500
  await clock.move(1)
  const text = 'x'.repeat(10_000)
  const row = (n: number): Row => [deployments, `${SERVICE}/${n}`, { n, text }]
  for (let n = 0; n < COUNT; n += 1) await store.write((tx) => change(tx, 'put', row(n)))
  await store.write((tx) => {
    for (let n = 0; n < COUNT; n += 1) change(tx, 'delete', row(n))
  })
  const undos = await history.since(SERVICE, begin, (past) => past.undos.length)
  assert.equal(undos, 2 * COUNT)
  await history.close()
})

test('a service is shown as it was: what it should be, its deployments, tasks and events', async () => {
  const history = { days: 30, bytes: 1 << 30 }
  const house = await House.open(undefined, undefined, undefined, {}, history)
  const host = await house.host()
  const containerDefinitions = [{ name: 'app', image: 'app:1', memory: 64 }]
  await house.call('RegisterTaskDefinition', { family: 'web', containerDefinitions })
  const asked = { serviceName: 'web', taskDefinition: 'web', desiredCount: 2 }
  await house.call('CreateService', asked)
  await house.clock.move(1_000)
  const { taskArns } = await house.call('ListTasks', { serviceName: 'web' })
  for (const arn of taskArns as string[]) await host.report(arn, 'RUNNING', [])
  await house.clock.move(60_000)
  const [before, moment] = [await described(house), house.clock.now()]
  await house.clock.move(1_000)
  await house.call('UpdateService', { service: 'web', desiredCount: 1, forceNewDeployment: true })
  await house.clock.move(1_000)
  await house.call('DeleteService', { service: 'web', force: true })
  for (const arn of taskArns as string[]) await host.report(arn, 'STOPPED', [])
  await house.clock.move(3 * DAY_MS)
  assert.deepEqual((await house.call('DescribeServices', { services: ['web'] })).services, [])

  const ask = (asOf: number) =>
    house.order('/history', { service: 'web', asOf, accountId: ACCOUNT })
  const { service, tasks: own, gaps } = await ask(moment)
  assert.deepEqual(service, before)
  assert.deepEqual(
    own.map(({ taskArn, lastStatus }: Answer) => [taskArn, lastStatus]),
    (taskArns as string[]).toSorted().map((arn) => [arn, 'RUNNING']),
  )
  assert.deepEqual(gaps, [])
  const later = await ask(moment + 1_500)
  assert.deepEqual([later.service.desiredCount, later.service.deployments?.length], [1, 2])
  await assert.rejects(ask(house.clock.now()), /there was no service web then/)
  await assert.rejects(ask(0), /history begins at/)
  await assert.rejects(ask(house.clock.now() + 1), /has not been yet/)
})

const ACCOUNT = '111122223333'
const described = async (house: House): Promise<Answer> =>
  (await house.call('DescribeServices', { services: ['web'], include: ['TAGS'] })).services[0]
