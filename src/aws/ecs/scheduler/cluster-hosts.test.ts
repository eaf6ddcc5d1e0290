import assert from 'node:assert/strict'
import { test } from 'node:test'

import fc from 'fast-check'

import { MemoryLog } from '#store/memory-log.fixture.ts'
import { Store } from '#store/store.ts'

import { ofInstance, ofTask } from '../names/names.ts'
import {
  type Cluster,
  type ContainerInstance,
  containerInstances,
  type Task,
  tasks,
} from '../records/records.ts'
import { placing, zonesIn } from './cluster-hosts.ts'

const HERE = { tenant: '1', accountId: '1', region: 'r', clusterName: 'c' }
const CLUSTER = { ...HERE, status: 'ACTIVE', settings: [], tags: [] } satisfies Cluster
const HOSTS = 60
const SERVICES = 40
const ZONES = ['a', 'b', 'c']
const NEED = {
  cpu: 1,
  memoryMiB: 1,
  ports: [],
  portsUdp: [],
  gpus: 0,
  requiresAttributes: [],
  asks: [],
}
const SPREAD = [
  { type: 'spread', field: 'attribute:ecs.availability-zone' },
  { type: 'spread', field: 'instanceId' },
] as const

const zoneOf = (host: number): string => ZONES[host % ZONES.length] as string
const room = { cpu: 1e6, memoryMiB: 1e6, ports: [], portsUdp: [], gpuIds: [] }
const instance = (host: number): ContainerInstance => ({
  ...HERE,
  containerInstanceId: `h${host}`,
  status: 'ACTIVE',
  registeredAt: host,
  ec2InstanceId: '',
  registered: room,
  remaining: room,
  attributes: [{ name: 'ecs.availability-zone', value: zoneOf(host) }],
  tags: [],
  agentConnected: true,
  versionInfo: {},
  runningTasksCount: 0,
  pendingTasksCount: 0,
  version: 1,
})

async function furnished(): Promise<Store> {
  const store = await Store.open(new MemoryLog(), (error) => assert.fail(error))
  store.transact((tx) => {
    for (let host = 0; host < HOSTS; host++)
      tx.put(containerInstances, ofInstance(instance(host)), instance(host))
  })
  return store
}

type Act = { readonly service: number; readonly starts: number; readonly ends: number }
const act: fc.Arbitrary<Act> = fc.record({
  service: fc.nat({ max: SERVICES - 1 }),
  starts: fc.integer({ min: 1, max: 12 }),
  ends: fc.nat({ max: 3 }),
})

test('more services than there are placers for: each is spread as if it were looked at by itself', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(act, { minLength: 60, maxLength: 120 }), async (acts) => {
      const store = await furnished()
      let number = 0
      for (const { service, starts, ends } of acts) {
        const group = `service:s${service}`
        store.transact((tx) => {
          const own = () =>
            [...tx.scan(tasks)].map(({ row }) => row).filter((row) => row.group === group)
          for (const row of own().slice(0, ends)) tx.delete(tasks, ofTask(row))
          const need = { ...NEED, group }
          const asked = { need, fromDefinition: [], fromRequest: [], strategies: SPREAD }
          const placer = placing(tx, CLUSTER, asked, () => 0.5)
          for (let n = 0; n < starts; n++) {
            const id = placer.best()?.instance.containerInstanceId ?? ''
            const on = own().map((row) => Number(row.containerInstanceId.slice(1)))
            const inZone = (zone: string) => on.filter((host) => zoneOf(host) === zone).length
            const onHost = (host: number) => on.filter((other) => other === host).length
            const zone = zoneOf(Number(id.slice(1)))
            assert.equal(inZone(zone), Math.min(...ZONES.map(inZone)))
            const all = Array.from({ length: HOSTS }, (_, host) => host)
            const there = all.filter((host) => zoneOf(host) === zone)
            assert.equal(onHost(Number(id.slice(1))), Math.min(...there.map(onHost)))
            const task = {
              ...HERE,
              taskId: `t${number++}`,
              group,
              containerInstanceId: id,
              family: 'f',
            }
            tx.put(tasks, ofTask(task as Task), {
              ...task,
              desiredStatus: 'RUNNING',
              lastStatus: 'PENDING',
            } as Task)
          }
        })
      }
      await store.close()
    }),
    { numRuns: 20 },
  )
})

test('a constraint that asks how many tasks run is told when that changes, and what is given is the host as it is', async () => {
  const store = await furnished()
  const group = 'family:web'
  const best = (expression: string) =>
    store.read((tx) =>
      placing(
        tx,
        CLUSTER,
        {
          need: { ...NEED, group },
          fromDefinition: [],
          fromRequest: [{ type: 'memberOf', expression }],
          strategies: [{ type: 'binpack', field: 'cpu' }],
        },
        () => 0.5,
      ).best(),
    )
  const run = (host: number, runningTasksCount: number) =>
    store.transact((tx) =>
      tx.patch(containerInstances, ofInstance(instance(host)), { runningTasksCount }),
    )
  assert.equal(best('runningTasksCount > 0'), undefined)
  assert.ok(best('attribute:ecs.availability-zone == a'))
  run(7, 1)
  assert.equal(best('runningTasksCount > 0')?.instance.containerInstanceId, 'h7')
  run(7, 0)
  run(8, 2)
  assert.equal(best('runningTasksCount > 0')?.instance.containerInstanceId, 'h8')
  for (let host = 0; host < HOSTS; host++) run(host, 5)
  assert.equal(best('attribute:ecs.availability-zone == a')?.instance.runningTasksCount, 5)
})

test('zones are those of hosts that take tasks now', async () => {
  const store = await furnished()
  const zones = () => store.read((tx) => zonesIn(tx, '1/r/c'))
  assert.deepEqual(zones(), ZONES)
  store.transact((tx) => {
    for (let host = 0; host < HOSTS; host += 3)
      tx.patch(containerInstances, ofInstance(instance(host)), { agentConnected: false })
    for (let host = 1; host < HOSTS; host += 3)
      tx.patch(containerInstances, ofInstance(instance(host)), { status: 'DRAINING' })
  })
  assert.deepEqual(zones(), ['c'])
  store.transact((tx) => {
    tx.patch(containerInstances, ofInstance(instance(0)), { agentConnected: true })
    for (let host = 2; host < HOSTS; host += 3)
      tx.delete(containerInstances, ofInstance(instance(host)))
  })
  assert.deepEqual(zones(), ['a'])
})
