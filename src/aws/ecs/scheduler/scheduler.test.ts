import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { Need } from '../definitions/need.ts'
import { parseExpression } from '../query/query.ts'
import { type Host, refuse } from './place.ts'

const HOST: Host = {
  arn: 'h',
  active: true,
  agentConnected: true,
  agentVersion: '1.105.1',
  ec2InstanceId: 'i-1',
  registeredAt: Date.UTC(2026, 5, 18, 22, 28, 28),
  runningTasksCount: 3,
  attributes: new Map([
    ['stack', 'prod'],
    ['ecs.instance-type', 'g2.2xlarge'],
    ['ecs.availability-zone', 'us-east-1a'],
    ['gpu', ''],
  ]),
  taskGroups: ['service:web'],
  groupCounts: new Map([['service:web', 2]]),
  remaining: { cpu: 1024, memoryMiB: 2048, ports: [22], portsUdp: [], gpuIds: [] },
}

const TRUE = [
  'attribute:stack == prod',
  'attribute:stack equals "prod"',
  'attribute:ecs.instance-type =~ g2.*',
  'attribute:ecs.instance-type matches g2.* and attribute:ecs.availability-zone not_equals us-east-1d',
  'attribute:ecs.availability-zone in [us-east-1a, us-east-1b]',
  "attribute:ecs.availability-zone in ['us-east-1a']",
  'attribute:ecs.availability-zone !in [us-east-1c]',
  'attribute:ecs.availability-zone not_in [us-east-1c]',
  'attribute:gpu exists',
  'attribute:color !exists',
  'attribute:color not_exists',
  'not(attribute:color exists)',
  '!(attribute:stack == test)',
  'attribute:stack !~ tes.*',
  'runningTasksCount == 3',
  'runningTasksCount > 2 && runningTasksCount <= 3',
  'runningTasksCount greater_than_equal 3',
  'agentConnected == true',
  'agentVersion > 1.9.0',
  'agentVersion >= 1.105.1 and agentVersion < 2',
  'ec2InstanceId in ["i-1", "i-2"]',
  'registeredAt > 2026-06-18T22:28:27+00:00',
  'registeredAt < 2026-06-19',
  'registeredAt >= 2026-06-18T22:28:28',
  'task:group == service:web',
  'task:group != service:db',
  'attribute:stack == test or attribute:stack == prod',
  '(attribute:stack == test || runningTasksCount < 1) or attribute:gpu exists',
]
const FALSE = [
  'attribute:stack == PROD',
  'attribute:stack =~ pro',
  'attribute:color != red',
  'attribute:color !~ red',
  'task:group != service:web',
  'runningTasksCount < 3',
  'attribute:stack == prod and attribute:color exists',
]
const BAD = [
  '',
  '   ',
  'stack == prod',
  'attribute:stack',
  'attribute:stack ==',
  'attribute:stack = prod',
  'attribute:stack == prod and',
  '(attribute:stack == prod',
  'attribute:stack in [a',
  'attribute:stack in []',
  'attribute:stack =~ (',
  'runningTasksCount == many',
  'registeredAt > yesterday',
  `attribute:stack == ${'x'.repeat(2000)}`,
  `${'!'.repeat(100)}(attribute:stack exists)`,
]

test('the cluster query language selects as its documentation says', () => {
  for (const text of TRUE) assert.equal(parseExpression(text)(HOST), true, text)
  for (const text of FALSE) assert.equal(parseExpression(text)(HOST), false, text)
})

test('what is no expression is refused', () => {
  for (const text of BAD)
    assert.throws(() => parseExpression(text), { code: 'InvalidParameterException' }, text)
})

test('a pattern of the query language takes no time that its maker chooses', () => {
  const value = `${'a'.repeat(120)}!`
  const hostile = { ...HOST, attributes: new Map([['x', value]]) }
  for (const pattern of ['(a+)+', '(a|a)*', '(a*)*b', '(.*a){12}'])
    assert.equal(parseExpression(`attribute:x =~ "${pattern}"`)(hostile), false, pattern)
  for (const pattern of ['(a)\\\\1', '(?=a)a', '(a'])
    assert.throws(() => parseExpression(`attribute:x =~ "${pattern}"`), {
      code: 'InvalidParameterException',
    })
})

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

const DEVICE = { kind: 'devices', what: '/dev/kvm', member: 'devices' } as const
const NO_DEVICES = new Map([
  ['gpu', ''],
  ['berth.host-policy.devices', 'only'],
])

test('a host refuses for the first thing it lacks, by name', () => {
  const cases: readonly (readonly [Partial<Host>, Partial<Need>, string | undefined])[] = [
    [{}, {}, undefined],
    [{ active: false }, {}, 'INACTIVE'],
    [{ agentConnected: false }, {}, 'AGENT'],
    [{ attributes: new Map() }, {}, 'ATTRIBUTE'],
    [{ attributes: NO_DEVICES }, { asks: [DEVICE] }, 'ATTRIBUTE'],
    [{}, { asks: [DEVICE] }, undefined],
    [{}, { cpu: 1025 }, 'RESOURCE:CPU'],
    [{}, { memoryMiB: 2049 }, 'RESOURCE:MEMORY'],
    [{}, { ports: [22] }, 'RESOURCE:PORTS'],
    [
      { remaining: { ...HOST.remaining, portsUdp: [53] } },
      { portsUdp: [53] },
      'RESOURCE:PORTS_UDP',
    ],
    [{}, { gpus: 1 }, 'RESOURCE:GPU'],
  ]
  for (const [host, need, reason] of cases)
    assert.equal(refuse({ ...NEED, ...need }, { ...HOST, ...host })?.reason, reason, String(reason))
})
