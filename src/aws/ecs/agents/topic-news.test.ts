import assert from 'node:assert/strict'
import { test } from 'node:test'

import fc from 'fast-check'

import { HostTopic } from '#agent/topics/host-topic.ts'
import { formatAcs, parseAcsDown } from '#wire/acs.ts'
import {
  TOPIC_CONTENT_CHARACTERS_MAX,
  TOPIC_ENTRIES_MAX,
  TOPIC_FRAME_MAX,
  TOPIC_KEY_LENGTH_MAX,
} from '#wire/limits.ts'
import { digestOf } from '#wire/topic.ts'

import { newsOf, type Revisions, revisionsOf, type TopicNow, topicNow } from './topic-news.ts'

const refused = (key: string): never => assert.fail(`${key} was refused`)
const now = (contents: Readonly<Record<string, unknown>>): TopicNow =>
  topicNow(
    Object.entries(contents).map(([key, content]) => ({ key, content })),
    refused,
  )

/** A host that hears what the control plane says, as the wire brings it. */
function host() {
  const quiet = { info: () => {}, warn: () => {}, error: () => {} }
  const clock = { now: () => 0, after: () => () => {}, sleep: () => Promise.resolve() }
  const ids = { hex: () => '', uuid: () => '', random: () => 0 }
  const topic = new HostTopic({ clock, ids, log: quiet, name: 't', apply: async () => undefined })
  /** Gives how many entries were named. */
  const hear = (has: Revisions | undefined, is: TopicNow): number => {
    let named = 0
    for (const message of newsOf('t', has, is)) {
      const frame = parseAcsDown(formatAcs({ type: 'BerthTopicEntries', message }))
      assert.ok(frame?.type === 'BerthTopicEntries')
      topic.hear(frame.message)
      named += message.changed.length + message.gone.length
    }
    return named
  }
  const revisions = (): Revisions =>
    new Map(topic.revisions.map(({ key, revision }) => [key, revision]))
  return { topic, hear, revisions }
}

const key = fc.constantFrom('a', 'b', 'c', 'd', 'arn:aws:x/1', '~"\\')
const contents = fc.dictionary(key, fc.oneof(fc.constant(null), fc.nat(3), fc.json()), {
  maxKeys: 6,
})

test('whatever a host has, the news bring it to what it is to have, and name nothing else', () => {
  fc.assert(
    fc.property(fc.array(contents, { maxLength: 5 }), fc.boolean(), (stages, byDigest) => {
      const { topic, hear, revisions } = host()
      let before: TopicNow = new Map()
      for (const stage of stages) {
        const after = now(stage)
        const same = [...after].filter(
          ([one, { revision }]) => before.get(one)?.revision === revision,
        )
        const different = after.size + before.size - same.length
        const known = revisions()
        const named = hear(byDigest ? undefined : known, after)
        const changedOnly = [...after.keys()].filter((one) => before.has(one)).length - same.length
        assert.equal(named, byDigest ? after.size : different - changedOnly - same.length)
        assert.deepEqual(Object.fromEntries(revisions()), Object.fromEntries(revisionsOf(after)))
        assert.equal(topic.revision, digestOf(revisionsOf(after)))
        before = after
      }
    }),
  )
})

test('a revision is of the content, whatever the order of its members', () => {
  const [one, other] = [now({ a: { x: 1, y: [2] } }), now({ a: { y: [2], x: 1 } })]
  assert.deepEqual(newsOf('t', revisionsOf(one), other), [])
  assert.equal(newsOf('t', revisionsOf(one), now({ a: { x: 1, y: [3] } })).length, 1)
})

test('frames are as large as the wire allows and no larger, and the last of a whole telling says so', () => {
  const { hear, revisions } = host()
  const small = Array.from({ length: TOPIC_FRAME_MAX.entries + 1 }, (_, at) => [`k${at}`, at])
  const many = now(Object.fromEntries(small))
  assert.deepEqual(
    newsOf('t', undefined, many).map(({ changed, whole, more }) => [changed.length, whole, more]),
    [
      [TOPIC_FRAME_MAX.entries, true, true],
      [1, true, false],
    ],
  )
  hear(undefined, many)
  assert.deepEqual(revisions(), revisionsOf(many))
  const flood = '1,'.repeat(TOPIC_CONTENT_CHARACTERS_MAX / 2 - 1)
  const large = now({
    a: JSON.parse(`[${flood}1]`.replace(/^\[1,/, '[')),
    b: 'x'.repeat(100_000),
    c: 0,
  })
  assert.equal(newsOf('t', new Map(), large).length, 1)
  hear(revisionsOf(many), large)
  assert.deepEqual(revisions(), revisionsOf(large))
  assert.deepEqual(newsOf('t', undefined, new Map()).length, 1, 'nothing is told as nothing')
  assert.deepEqual(newsOf('t', new Map(), new Map()), [])
})

test('what is beyond a limit is left out and named, and the rest is told', () => {
  const left: string[] = []
  const entries = [
    { key: 'large', content: 'x'.repeat(TOPIC_CONTENT_CHARACTERS_MAX) },
    { key: 'k'.repeat(TOPIC_KEY_LENGTH_MAX + 1), content: 1 },
    { key: 'two words', content: 1 },
    { key: 'fine', content: 1 },
  ]
  assert.deepEqual([...topicNow(entries, (one) => left.push(one)).keys()], ['fine'])
  assert.equal(left.length, 3)
  const many = Array.from({ length: TOPIC_ENTRIES_MAX + 1 }, (_, at) => ({
    key: `k${at}`,
    content: 1,
  }))
  assert.equal(topicNow(many, (one) => left.push(one)).size, TOPIC_ENTRIES_MAX)
  assert.equal(left.at(-1), `k${TOPIC_ENTRIES_MAX}`)
})
