import assert from 'node:assert/strict'
import { test } from 'node:test'

import fc from 'fast-check'

import type { Need } from '../definitions/need.ts'
import { parseExpression } from '../query/query.ts'
import { type Constraint, type Host, judge } from './place.ts'
import { bestHosts, placerOf } from './placer.fixture.ts'

const NEED: Need = {
  cpu: 256,
  memoryMiB: 512,
  ports: [80],
  portsUdp: [],
  gpus: 0,
  requiresAttributes: [{ name: 'gpu' }],
  asks: [],
  group: 'family:web',
}
const HOST: Host = {
  arn: 'h',
  active: true,
  agentConnected: true,
  agentVersion: '1.105.1',
  ec2InstanceId: 'i-1',
  registeredAt: 0,
  runningTasksCount: 0,
  attributes: new Map([['gpu', '']]),
  taskGroups: [],
  groupCounts: new Map(),
  remaining: { cpu: 1024, memoryMiB: 2048, ports: [22], portsUdp: [], gpuIds: [] },
}

const host = (arn: string, zone: string, memoryMiB: number, count: number): Host => ({
  ...HOST,
  arn,
  attributes: new Map([...HOST.attributes, ['ecs.availability-zone', zone]]),
  remaining: { ...HOST.remaining, memoryMiB },
  groupCounts: count > 0 ? new Map([['family:web', count]]) : new Map(),
})
const HOSTS = [
  host('a', 'z1', 2048, 2),
  host('b', 'z1', 1024, 0),
  host('c', 'z2', 4096, 1),
  host('d', 'z2', 600, 0),
]
const pick = (strategies: Parameters<typeof placerOf>[2], hosts = HOSTS): string | undefined =>
  placerOf(NEED, [], strategies, hosts, () => 0).best()?.arn

test('strategies choose in order, each breaking the ties of the one before', () => {
  const zone = 'attribute:ecs.availability-zone'
  assert.equal(pick([{ type: 'binpack', field: 'memory' }]), 'd')
  assert.equal(pick([{ type: 'spread', field: zone }]), 'c', 'z2 has one task, z1 two')
  assert.equal(
    pick([
      { type: 'spread', field: zone },
      { type: 'spread', field: 'instanceId' },
    ]),
    'd',
  )
  assert.equal(
    pick([
      { type: 'spread', field: 'instanceId' },
      { type: 'binpack', field: 'memory' },
    ]),
    'd',
  )
})

test('a zone’s full hosts still count for the spread', () => {
  const full = { ...host('full', 'z2', 0, 9), agentConnected: true }
  assert.equal(
    pick([{ type: 'spread', field: 'attribute:ecs.availability-zone' }], [...HOSTS, full]),
    'a',
  )
})

test('distinctInstance leaves out hosts of the group, memberOf those that do not hold', () => {
  const binpack = [{ type: 'binpack', field: 'memory' }] as const
  const some = HOSTS.slice(0, 3)
  const distinct = placerOf(NEED, [{ type: 'distinctInstance' }], binpack, some, () => 0)
  assert.equal(distinct.best()?.arn, 'b')
  const none = placerOf(NEED, [{ type: 'memberOf', holds: () => false }], [], HOSTS, () => 0)
  assert.equal(none.best(), undefined)
  assert.deepEqual(
    none.refusals().map(({ reason }) => reason),
    HOSTS.map(() => 'MemberOf placement constraint unsatisfied.'),
  )
})

test('without a strategy each of equal hosts is as likely as the others, also when it was just taken', () => {
  let state = 1
  const random = () => (state = (state * 48_271) % 0x7fffffff) / 0x7fffffff
  const placer = placerOf(NEED, [], [{ type: 'random' }], HOSTS, random)
  const taken = new Map<string, number>()
  for (let n = 0; n < 4000; n += 1) {
    const best = placer.best() as Host
    taken.set(best.arn, (taken.get(best.arn) ?? 0) + 1)
    placer.set(best.arn, { ...best })
  }
  for (const { arn } of HOSTS) assert.ok(Math.abs((taken.get(arn) ?? 0) - 1000) < 150, arn)
})

const oneHost = fc
  .record({
    cpu: fc.constantFrom(0, 256, 512, 1024),
    memoryMiB: fc.constantFrom(0, 512, 1024, 2048),
    agentConnected: fc.constantFrom(true, true, true, false),
    active: fc.constantFrom(true, true, true, false),
    port: fc.constantFrom(22, 22, 22, 80),
    zone: fc.constantFrom('a', 'b', undefined),
    rack: fc.constantFrom('1', '2'),
    gpu: fc.constantFrom(true, true, true, false),
    web: fc.nat(3),
    other: fc.nat(2),
  })
  .map((one): Host => ({
    ...HOST,
    active: one.active,
    agentConnected: one.agentConnected,
    remaining: {
      cpu: one.cpu,
      memoryMiB: one.memoryMiB,
      ports: [one.port],
      portsUdp: [],
      gpuIds: [],
    },
    runningTasksCount: one.web + one.other,
    attributes: new Map([
      ['rack', one.rack],
      ...(one.zone === undefined ? [] : ([['zone', one.zone]] as const)),
      ...(one.gpu ? ([['gpu', '']] as const) : []),
    ]),
    ...withGroups([
      ['family:web', one.web],
      ['family:other', one.other],
    ]),
  }))

const withGroups = (groups: readonly (readonly [string, number])[]) => {
  const groupCounts = new Map(groups.filter(([, count]) => count > 0))
  return { groupCounts, taskGroups: [...groupCounts.keys()] }
}

const strategy = fc.constantFrom(
  { type: 'random' as const },
  { type: 'binpack' as const, field: 'cpu' },
  { type: 'binpack' as const, field: 'memory' },
  { type: 'spread' as const, field: 'instanceId' },
  { type: 'spread' as const, field: 'host' },
  { type: 'spread' as const, field: 'attribute:zone' },
  { type: 'spread' as const, field: 'attribute:rack' },
)
const constraint: fc.Arbitrary<Constraint> = fc.constantFrom(
  { type: 'distinctInstance' as const },
  ...[
    'attribute:rack == 1',
    'not (task:group == family:other)',
    'task:group == family:web or attribute:zone == a',
    'runningTasksCount < 3',
  ].map((text) => ({ type: 'memberOf' as const, holds: parseExpression(text) })),
)
/** A host is made another one, goes away, or takes the task. */
const event = fc.oneof(
  fc.record({ does: fc.constant('change' as const), at: fc.nat(5), host: oneHost }),
  fc.record({ does: fc.constant('go' as const), at: fc.nat(5) }),
  fc.record({ does: fc.constantFrom('take' as const, 'same' as const), at: fc.nat(5) }),
)

const taken = (host: Host, from: Host): Host => ({
  ...from,
  remaining: {
    ...from.remaining,
    cpu: host.remaining.cpu - NEED.cpu,
    memoryMiB: host.remaining.memoryMiB - NEED.memoryMiB,
  },
  runningTasksCount: host.runningTasksCount + 1,
  ...withGroups([
    ...host.groupCounts,
    ['family:web', (host.groupCounts.get('family:web') ?? 0) + 1],
  ]),
})

test('whatever happens to hosts, what it gives is one of the best of all, and what it says is why', () => {
  fc.assert(
    fc.property(
      fc.array(oneHost, { maxLength: 6 }),
      fc.array(constraint, { maxLength: 2 }),
      fc.array(strategy, { maxLength: 3 }),
      fc.array(event, { maxLength: 20 }),
      (hosts, constraints, strategies, events) => {
        const now = new Map(hosts.map((one, at) => [String(at), { ...one, arn: String(at) }]))
        const placer = placerOf(NEED, constraints, strategies, [...now.values()], Math.random)
        const set = (arn: string, one: Host | undefined): void => {
          if (one) now.set(arn, { ...one, arn })
          else now.delete(arn)
          placer.set(arn, now.get(arn), one?.groupCounts.get('family:web'))
        }
        const check = (): void => {
          const best = bestHosts(NEED, constraints, strategies, [...now.values()])
          const given = placer.best()
          if (given) assert.ok(best.includes(given))
          else assert.equal(best.length, 0)
          const why = new Map(placer.refusals().map(({ arn, ...said }) => [arn, said]))
          for (const one of now.values())
            assert.deepEqual(why.get(one.arn), judge(NEED, constraints, one))
        }
        check()
        for (const happens of events) {
          const arn = String(happens.at)
          const before = now.get(arn)
          const best = placer.best()
          if (happens.does === 'change') set(arn, happens.host)
          else if (happens.does === 'go') set(arn, undefined)
          else if (happens.does === 'same' && before) set(arn, { ...before })
          else if (best) set(best.arn, taken(best, best))
          check()
        }
      },
    ),
    { numRuns: 1000 },
  )
})
