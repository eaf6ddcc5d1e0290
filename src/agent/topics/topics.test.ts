import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { Clock } from '#kernel/clock.ts'
import {
  HELLO_ENTRIES_MAX,
  TOPIC_ENTRIES_MAX,
  TOPIC_OBSERVED_CHARACTERS_MAX,
} from '#wire/limits.ts'
import { digestOf, type TopicState } from '#wire/topic.ts'

import type { Part } from '../part.ts'
import { Topics } from './topics.ts'

const turn = () => new Promise((done) => setImmediate(done))
const entry = (key: string, revision: string, content: unknown = revision) => ({
  key,
  revision,
  content,
})

function prepared(apply: NonNullable<Part['apply']>) {
  let due: { readonly ms: number; readonly run: () => void } | undefined
  const clock: Clock = {
    now: () => 0,
    after: (ms, run) => {
      const timer = { ms, run }
      due = timer
      return () => {
        if (due === timer) due = undefined
      }
    },
    sleep: () => Promise.resolve(),
  }
  const ids = { hex: () => '', uuid: () => '', random: () => 0 }
  const warned: unknown[] = []
  const log = { info: () => {}, warn: (...line: unknown[]) => warned.push(line), error: () => {} }
  const applied: [string, unknown][] = []
  const part: Part = {
    topic: 'net',
    apply: (key, content) => {
      applied.push([key, content])
      return apply(key, content)
    },
  }
  const topics = new Topics([part], { clock, ids, log })
  const told: TopicState[] = []
  topics.opened((state) => told.push(state))
  const hear = async (
    changed: readonly ReturnType<typeof entry>[],
    gone: readonly string[] = [],
    more: object = {},
  ) => {
    topics.hear({ name: 'net', changed, gone, ...more })
    await turn()
  }
  /** Lets the time of the next retry come. */
  const retry = async (): Promise<number> => {
    const timer = due
    assert.ok(timer, 'something is to be tried again')
    due = undefined
    timer.run()
    await turn()
    return timer.ms
  }
  return { topics, told, applied, hear, retry, warned, isDue: () => due !== undefined }
}

test('an entry that fails is told up and tried again, and the others do not wait for it', async () => {
  let broken = true
  const { told, applied, hear, retry, warned, isDue } = prepared((key) => {
    if (key === 'bad' && broken) throw new Error('no such device')
    return key === 'good' ? { address: '10.0.0.1' } : undefined
  })
  await hear([entry('bad', '1'), entry('good', '1')])
  const revision = digestOf([
    ['bad', '1'],
    ['good', '1'],
  ])
  const failed = { key: 'bad', revision: '1', state: 'failed', reason: 'no such device' }
  const good = { key: 'good', revision: '1', state: 'applied', observed: { address: '10.0.0.1' } }
  assert.deepEqual(told, [{ name: 'net', revision, entries: [failed, good] }])
  assert.equal(await retry(), 1000)
  assert.equal(await retry(), 2000, 'each wait is longer than the one before')
  assert.deepEqual([told.length, warned.length], [1, 3], 'what fails again is no news')
  broken = false
  await retry()
  assert.deepEqual(applied.at(-1), ['bad', '1'])
  assert.equal(told.length, 2)
  assert.deepEqual(told[1]?.entries, [
    { key: 'bad', revision: '1', state: 'applied', observed: undefined },
  ])
  assert.ok(!isDue())
})

test('only what changed is applied, and what went is undone, again and again until that is done', async () => {
  let stuck = true
  const { applied, hear, retry, told } = prepared((_key, content) => {
    if (content === undefined && stuck) throw new Error('in use')
  })
  await hear([entry('a', '1'), entry('b', '1')])
  await hear([entry('b', '2')], ['a'])
  assert.deepEqual(applied.slice(2), [
    ['a', undefined],
    ['b', '2'],
  ])
  stuck = false
  await retry()
  assert.deepEqual(applied.at(-1), ['a', undefined])
  const revision = digestOf([['b', '2']])
  assert.deepEqual(told.at(-1), { name: 'net', revision })
})

test('a whole telling counts when its last frame has come, and undoes only what it does not name', async () => {
  const { topics, applied, hear } = prepared(() => undefined)
  await hear([entry('a', '1'), entry('b', '1'), entry('c', '1')])
  applied.length = 0
  await hear([entry('a', '1')], [], { whole: true, more: true })
  topics.closed()
  topics.opened(() => {})
  await hear([entry('b', '1')], [], { whole: true, more: true })
  assert.deepEqual(applied, [], 'what a lost connection began is forgotten')
  await hear([entry('c', '2')], [], { whole: true, more: false })
  assert.deepEqual(applied, [
    ['a', undefined],
    ['c', '2'],
  ])
})

test('what changes while it is applied is applied anew; what has ended applies nothing', async () => {
  const first = Promise.withResolvers<void>()
  const { topics, applied, hear, told } = prepared((_key, content) =>
    content === '1' ? first.promise : undefined,
  )
  await hear([entry('a', '1')])
  await hear([entry('a', '2')])
  assert.deepEqual(applied, [['a', '1']])
  first.resolve()
  await turn()
  assert.deepEqual(applied.at(-1), ['a', '2'])
  assert.deepEqual(told.at(-1), { name: 'net', revision: digestOf([['a', '2']]) })
  topics.stop()
  await hear([entry('a', '3')])
  assert.equal(applied.length, 2)
})

test('limits: large topics are known by their digest, too many entries are refused, and so is much that was observed', async () => {
  const { topics, hear, told } = prepared((key) =>
    key === 'talks' ? 'x'.repeat(TOPIC_OBSERVED_CHARACTERS_MAX) : undefined,
  )
  const many = (count: number) => Array.from({ length: count }, (_, at) => entry(`k${at}`, '1'))
  await hear(many(HELLO_ENTRIES_MAX))
  assert.equal(topics.known()[0]?.entries?.length, HELLO_ENTRIES_MAX)
  await hear(many(HELLO_ENTRIES_MAX + 1))
  assert.deepEqual(topics.known(), [{ name: 'net', revision: topics.known()[0]?.revision }])
  await hear([entry('talks', '1')])
  assert.match(told.at(-1)?.entries?.[0]?.reason ?? '', /were observed/)
  const tooMany = { name: 'net', changed: many(TOPIC_ENTRIES_MAX + 1), gone: [] }
  assert.throws(() => topics.hear(tooMany), /more than 10000 entries/)
  topics.hear({ ...tooMany, name: 'of nobody here' })
})
