/**
 * Placement alone, in this process: attribute spread, binpack and a constraint over 5,000 container instances until all
 * are full. What is told is how many tasks a second, and how many hosts were used beside the fewest that could do.
 */
import type { PlacementStrategy } from '#contract/ecs.ts'

import type { Need } from '../src/aws/ecs/definitions/need.ts'
import { parseExpression } from '../src/aws/ecs/query/query.ts'
import { type Host, judge } from '../src/aws/ecs/scheduler/place.ts'
import { Placer } from '../src/aws/ecs/scheduler/placer.ts'
import { compare, median, tell } from './report.ts'

const HOSTS = 5_000
const TASKS = 200_000
const LOOKED_AT = 2_000
const REPETITIONS = 3
const ZONES = ['a', 'b', 'c']
const HOST_CPU = 65_536
const HOST_MEMORY_MIB = 262_144
const NEED: Need = {
  cpu: 512,
  memoryMiB: 1_024,
  ports: [],
  portsUdp: [],
  gpus: 0,
  requiresAttributes: [{ name: 'com.amazonaws.ecs.capability.docker-remote-api.1.19' }],
  asks: [],
  group: 'service:web',
}
const STRATEGIES: readonly PlacementStrategy[] = [
  { type: 'spread', field: 'attribute:ecs.availability-zone' },
  { type: 'binpack', field: 'memory' },
]
const CONSTRAINTS = [
  { type: 'memberOf' as const, holds: parseExpression('attribute:stack == prod') },
]

/** One in five is not of the stack. */
const fleet = (): Host[] =>
  Array.from({ length: HOSTS }, (_, at) => ({
    arn: String(at),
    active: true,
    agentConnected: true,
    agentVersion: '1.105.1',
    ec2InstanceId: `i-${at}`,
    registeredAt: 0,
    runningTasksCount: 0,
    attributes: new Map([
      ['com.amazonaws.ecs.capability.docker-remote-api.1.19', ''],
      ['ecs.availability-zone', ZONES[at % ZONES.length] ?? ''],
      ['stack', at % 5 === 0 ? 'test' : 'prod'],
    ]),
    taskGroups: [],
    groupCounts: new Map(),
    remaining: { cpu: HOST_CPU, memoryMiB: HOST_MEMORY_MIB, ports: [], portsUdp: [], gpuIds: [] },
  }))

const lessOne = (host: Host): Host => ({
  ...host,
  remaining: {
    ...host.remaining,
    cpu: host.remaining.cpu - NEED.cpu,
    memoryMiB: host.remaining.memoryMiB - NEED.memoryMiB,
  },
})

type Placed = { readonly perSecond: number; readonly hostsUsed: number }

function withPlacer(): Placed {
  const placer = new Placer<Host>(NEED, CONSTRAINTS, STRATEGIES, Math.random)
  const counts = new Map<string, number>()
  const begin = performance.now()
  for (const host of fleet()) placer.set(host.arn, host)
  for (let placed = 0; placed < TASKS; placed += 1) {
    const host = placer.best()
    if (!host) throw new Error(`only ${placed} tasks fit`)
    const count = (counts.get(host.arn) ?? 0) + 1
    counts.set(host.arn, count)
    placer.set(host.arn, lessOne(host), count)
  }
  return { perSecond: perSecond(TASKS, begin), hostsUsed: counts.size }
}

/** As one would write it first: all hosts are judged and compared for each task. */
function lookingAtAll(): number {
  const hosts = fleet()
  const counts = new Map<string, number>()
  const begin = performance.now()
  for (let placed = 0; placed < LOOKED_AT; placed += 1) {
    let best = -1
    for (const [at, host] of hosts.entries()) {
      if (judge(NEED, CONSTRAINTS, host, 0)) continue
      const than = hosts[best]
      if (!than || isBefore(host, than, counts)) best = at
    }
    const host = hosts[best] as Host
    counts.set(zoneOf(host), (counts.get(zoneOf(host)) ?? 0) + 1)
    hosts[best] = lessOne(host)
  }
  return perSecond(LOOKED_AT, begin)
}

const zoneOf = ({ attributes }: Host): string => attributes.get('ecs.availability-zone') ?? ''

function isBefore(one: Host, other: Host, counts: ReadonlyMap<string, number>): boolean {
  const by = (counts.get(zoneOf(one)) ?? 0) - (counts.get(zoneOf(other)) ?? 0)
  return by < 0 || (by === 0 && one.remaining.memoryMiB < other.remaining.memoryMiB)
}

const perSecond = (count: number, begin: number): number =>
  count / ((performance.now() - begin) / 1000)

withPlacer()
const turns = Array.from({ length: REPETITIONS }, () => ({
  ours: withPlacer(),
  theirs: lookingAtAll(),
}))
compare(
  `placements, ${HOSTS} hosts ÷ looking at all of them`,
  '/s',
  turns.map(({ ours }) => ours.perSecond),
  turns.map(({ theirs }) => theirs),
)
const fewest = Math.ceil(
  Math.max((TASKS * NEED.cpu) / HOST_CPU, (TASKS * NEED.memoryMiB) / HOST_MEMORY_MIB),
)
const used = median(turns.map(({ ours }) => ours.hostsUsed))
tell('hosts used ÷ the fewest that could do', `${used} ÷ ${fewest} = ${(used / fewest).toFixed(3)}`)
