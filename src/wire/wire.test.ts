import assert from 'node:assert/strict'
import { test } from 'node:test'

import fc from 'fast-check'

import { formatAcs, parseAcsDown, parseAcsUp } from './acs.ts'
import { acsUrl, parseAcsConnect, parseTcsConnect, tcsUrl } from './connect.ts'
import { parseFrame } from './frame.ts'
import { ACS_DOWN_FRAMES, ACS_UP_FRAMES, TCS_UP_FRAMES } from './frames.fixture.ts'
import {
  ACS_FRAME_BYTES_MAX,
  HELLO_ENTRIES_MAX,
  REASON_LENGTH_MAX,
  TOPIC_CONTENT_CHARACTERS_MAX,
  TOPIC_FRAME_MAX,
  TOPIC_KEY_LENGTH_MAX,
  TOPIC_OBSERVED_CHARACTERS_MAX,
  TOPIC_REVISION_LENGTH_MAX,
  TOPIC_STATES_MAX,
} from './limits.ts'
import { list, name, object, WireError } from './read.ts'
import { formatRefusal, parseRefusal, REFUSALS } from './refusal.ts'
import { readTask } from './task.ts'
import { formatTcs, joinSignedFrame, parseTcsUp, splitSignedFrame } from './tcs.ts'
import { TOPICS_VERSION } from './topic.ts'

test('every frame of the public agent is read whole, and written as it was', () => {
  for (const frame of Object.values(ACS_DOWN_FRAMES))
    assert.deepEqual(parseAcsDown(JSON.stringify(frame)), frame)
  for (const frame of Object.values(ACS_UP_FRAMES))
    assert.deepEqual(parseAcsUp(formatAcs(frame)), frame)
  for (const frame of Object.values(TCS_UP_FRAMES))
    assert.deepEqual(parseTcsUp(formatTcs(frame)), frame)
})

test('a task of a payload is read whole', () => {
  for (const { message } of [ACS_DOWN_FRAMES.payload, ACS_DOWN_FRAMES.stop])
    assert.deepEqual(
      message.tasks.map((task) => readTask(task, 'task')),
      message.tasks,
    )
})

test('an unknown type is ignored, unknown members are left out, null is absence', () => {
  assert.equal(parseAcsDown('{"type":"StageUpdateMessage","message":{}}'), undefined)
  assert.equal(parseAcsDown('{"type":"toString","message":{}}'), undefined)
  assert.deepEqual(parseAcsDown('{"type":"HeartbeatMessage","message":{"new":1,"healthy":null}}'), {
    type: 'HeartbeatMessage',
    message: {},
  })
})

test('what is malformed is an error that names the place and never the value', () => {
  const cases: readonly [string, RegExp][] = [
    ['', /not JSON/],
    ['[]', /frame is not an object/],
    ['{"type":"PayloadMessage"}', /PayloadMessage is not an object/],
    ['{"type":"PayloadMessage","message":{"clusterArn":7}}', /clusterArn is not a string/],
    ['{"type":"HeartbeatMessage","message":{"healthy":"SECRET"}}', /healthy is not true or false/],
  ]
  for (const [frame, expected] of cases)
    assert.throws(
      () => parseAcsDown(frame),
      (error) =>
        error instanceof WireError &&
        expected.test(error.message) &&
        !error.message.includes('SECRET'),
    )
  assert.throws(() => parseAcsDown(' '.repeat(ACS_FRAME_BYTES_MAX + 1)), /larger than/)
  const deep = `{"type":"PayloadMessage","message":${'['.repeat(100_000)}${']'.repeat(100_000)}}`
  assert.throws(() => parseAcsDown(deep), WireError)
})

test('no bytes make a reader do worse than refuse', () => {
  const valid = Object.values(ACS_DOWN_FRAMES).map((frame) => JSON.stringify(frame))
  const mangled = fc
    .record({ text: fc.constantFrom(...valid), at: fc.nat(), put: fc.string({ maxLength: 3 }) })
    .map(({ text, at, put }) => {
      const place = at % text.length
      return text.slice(0, place) + put + text.slice(place + put.length)
    })
  fc.assert(
    fc.property(fc.oneof(mangled, fc.json(), fc.string()), (frame) => {
      for (const read of [parseAcsDown, parseAcsUp, parseTcsUp, splitSignedFrame])
        try {
          read(frame)
        } catch (error) {
          assert.ok(error instanceof WireError)
        }
    }),
  )
})

test("the sockets' addresses carry who connects", () => {
  const acs = {
    agentHash: 'a8b3e7d3',
    agentVersion: '1.105.1',
    clusterArn: 'default',
    containerInstanceArn: 'arn:aws:ecs:us-east-1:123456789012:container-instance/default/1',
    dockerVersion: 'DockerVersion: 20.10.24+dfsg1',
    sendCredentials: true,
  }
  const url = acsUrl('https://host.test/acs', acs)
  assert.equal(
    url,
    'wss://host.test/acs/ws?agentHash=a8b3e7d3&agentVersion=1.105.1&clusterArn=default&' +
      'containerInstanceArn=arn%3Aaws%3Aecs%3Aus-east-1%3A123456789012%3Acontainer-instance%2Fdefault%2F1&' +
      'dockerVersion=DockerVersion%3A+20.10.24%2Bdfsg1&protocolVersion=2&sendCredentials=true&seqNum=1',
  )
  assert.deepEqual(parseAcsConnect(url.slice('wss://host.test'.length)), acs)
  const tcs = {
    agentHash: 'a8b3e7d3',
    agentVersion: '1.105.1',
    cluster: 'default',
    containerInstance: acs.containerInstanceArn,
    dockerVersion: '20.10.24+dfsg1',
  }
  assert.deepEqual(parseTcsConnect(tcsUrl('http://host.test/tcs/', tcs)), tcs)
  assert.throws(() => parseAcsConnect('/acs/ws'), WireError)
})

test('a signed frame is a block of headers and a body', () => {
  const body = formatTcs(TCS_UP_FRAMES.idle)
  const text = joinSignedFrame({ headers: { Host: 'host.test:1', 'X-Amz-Date': 'd' }, body })
  assert.equal(text, `Host: host.test:1\r\nX-Amz-Date: d\r\n\r\n${body}`)
  assert.deepEqual(splitSignedFrame(text), {
    headers: { host: 'host.test:1', 'x-amz-date': 'd' },
    body,
  })
  assert.throws(() => splitSignedFrame('{}'), WireError)
})

test('a refusal is read in both its forms', () => {
  for (const type of REFUSALS)
    assert.deepEqual(parseRefusal(formatRefusal({ type, message: 'why' })), {
      type,
      message: 'why',
    })
  assert.deepEqual(parseRefusal('{"type":"ServerException","message":"why"}'), {
    type: 'ServerException',
    message: 'why',
  })
  for (const other of ['', 'null', '[]', '{"Other":"x"}'])
    assert.equal(parseRefusal(other), undefined)
})

test('a frame of any type is counted before it is parsed', () => {
  for (const message of [`${'['.repeat(100)}${']'.repeat(100)}`, `[${'1,'.repeat(200_000)}1]`])
    assert.throws(
      () => parseAcsUp(`{"type":"Nope","message":${message}}`),
      /nests too deeply, or has too many values/,
    )
})

test('what a host says has a length: names, numbers and lists', () => {
  const said = (type: string, message: object): string => JSON.stringify({ type, message })
  const change = (container: object): string =>
    said('BerthStateChanges', {
      messageId: 'm',
      changes: [
        {
          task: 't',
          status: 'RUNNING',
          containers: [{ containerName: 'c', status: 'RUNNING', ...container }],
        },
      ],
    })
  const binding = { protocol: 'tcp' }
  for (const [frame, words] of [
    [said('HeartbeatAckRequest', { messageId: 'x'.repeat(4097) }), /more than 4096 characters/],
    [change({ exitCode: 2 ** 31 }), /not a 32-bit integer/],
    [change({ networkBindings: [{ ...binding, hostPort: -(2 ** 31) - 1 }] }), /32-bit/],
    [change({ networkBindings: Array.from({ length: 101 }, () => binding) }), /more than 100/],
  ] as const)
    assert.throws(() => parseAcsUp(frame), words)
  assert.ok(parseAcsUp(change({ exitCode: -(2 ** 31), networkBindings: [binding] })))
})

test('a hello with entries is one to a control plane of before, and its own frames are unknown to that', () => {
  const before = {
    BerthHello: object({ topics: list(object({ name, revision: name })) }),
  }
  const { hello, topicState } = ACS_UP_FRAMES
  assert.deepEqual(parseFrame(before, JSON.stringify(hello), ACS_FRAME_BYTES_MAX)?.message, {
    topics: hello.message.topics.map(({ name: named, revision }) => ({ name: named, revision })),
  })
  assert.equal(parseFrame(before, JSON.stringify(topicState), ACS_FRAME_BYTES_MAX), undefined)
})

test('what is said of topics has limits, each with its name', () => {
  const entry = { key: 'k', revision: 'r' }
  const entries = (count: number, more: object = {}) =>
    Array.from({ length: count }, () => ({ ...entry, ...more }))
  const applied = { state: 'applied' }
  const hello = (topic: object) =>
    ['BerthHello', { version: 2, topics: [{ name: 't', revision: 'r', ...topic }] }] as const
  const state = (one: object, count = 1) =>
    ['BerthTopicState', { name: 't', revision: 'r', entries: entries(count, one) }] as const
  const news = (message: object) =>
    ['BerthTopicEntries', { name: 't', changed: [], gone: [], ...message }] as const
  const cases: readonly [readonly [type: string, message: object], RegExp | undefined][] = [
    [hello({ entries: entries(HELLO_ENTRIES_MAX) }), undefined],
    [hello({ entries: entries(HELLO_ENTRIES_MAX + 1) }), /entries has more than/],
    [hello({ name: 'n'.repeat(TOPIC_KEY_LENGTH_MAX + 1) }), /name is no key/],
    [hello({ name: 'two words' }), /name is no key/],
    [hello({ revision: '' }), /revision is empty/],
    [hello({ revision: 'r'.repeat(TOPIC_REVISION_LENGTH_MAX + 1) }), /revision is longer/],
    [state(applied, TOPIC_STATES_MAX), undefined],
    [state(applied, TOPIC_STATES_MAX + 1), /entries has more than/],
    [state({ ...applied, observed: null }), undefined],
    [
      state({ ...applied, observed: 'x'.repeat(TOPIC_OBSERVED_CHARACTERS_MAX) }),
      /observed has more than/,
    ],
    [state({ state: 'failed', reason: 'x'.repeat(REASON_LENGTH_MAX + 1) }), /reason is longer/],
    [state({ state: 'perhaps' }), /state is none of/],
    [news({ changed: entries(1, { content: null }) }), undefined],
    [news({ changed: entries(1) }), /content is not there/],
    [
      news({ changed: entries(1, { content: 'x'.repeat(TOPIC_CONTENT_CHARACTERS_MAX) }) }),
      /content has more than/,
    ],
    [
      news({ gone: Array.from({ length: TOPIC_FRAME_MAX.entries + 1 }, () => 'k') }),
      /gone has more than/,
    ],
  ]
  for (const [[type, message], refusal] of cases) {
    const frame = JSON.stringify({ type, message })
    const read = () => (type === 'BerthTopicEntries' ? parseAcsDown(frame) : parseAcsUp(frame))
    if (refusal) assert.throws(read, refusal)
    else assert.ok(read(), type)
  }
  const largest = {
    version: TOPICS_VERSION,
    topics: [
      {
        name: 't',
        revision: 'r',
        entries: Array.from({ length: HELLO_ENTRIES_MAX }, () => ({
          key: '"'.repeat(TOPIC_KEY_LENGTH_MAX),
          revision: 'r'.repeat(TOPIC_REVISION_LENGTH_MAX),
        })),
      },
    ],
  }
  assert.ok(parseAcsUp(formatAcs({ type: 'BerthHello', message: largest })))
})
