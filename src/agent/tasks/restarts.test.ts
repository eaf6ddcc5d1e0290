import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { AcsContainer } from '#wire/task.ts'

import type { Engine, Observed } from '../engine.ts'
import { Slots } from '../slots.ts'
import { accept } from './accept.ts'
import { perform, type Tools } from './acts.ts'
import { step } from './step.ts'
import { change, containerOf, observe, type KnownTask } from './task.ts'

const START = 1_000_000
const MINUTE_MS = 60_000

function running(policy: AcsContainer['restartPolicy']): KnownTask {
  const definition = {
    arn: 'arn:aws:ecs:us-east-1:123456789012:task/default/1',
    desiredStatus: 'RUNNING' as const,
    containers: [{ name: 'a', image: 'image', restartPolicy: policy }],
  }
  const task = { ...accept(definition, 1, () => 'hex'), admitted: true }
  return change(task, 'a', { status: 'RUNNING', dockerId: 'id', startedAt: START })
}

const EXITED: Observed = {
  id: 'id',
  name: 'a',
  labels: {},
  state: 'exited',
  exitCode: 1,
  outOfMemory: false,
  error: '',
  createdAt: START,
  startedAt: START,
  finishedAt: START,
  networkBindings: [],
}

function exit(task: KnownTask, exitCode: number, finishedAt: number): KnownTask {
  const seen: Observed = { ...EXITED, exitCode, finishedAt }
  return step(observe(task, 'a', seen, finishedAt), finishedAt).task
}

const POLICY = { enabled: true, restartAttemptPeriod: 60, ignoredExitCodes: [7] }

test('a container is started once more when it ran long enough and its code is not ignored', () => {
  const cases: readonly [AcsContainer['restartPolicy'], number, number, boolean][] = [
    [POLICY, 1, MINUTE_MS, true],
    [POLICY, 0, MINUTE_MS, true],
    [POLICY, 1, MINUTE_MS - 1, false],
    [POLICY, 7, MINUTE_MS, false],
    [{ ...POLICY, enabled: false }, 1, MINUTE_MS, false],
    [undefined, 1, MINUTE_MS, false],
    // Without a period: five minutes.
    [{ enabled: true }, 1, 5 * MINUTE_MS - 1, false],
    [{ enabled: true }, 1, 5 * MINUTE_MS, true],
  ]
  for (const [policy, code, ranMs, again] of cases) {
    const task = exit(running(policy), code, START + ranMs)
    const { status, doing, exitCode } = containerOf(task, 'a')
    assert.equal(doing, again ? 'restart' : undefined, JSON.stringify([policy, code, ranMs]))
    assert.equal(status, again ? 'RUNNING' : 'STOPPED')
    assert.equal(exitCode, again ? undefined : code)
  }
})

test('the period counts from the last start', () => {
  const first = exit(running(POLICY), 1, START + MINUTE_MS)
  const restartedAt = START + MINUTE_MS + 1
  const endedBefore = START + MINUTE_MS
  const restarted = { doing: undefined, ended: undefined, restarts: 1, restartedAt, endedBefore }
  const again = change(first, 'a', restarted)
  // An inspection from before the start, told after it, is no news.
  assert.equal(containerOf(exit(again, 1, START + MINUTE_MS), 'a').status, 'RUNNING')
  assert.equal(containerOf(exit(again, 3, restartedAt + 1), 'a').exitCode, 3)
  assert.equal(containerOf(exit(again, 3, restartedAt + MINUTE_MS), 'a').doing, 'restart')
})

test('one that ends while it is being started, or at once, is not forgotten', async () => {
  const policy = { enabled: true, restartAttemptPeriod: 0 }
  const first = exit(running(policy), 1, START + 10)
  assert.equal(containerOf(first, 'a').doing, 'restart')
  // While it is being started, what is seen may be of before.
  assert.equal(exit(first, 1, START + 10), first)
  const seen = (startedAt: number, finishedAt: number) => ({ ...EXITED, startedAt, finishedAt })
  const engine = {
    start: async () => {},
    // The engine noted the start later than the end.
    inspect: async () => seen(START + 22, START + 21),
  } as unknown as Engine
  const tools = { engine, starts: new Slots(1), now: () => START + 30 } as unknown as Tools
  const outcome = await perform(first, { type: 'restart', container: 'a' }, tools)
  const again = step(outcome(first), START + 30).task
  const { doing, restarts, restartedAt } = containerOf(again, 'a')
  assert.deepEqual([doing, restarts, restartedAt], ['restart', 1, START + 22])
})

test('a task that is to stop restarts nothing, and tells the code of the last end', () => {
  const stopping = { ...running(POLICY), desired: 'STOPPED' as const }
  assert.equal(containerOf(exit(stopping, 143, START + MINUTE_MS), 'a').exitCode, 143)
  // It ended, its restart failed meanwhile, and then the task was stopped.
  const ended = { exitCode: 9, finishedAt: START + MINUTE_MS }
  const waiting = { ...change(running(POLICY), 'a', { ended }), desired: 'STOPPED' as const }
  const { status, exitCode } = containerOf(step(waiting, START + MINUTE_MS).task, 'a')
  assert.deepEqual([status, exitCode], ['STOPPED', 9])
})
