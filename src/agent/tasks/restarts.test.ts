import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { AcsContainer } from '#wire/task.ts'

import type { Engine, Observed } from '../engine.ts'
import { Slots } from '../slots.ts'
import { accept } from './accept.ts'
import { perform, type Tools } from './acts.ts'
import { reconcile } from './adopt.ts'
import { LABELS } from './create.ts'
import { step } from './step.ts'
import { change, containerOf, observe, type KnownTask } from './task.ts'

const START = 1_000_000
const MINUTE_MS = 60_000
const ARN = 'arn:aws:ecs:us-east-1:123456789012:task/default/1'

function running(policy: AcsContainer['restartPolicy']): KnownTask {
  const definition = {
    arn: ARN,
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

const RESTART = { type: 'restart', container: 'a' } as const
const LABELS_OF_A = { [LABELS.taskArn]: ARN, [LABELS.containerName]: 'a' }

function toolsOf(engine: Engine, now: number): Tools {
  const starts = new Slots(1)
  const noteStart = async (): Promise<boolean> => true
  const tools: Partial<Tools> = { engine, starts, noteStart }
  return { ...tools, now: () => now } as unknown as Tools
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
  const outcome = await perform(first, RESTART, toolsOf(engine, START + 30))
  const again = step(outcome(first), START + 30).task
  const { doing, restarts, restartedAt } = containerOf(again, 'a')
  assert.deepEqual([doing, restarts, restartedAt], ['restart', 1, START + 22])
})

test('a container that an earlier agent was starting once more is looked at by the next before it asks', async () => {
  const ended = exit(running(POLICY), 1, START + MINUTE_MS)
  const asked = change(ended, 'a', { startAskedAt: START + MINUTE_MS })
  const at = START + 2 * MINUTE_MS
  const old: Observed = { ...EXITED, exitCode: 1, finishedAt: START + MINUTE_MS }
  const waiting = reconcile(asked, [{ ...old, labels: LABELS_OF_A }], [], at)
  assert.equal(step(waiting, at).acts[0]?.type, 'restart')
  const engine = (seen: Observed): Engine =>
    ({
      start: () => assert.fail('started once more'),
      inspect: async () => seen,
    }) as unknown as Engine
  const later = await perform(waiting, RESTART, toolsOf(engine(old), at))
  const { againAt = 0, doing } = containerOf(step(later(waiting), at).task, 'a')
  assert.deepEqual([againAt > at, doing], [true, undefined])

  const asking = await perform(waiting, RESTART, toolsOf(engine(old), at + MINUTE_MS))
  const anew = step(asking(waiting), at + MINUTE_MS)
  assert.equal(anew.acts[0]?.type, 'restart')
  assert.equal(containerOf(anew.task, 'a').startAskedAt, undefined)

  const mute = { inspect: () => Promise.reject(new Error('EOF')) } as unknown as Engine
  const unheard = await perform(waiting, RESTART, toolsOf(mute, at + MINUTE_MS))
  assert.equal(containerOf(unheard(waiting), 'a').startAskedAt, at + MINUTE_MS)

  // It came about, and it ended before the period was over.
  const again = { ...old, exitCode: 3, startedAt: at, finishedAt: at + 1 }
  const heard = containerOf(observe(waiting, 'a', again, at + 1), 'a')
  const found = (await perform(waiting, RESTART, toolsOf(engine(again), at)))(waiting)
  for (const one of [heard, containerOf(found, 'a')])
    assert.deepEqual([one.status, one.exitCode, one.restarts], ['STOPPED', 3, 1])
  const runs = observe(waiting, 'a', { ...EXITED, state: 'running', startedAt: at }, at)
  const { restarts, restartedAt, startAskedAt, ended: before } = containerOf(runs, 'a')
  assert.deepEqual([restarts, restartedAt, startAskedAt, before], [1, at, undefined, undefined])
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
