import assert from 'node:assert/strict'
import { test } from 'node:test'

import { type DaemonSituation, planDaemon } from './plan-daemon.ts'
import type { SeenTask } from './plan.ts'

const on = (hostId: string, more: Partial<SeenTask> = {}): SeenTask => ({
  id: `${more.shareId ?? 'new'}-${hostId}`,
  shareId: 'new',
  state: 'HEALTHY',
  isStopping: false,
  isLeaving: false,
  isProtected: false,
  hostId,
  ...more,
})
const OLD = { shareId: 'old' }

type Case = readonly [string, Partial<DaemonSituation>, Partial<Record<'start' | 'stop', string>>]
const HOSTS = ['a', 'b', 'c', 'd']
const CASES: readonly Case[] = [
  ['one on each host', { tasks: [] }, { start: 'a b c d' }],
  ['a new host', { tasks: [on('a'), on('b'), on('c')] }, { start: 'd' }],
  [
    'a task that stops still has the host',
    { tasks: [on('a', { isStopping: true })], hosts: ['a'] },
    {},
  ],
  [
    'update, all at once',
    { tasks: HOSTS.map((host) => on(host, OLD)) },
    { stop: 'old-a old-b old-c old-d' },
  ],
  [
    'update, half of them',
    { minimumHealthyPercent: 50, tasks: HOSTS.map((host) => on(host, OLD)) },
    { stop: 'old-a old-b' },
  ],
  [
    'update, the others wait',
    {
      minimumHealthyPercent: 50,
      tasks: [
        on('a', { state: 'WARMING' }),
        on('b', { state: 'STARTING' }),
        on('c', OLD),
        on('d', OLD),
      ],
    },
    {},
  ],
  [
    'an unhealthy one is started anew',
    { hosts: ['a'], tasks: [on('a', { state: 'UNHEALTHY' })] },
    { stop: 'new-a' },
  ],
  [
    'one that breaks the constraint goes',
    { hosts: ['a'], tasks: [on('a'), on('b')] },
    { stop: 'new-b' },
  ],
  [
    'it leaves a draining host',
    { hosts: [], tasks: [on('a', { isLeaving: true })] },
    { stop: 'new-a' },
  ],
  ['but last', { hosts: [], inUse: new Set(['a']), tasks: [on('a', { isLeaving: true })] }, {}],
  [
    'what leaves its host does not count for those that are replaced',
    {
      minimumHealthyPercent: 50,
      tasks: [...HOSTS.map((host) => on(host, OLD)), on('e', { isLeaving: true })],
    },
    { stop: 'new-e old-a old-b' },
  ],
  [
    'a protected one stays',
    { hosts: ['a', 'b'], tasks: [on('a', OLD), on('b', { ...OLD, isProtected: true })] },
    { stop: 'old-a' },
  ],
  [
    'a host out of reach keeps its task, and gets none',
    { hosts: ['a', 'b', 'c'], outOfReach: new Set(['a', 'b']), tasks: [on('a')] },
    { start: 'c' },
  ],
  ['paused', { mayStart: false, tasks: [on('a', OLD)] }, {}],
  ['failed', { isStalled: true, tasks: [on('a', OLD)] }, {}],
]

test('a daemon runs once on each container instance that it belongs on', () => {
  for (const [what, fields, expected] of CASES) {
    const plan = planDaemon(situation(fields))
    const does = {
      ...(plan.startOn.length > 0 && { start: plan.startOn.join(' ') }),
      ...(plan.stop.length > 0 && { stop: plan.stop.map(({ task }) => task.id).join(' ') }),
    }
    assert.deepEqual(does, expected, what)
  }
})

test('a minimum that allows no end is said, as long as nothing is under way', () => {
  const blocked = { hosts: ['a'], minimumHealthyPercent: 50, tasks: [on('a', OLD)] }
  assert.equal(planDaemon(situation(blocked)).isStuck, true)
  assert.equal(planDaemon(situation({ ...blocked, minimumHealthyPercent: 0 })).isStuck, false)
  assert.equal(planDaemon(situation({ ...blocked, mayStart: false })).isStuck, false)
  const ending = { hosts: ['a', 'b'], tasks: [on('a', OLD), on('b', { isStopping: true })] }
  assert.equal(planDaemon(situation({ ...blocked, ...ending })).isStuck, false)
  const held = {
    ...blocked,
    minimumHealthyPercent: 0,
    tasks: [on('a', { ...OLD, isProtected: true })],
  }
  const { isStuck, held: count } = planDaemon(situation(held))
  assert.deepEqual([isStuck, count], [false, 1])
})

test('nothing is waited for on a host out of reach, unless it may be back in a moment', () => {
  const isSteady = (
    tasks: readonly SeenTask[],
    outOfReach: readonly string[],
    away: readonly string[] = [],
  ): boolean =>
    planDaemon(
      situation({
        hosts: ['a', 'b'],
        tasks,
        outOfReach: new Set(outOfReach),
        away: new Set(away),
      }),
    ).isSteady
  for (const tasks of [[on('a', { state: 'STARTING' }), on('b')], [on('b')]]) {
    assert.deepEqual(
      [isSteady(tasks, []), isSteady(tasks, ['b']), isSteady(tasks, ['a'])],
      [false, false, true],
    )
    assert.equal(isSteady(tasks, ['a'], ['a']), false)
  }
})

const situation = (fields: Partial<DaemonSituation>): DaemonSituation => ({
  minimumHealthyPercent: 0,
  primary: 'new',
  mayStart: true,
  isStalled: false,
  hosts: HOSTS,
  outOfReach: new Set(),
  away: new Set(),
  inUse: new Set(),
  tasks: [],
  ...fields,
})
