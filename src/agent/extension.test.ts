import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { Clock } from '#kernel/clock.ts'
import type { AcsUp } from '#wire/acs.ts'
import { STATE_CHANGES_MAX } from '#wire/limits.ts'

import { Extension, Unanswered } from './extension.ts'

function prepared() {
  const timers = new Set<() => void>()
  const clock: Clock = {
    now: () => 0,
    after: (_ms, run) => {
      timers.add(run)
      return () => void timers.delete(run)
    },
    sleep: () => Promise.resolve(),
  }
  let count = 0
  const ids = { hex: () => '', uuid: () => `m-${(count += 1)}`, random: () => 0 }
  const extension = new Extension({ clock, ids })
  const sent: AcsUp[] = []
  const open = () => {
    extension.opened((frame) => sent.push(frame))
    extension.hear({ type: 'BerthWelcome', message: {} })
  }
  const batches = () =>
    sent.flatMap((frame) => (frame.type === 'BerthStateChanges' ? [frame.message] : []))
  const answer = (messageId: string, results: readonly { code?: string; message?: string }[]) =>
    extension.hear({ type: 'BerthStateChangesAck', message: { messageId, results } })
  return { extension, sent, open, batches, answer, timers }
}

const change = (task: string) => ({ task, status: 'RUNNING' as const })
const turn = () => new Promise((done) => setImmediate(done))

test('what is told in one turn is one frame, and what comes meanwhile is the next', async () => {
  const { extension, open, batches, answer } = prepared()
  open()
  const first = [extension.submit(change('a')), extension.submit(change('b'))]
  await turn()
  const second = extension.submit(change('c'))
  await turn()
  assert.deepEqual(
    batches().map(({ changes }) => changes.map(({ task }) => task)),
    [['a', 'b']],
  )
  answer('m-1', [{}, { code: 'InvalidParameterException', message: 'not found' }])
  await first[0]
  await assert.rejects(first[1]!, {
    name: 'CallFault',
    code: 'InvalidParameterException',
    again: false,
  })
  await turn()
  assert.deepEqual(
    batches()[1]?.changes.map(({ task }) => task),
    ['c'],
  )
  answer('m-2', [{}])
  await second
})

test('a frame has so many changes and no more', async () => {
  const { extension, open, batches } = prepared()
  open()
  for (let at = 0; at < STATE_CHANGES_MAX + 1; at += 1)
    extension.submit(change(String(at))).catch(() => {})
  await turn()
  assert.equal(batches()[0]?.changes.length, STATE_CHANGES_MAX)
})

test('nobody waits for an answer that cannot come any more', async () => {
  const { extension, open, answer, timers } = prepared()
  await assert.rejects(extension.submit(change('early')), Unanswered)
  open()
  const lost = extension.submit(change('a'))
  await turn()
  const queued = extension.submit(change('b'))
  extension.closed()
  await assert.rejects(lost, Unanswered)
  await assert.rejects(queued, Unanswered)
  assert.equal(extension.isThere, false)
  assert.equal(timers.size, 0)
  open()
  const silent = extension.submit(change('c'))
  await turn()
  for (const run of timers) run()
  await assert.rejects(silent, Unanswered)
  // The late answer of a batch that was given up changes nothing.
  answer('m-2', [{}])
  const short = extension.submit(change('d'))
  await turn()
  answer('m-3', [])
  await assert.rejects(short, Unanswered)
})

test('topics are kept, acknowledged, and named when the connection is made anew', () => {
  const { extension, sent, open } = prepared()
  open()
  const message = { name: 'container-instance', revision: 'r-1', content: { tags: [] } }
  extension.hear({ type: 'BerthTopic', message })
  assert.deepEqual(extension.topic('container-instance'), { tags: [] })
  assert.deepEqual(sent.at(-1), {
    type: 'BerthTopicAck',
    message: { name: 'container-instance', revision: 'r-1' },
  })
  extension.closed()
  open()
  assert.deepEqual(sent.at(-1), {
    type: 'BerthHello',
    message: { topics: [{ name: 'container-instance', revision: 'r-1' }] },
  })
})
