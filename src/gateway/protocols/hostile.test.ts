import assert from 'node:assert/strict'
import { test } from 'node:test'

import { encode } from 'cbor-x'
import fc from 'fast-check'

import { asJson, ask, deskOf, type Sent } from '../gateway.fixture.ts'
import { modelOf } from '../model.ts'
import { encodeCbor } from './cbor-write.ts'
import { decodeCbor } from './cbor.ts'
import { parseJson } from './json.ts'

const desk = () =>
  deskOf({
    'ecs:ListClusters': () => ({}),
    'ecs:TagResource': () => ({}),
    'elbv2:DescribeLoadBalancers': () => ({}),
    's3:CreateBucket': () => ({}),
  })
const deep = (open: string, close: string, levels: number) =>
  open.repeat(levels) + close.repeat(levels)

const DOCUMENTS: Readonly<Record<string, string>> = {
  'no JSON': '{',
  'a list of nothing else': '[]',
  'a text': '"x"',
  'ten thousand levels': deep('[', ']', 10_000),
  'ten thousand levels in a member': `{"nextToken":${deep('{"a":', '}', 10_000)}}`,
  'a member twice': '{"nextToken":"a","nextToken":"b"}',
  'a member twice, once in escapes': '{"nextToken":"a\\\\","next\\u0054oken":"b"}',
  'a member twice, deep down': '{"x":[{"a":1,"b":":","a":2}]}',
  'a byte order mark': '\uFEFF{}',
  'a lone surrogate': '{"nextToken":"\\ud800"}',
  'a number too large': '{"maxResults":1e400}',
  'half a number': '{"maxResults":1.5}',
  'a number for a text': '{"nextToken":1}',
  'a text for a number': '{"maxResults":"1"}',
  'a list for a text': '{"nextToken":["a"]}',
  'a structure for a text': '{"nextToken":{"a":1}}',
}
for (const [what, body] of Object.entries(DOCUMENTS))
  test(`JSON that is ${what} is a SerializationException`, async () => {
    const answer = await ask(desk(), { ...asJson('ListClusters', {}), body })
    assert.deepEqual(
      [answer.status, (JSON.parse(answer.text) as { __type: string }).__type],
      [400, 'SerializationException'],
    )
  })

const NULLS: readonly (readonly [string, object, string])[] = [
  [
    'TagResource',
    { resourceArn: 'a', tags: [{ key: 'a' }, null] },
    "Expected structure or map, found NULL_VALUE (at 'tags.2')",
  ],
  [
    'RegisterTaskDefinition',
    { family: 'f', containerDefinitions: [{ command: [null] }] },
    "NULL_VALUE can not be converted to a String (at 'containerDefinitions.1.command.1')",
  ],
]
for (const [operation, input, message] of NULLS)
  test(`a null in a list of ${operation} is a SerializationException, in JSON and in CBOR`, async () => {
    const heard = deskOf({ [`ecs:${operation}`]: () => ({}) })
    const inCbor = {
      service: 'ecs',
      path: `/service/AmazonEC2ContainerServiceV20141113/operation/${operation}`,
      headers: { 'content-type': 'application/cbor', 'smithy-protocol': 'rpc-v2-cbor' },
      body: encode(input),
    }
    const refused = { __type: 'SerializationException', message }
    const json = await ask(heard, asJson(operation, input))
    assert.deepEqual([json.status, JSON.parse(json.text)], [400, refused])
    const cbor = await ask(heard, inCbor)
    assert.deepEqual(
      [cbor.status, decodeCbor(cbor.body as Uint8Array, { depth: 10, values: 1000 })],
      [400, refused],
    )
    assert.deepEqual(heard.heard, [])
  })

test('CBOR with a key twice is refused, however its map is written', () => {
  const pair = [0x61, 0x61, 0x01]
  for (const bytes of [
    [0xa2, ...pair, ...pair],
    [0xbf, ...pair, ...pair, 0xff],
    [0xa1, 0x61, 0x62, 0xa2, ...pair, ...pair],
  ])
    assert.throws(() => decodeCbor(new Uint8Array(bytes), { depth: 10, values: 1000 }), {
      code: 'SerializationException',
    })
  assert.deepEqual(decodeCbor(new Uint8Array([0xa1, ...pair]), { depth: 10, values: 1000 }), {
    a: 1,
  })
})

test('values are counted while a body is read, in each protocol', () => {
  const max = { depth: 100, values: 1000 }
  const refused = { code: 'SerializationException', message: /more than 1000 values/ }
  const list = (head: number[], item: number[]) =>
    new Uint8Array([...head, ...Array.from({ length: 2000 }, () => item).flat(), 0xff])
  for (const bytes of [
    list([0x9f], [0xa0]),
    list([0x9f], [0x60]),
    // One text of empty chunks.
    list([0x7f], [0x60]),
    list([0x5f], [0x40]),
  ])
    assert.throws(() => decodeCbor(bytes, max), refused)
  for (const text of [`[${'{},'.repeat(2000)}1]`, `[${'1,'.repeat(2000)}1]`, '[],'.repeat(2000)])
    assert.throws(() => parseJson(Buffer.from(text), max), refused)
  assert.deepEqual(parseJson(Buffer.from(`["${',{'.repeat(2000)}"]`), max), [',{'.repeat(2000)])
})

test('bytes that are no UTF-8 are a SerializationException, nulls are absent', async () => {
  assert.equal(
    (await ask(desk(), { ...asJson('ListClusters', {}), body: new Uint8Array([0x22, 0xff, 0x22]) }))
      .status,
    400,
  )
  const nulls = desk()
  assert.equal((await ask(nulls, asJson('ListClusters', { nextToken: null }))).status, 200)
  assert.deepEqual(nulls.heard, [{}])
})

test('forms: gaps and huge indexes are an order, and nothing is allocated by them', async () => {
  const heard = desk()
  const sent = (body: string): Sent => ({
    service: 'elasticloadbalancing',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: `Action=DescribeLoadBalancers&Version=2015-12-01&${body}`,
  })
  assert.equal((await ask(heard, sent('Names.member.999999999=b&Names.member.2=a'))).status, 200)
  assert.equal((await ask(heard, sent('Names='))).status, 200)
  assert.deepEqual(heard.heard, [{ Names: ['a', 'b'] }, { Names: [] }])
  for (const bad of ['Names.member.x=a', 'PageSize=ten', `Names.member.1${'.a'.repeat(200)}=x`])
    assert.equal((await ask(desk(), sent(bad))).status, 400)
})

test('XML: no document types, no depth, no half documents', async () => {
  const sent = (body: string): Sent => ({
    service: 's3',
    method: 'PUT',
    path: '/bucket',
    headers: { 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' },
    body,
  })
  const good = desk()
  assert.equal(
    (
      await ask(
        good,
        sent(
          '<CreateBucketConfiguration xmlns="x"><LocationConstraint>eu-west-1</LocationConstraint></CreateBucketConfiguration>',
        ),
      )
    ).status,
    200,
  )
  assert.deepEqual(good.heard, [
    { Bucket: 'bucket', CreateBucketConfiguration: { LocationConstraint: 'eu-west-1' } },
  ])
  for (const bad of [
    '<a',
    '<a></b>',
    '<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>',
    deep('<a>', '</a>', 1000),
  ])
    assert.equal((await ask(desk(), sent(bad))).status, 400)
})

test('CBOR: a length that the body does not have costs nothing', () => {
  for (const bytes of [
    [0x9b, 0, 0, 0, 1, 0, 0, 0, 0],
    [0xbb, 255, 255, 255, 255, 255, 255, 255, 255],
    [0x5b, 0, 0, 1, 0, 0, 0, 0, 0],
    [0x7f, 0x41, 0x61, 0xff],
    [0xa1, 0x01, 0x01],
    [0xff],
    [0x9f],
    [],
    [0x01, 0x01],
    [0xc1, 0x61, 0x61],
    [0x61, 0xff],
    Array.from({ length: 10_000 }, () => 0x81),
  ])
    assert.throws(() => decodeCbor(new Uint8Array(bytes), { depth: 100, values: 1000 }), {
      code: 'SerializationException',
    })
})

test('CBOR: what another encoder writes is read, `__proto__` included', () => {
  const value = fc.letrec((tie) => ({
    any: fc.oneof(
      { maxDepth: 4 },
      fc.string(),
      fc.maxSafeInteger(),
      fc.double({ noNaN: true }).filter((each) => !Object.is(each, -0)),
      fc.boolean(),
      fc.array(tie('any'), { maxLength: 3 }),
      fc
        .dictionary(fc.string(), tie('any'), { maxKeys: 3, noNullPrototype: true })
        .filter((each) => !Object.hasOwn(each, '__proto__')),
    ),
  })).any
  fc.assert(
    fc.property(value, (each) =>
      assert.deepEqual(decodeCbor(encode(each), { depth: 100, values: 1000 }), each),
    ),
    { numRuns: 500, seed: 1 },
  )
  const proto = decodeCbor(new Uint8Array([0xa1, 0x69, ...Buffer.from('__proto__'), 0x01]), {
    depth: 10,
    values: 1000,
  }) as object
  assert.deepEqual(Object.keys(proto), ['__proto__'])
  // Indefinite lengths, which Smithy allows and cbor-x does not write.
  assert.deepEqual(
    decodeCbor(
      new Uint8Array([
        0xbf, 0x61, 0x61, 0x9f, 0x01, 0xf9, 0x3e, 0x00, 0xff, 0x61, 0x62, 0x7f, 0x61, 0x63, 0x61,
        0x64, 0xff, 0xff,
      ]),
      { depth: 10, values: 1000 },
    ),
    { a: [1, 1.5], b: 'cd' },
  )
})

test('CBOR: numbers keep their size and sign', () => {
  const shape = modelOf('cloudwatch').operations.get('PutMetricData')!.input
  for (const Value of [
    0,
    23,
    24,
    255,
    256,
    65_535,
    65_536,
    2 ** 32,
    2 ** 53 - 1,
    -1,
    -24,
    -25,
    1.5,
    1e300,
    -0,
  ])
    assert.deepEqual(
      decodeCbor(encodeCbor(shape, { Namespace: 'n', MetricData: [{ Value }] }), {
        depth: 10,
        values: 1000,
      }),
      { Namespace: 'n', MetricData: [{ Value }] },
    )
})
