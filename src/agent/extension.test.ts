import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { Clock } from '#kernel/clock.ts'
import type { AcsUp } from '#wire/acs.ts'
import { STATE_CHANGES_MAX } from '#wire/limits.ts'
import { digestOf } from '#wire/topic.ts'

import { Extension, Unanswered } from './extension.ts'
import { InstanceTags } from './metadata/instance-tags.ts'
import { Topics } from './topics/topics.ts'

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
  const log = { info: () => {}, warn: () => {}, error: () => {} }
  const tags = new InstanceTags()
  const extension = new Extension({ clock, ids }, new Topics([tags], { clock, ids, log }))
  const sent: AcsUp[] = []
  const open = () => {
    extension.opened((frame) => sent.push(frame))
    extension.hear({ type: 'BerthWelcome', message: {} })
  }
  const batches = () =>
    sent.flatMap((frame) => (frame.type === 'BerthStateChanges' ? [frame.message] : []))
  const answer = (messageId: string, results: readonly { code?: string; message?: string }[]) =>
    extension.hear({ type: 'BerthStateChangesAck', message: { messageId, results } })
  return { extension, sent, open, batches, answer, timers, tags }
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

/** What is said of a topic in each direction, whatever the other side's version is. */
test('topics: the hello says what is known, entries are applied, and what became of them is told', async () => {
  const { extension, sent, open, tags } = prepared()
  const hello = (): unknown => sent.findLast(({ type }) => type === 'BerthHello')?.message
  const states = () =>
    sent.flatMap((frame) => (frame.type === 'BerthTopicState' ? [frame.message] : []))
  const name = 'container-instance'
  open()
  const nothing = digestOf([])
  assert.deepEqual(hello(), { version: 2, topics: [{ name, revision: nothing, entries: [] }] })
  const red = { key: 'tags', revision: 'r-1', content: [{ key: 'team', value: 'red' }] }
  const active = { key: 'status', revision: 's-1', content: 'ACTIVE' }
  const message = { name, changed: [active, red], gone: [] }
  extension.hear({ type: 'BerthTopicEntries', message })
  await turn()
  assert.deepEqual(tags.tags, red.content)
  const digest = digestOf([
    ['status', 's-1'],
    ['tags', 'r-1'],
  ])
  assert.deepEqual(states(), [{ name, revision: digest }], 'all that it has is applied')
  extension.closed()
  open()
  const entries = [
    { key: 'status', revision: 's-1' },
    { key: 'tags', revision: 'r-1' },
  ]
  assert.deepEqual(hello(), { version: 2, topics: [{ name, revision: digest, entries }] })
  assert.deepEqual(states().at(-1), { name, revision: digest }, 'and is told so once more')
  extension.hear({ type: 'BerthTopicEntries', message: { name, changed: [], gone: ['tags'] } })
  await turn()
  assert.equal(tags.tags, undefined, 'an entry that went is undone')
  // A control plane of before tells a topic whole, as an object.
  const before = { name, revision: 'w-1', content: { status: 'ACTIVE', tags: red.content } }
  extension.hear({ type: 'BerthTopic', message: before })
  await turn()
  assert.deepEqual(tags.tags, red.content)
  for (const unknown of [
    { ...before, name: 'unknown' },
    { ...before, content: 'x' },
  ])
    extension.hear({ type: 'BerthTopic', message: unknown })
})
