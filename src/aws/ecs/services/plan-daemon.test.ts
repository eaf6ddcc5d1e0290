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
  ['paused', { mayStart: false, tasks: [on('a', OLD)] }, {}],
  ['failed', { isStalled: true, tasks: [on('a', OLD)] }, {}],
]

test('a daemon runs once on each container instance that it belongs on', () => {
  for (const [what, fields, expected] of CASES) {
    const plan = planDaemon({
      minimumHealthyPercent: 0,
      primary: 'new',
      mayStart: true,
      isStalled: false,
      hosts: HOSTS,
      inUse: new Set(),
      tasks: [],
      ...fields,
    })
    const does = {
      ...(plan.startOn.length > 0 && { start: plan.startOn.join(' ') }),
      ...(plan.stop.length > 0 && { stop: plan.stop.map(({ task }) => task.id).join(' ') }),
    }
    assert.deepEqual(does, expected, what)
  }
})
