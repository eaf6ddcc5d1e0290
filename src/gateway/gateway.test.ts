import assert from 'node:assert/strict'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'

import { AssertionFailure } from '#kernel/assert.ts'
import { Fault } from '#kernel/fault.ts'

import { asJson, ask, deskOf, sign, type Sent } from './gateway.fixture.ts'
import { decodeCbor } from './protocols/cbor.ts'

const FORM = { 'content-type': 'application/x-www-form-urlencoded' }
const CBOR = { 'content-type': 'application/cbor', 'smithy-protocol': 'rpc-v2-cbor' }
/** One operation that no room has built yet, in each protocol. */
const UNBUILT: Readonly<Record<string, Sent>> = {
  'json-1.1': asJson('CreateTaskSet', {}),
  'json-1.0': {
    ...asJson('CreateTaskSet', {}),
    headers: {
      'content-type': 'application/x-amz-json-1.0',
      'x-amz-target': 'AmazonEC2ContainerServiceV20141113.CreateTaskSet',
    },
  },
  cbor: {
    service: 'ecs',
    path: '/service/AmazonEC2ContainerServiceV20141113/operation/CreateTaskSet',
    headers: CBOR,
  },
  'query of a JSON service': {
    service: 'ecs',
    headers: FORM,
    body: 'Action=CreateTaskSet&Version=2014-11-13',
  },
  query: {
    service: 'elasticloadbalancing',
    headers: FORM,
    body: 'Action=CreateTaskSet&Version=2015-12-01'.replace('CreateTaskSet', 'DescribeSSLPolicies'),
  },
  ec2: { service: 'ec2', headers: FORM, body: 'Action=DescribeVpcs&Version=2016-11-15' },
  'rest-json': { service: 'lambda', method: 'GET', path: '/2015-03-31/functions' },
  'rest-xml': {
    service: 's3',
    method: 'GET',
    path: '/bucket',
    query: { 'list-type': '2' },
    headers: { 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' },
  },
  's3 by host': {
    service: 's3',
    method: 'GET',
    path: '/',
    query: { 'list-type': '2' },
    headers: { host: 'bucket.localhost', 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' },
  },
}
const NAMES: Readonly<Record<string, string>> = {
  query: 'elbv2:DescribeSSLPolicies',
  ec2: 'ec2:DescribeVpcs',
  'rest-json': 'lambda:ListFunctions',
  'rest-xml': 's3:ListObjectsV2',
  's3 by host': 's3:ListObjectsV2',
}

for (const [protocol, sent] of Object.entries(UNBUILT)) {
  test(`trap 14: an operation that is not built is 501 and named, in ${protocol}`, async () => {
    const answer = await ask(deskOf(), sent)
    assert.equal(answer.status, 501)
    assert.match(
      answer.text,
      new RegExp(`${NAMES[protocol] ?? 'ecs:CreateTaskSet'} is not implemented`),
    )
    assert.match(
      answer.text,
      /NotImplemented/.test(JSON.stringify(answer.headers)) ? /./ : /NotImplemented/,
    )
    assert.doesNotMatch(answer.text, /<html/i)
  })

  test(`trap 18: nobody hears anything unsigned, in ${protocol}`, async () => {
    const { gateway } = deskOf()
    const signed = await sign(sent)
    const wrong = signed.headers.map(([name, value]): [string, string] => [
      name,
      name === 'authorization' ? value.replace('AKIDEXAMPLE', 'AKIDNOBODY') : value,
    ])
    const answer = await gateway.answer({ ...signed, headers: wrong })
    assert.ok(answer.status >= 400 && answer.status < 500)
    assert.doesNotMatch(Buffer.from(answer.body).toString(), /CreateTaskSet|NotImplemented/)
    const bare = await gateway.answer({
      ...signed,
      headers: signed.headers.filter(([name]) => name !== 'authorization'),
    })
    assert.ok(bare.status >= 400 && bare.status < 500)
    assert.match(
      Buffer.from(bare.body).toString() + JSON.stringify(bare.headers),
      /Missing ?Authentication|AccessDenied|Missing Auth/,
    )
  })
}

test('trap 14: an unknown operation is refused in the words of its protocol, and only to those who signed', async () => {
  const unknown: [Sent, number, RegExp][] = [
    [asJson('Nothing', {}), 400, /UnknownOperationException/],
    [
      { service: 'iam', headers: FORM, body: 'Action=Nothing&Version=2010-05-08' },
      400,
      /<Code>InvalidAction<.*Could not find operation Nothing for version 2010-05-08/,
    ],
    [
      { service: 'ec2', headers: FORM, body: 'Action=Nothing&Version=2016-11-15' },
      400,
      /<Code>InvalidAction<.*The action Nothing is not valid for this web service\./,
    ],
    [{ service: 'lambda', method: 'GET', path: '/nothing' }, 404, /No operation answers GET/],
    [
      {
        service: 's3',
        method: 'PATCH',
        path: '/b/k',
        headers: { 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' },
      },
      405,
      /<Code>MethodNotAllowed</,
    ],
  ]
  for (const [sent, status, text] of unknown) {
    const answer = await ask(deskOf(), sent)
    assert.equal(answer.status, status)
    assert.match(answer.text, text)
  }
})

test('an answer and a modelled fault in every protocol', async () => {
  const desk = deskOf({
    'ecs:DescribeClusters': () => ({
      clusters: [{ clusterName: 'a', runningTasksCount: 1, status: undefined }],
      failures: [],
    }),
    'ecs:DeleteCluster': () => {
      throw new Fault('ClusterNotFoundException', 'Cluster not found.')
    },
    'elbv2:DescribeLoadBalancers': () => {
      throw new Fault('LoadBalancerNotFoundException', 'One or more load balancers not found')
    },
    'sqs:GetQueueUrl': () => {
      throw new Fault('QueueDoesNotExist', 'The specified queue does not exist.')
    },
    'ecs:UpdateService': () => {
      throw new Fault('ConflictException', 'Taken', 400, { resourceIds: ['a'] })
    },
  })
  const json = await ask(desk, asJson('DescribeClusters', { clusters: ['a'] }))
  assert.deepEqual(JSON.parse(json.text), {
    clusters: [{ clusterName: 'a', runningTasksCount: 1 }],
    failures: [],
  })
  assert.equal(json.headers['content-type'], 'application/x-amz-json-1.1')
  const query = await ask(desk, {
    service: 'ecs',
    headers: FORM,
    body: 'Action=DescribeClusters&Version=2014-11-13&clusters.member.1=a',
  })
  assert.match(
    query.text,
    /<DescribeClustersResult><clusters><member><clusterName>a<\/clusterName>.*<failures><\/failures><\/DescribeClustersResult>/,
  )
  const cbor = await ask(desk, {
    service: 'ecs',
    path: '/service/AmazonEC2ContainerServiceV20141113/operation/DescribeClusters',
    headers: CBOR,
  })
  assert.deepEqual(decodeCbor(cbor.body as Uint8Array, { depth: 10, values: 1000 }), {
    clusters: [{ clusterName: 'a', runningTasksCount: 1 }],
    failures: [],
  })
  const fault = await ask(desk, asJson('DeleteCluster', { cluster: 'a' }))
  assert.deepEqual(
    [fault.status, JSON.parse(fault.text)],
    [400, { __type: 'ClusterNotFoundException', message: 'Cluster not found.' }],
  )
  const members = JSON.parse(
    (await ask(desk, asJson('UpdateService', { service: 's' }))).text,
  ) as object
  assert.deepEqual(members, { __type: 'ConflictException', message: 'Taken', resourceIds: ['a'] })
  const coded = await ask(desk, {
    service: 'elasticloadbalancing',
    headers: FORM,
    body: 'Action=DescribeLoadBalancers&Version=2015-12-01',
  })
  assert.match(coded.text, /<Type>Sender<\/Type><Code>LoadBalancerNotFound<\/Code>/)
  const compatible = await ask(desk, {
    ...asJson('GetQueueUrl', { QueueName: 'q' }, 'AmazonSQS'),
    service: 'sqs',
  })
  assert.equal(
    compatible.headers['x-amzn-query-error'],
    'AWS.SimpleQueueService.NonExistentQueue;Sender',
  )
  assert.match(compatible.text, /com\.amazonaws\.sqs#QueueDoesNotExist/)
})

test('what nobody expected is 500 with the request id, and never tells where it broke', async () => {
  const desk = deskOf({
    'ecs:ListClusters': () => {
      throw new TypeError('secret path /src/x.ts')
    },
  })
  const answer = await ask(desk, asJson('ListClusters', {}))
  assert.equal(answer.status, 500)
  assert.match(answer.text, /"__type":"InternalFailure".*request-1/)
  assert.doesNotMatch(answer.text, /secret|\.ts/)
  assert.deepEqual(desk.logged, ['request failed'])
})

test('an answer that its model does not know is our own mistake', async () => {
  for (const output of [
    { clusterArns: [], extra: 1 },
    { clusterArns: [1] },
    { clusterArns: 'a' },
  ]) {
    const desk = deskOf({ 'ecs:ListClusters': () => output })
    assert.equal((await ask(desk, asJson('ListClusters', {}))).status, 500)
    assert.deepEqual(desk.logged, ['assertion failed'])
  }
  assert.equal(new AssertionFailure('x').name, 'AssertionFailure')
})

test('a refusal of the authorizer has the code of its service', async () => {
  const operations = {
    'ecs:ListClusters': () => ({}),
    'iam:ListUsers': () => ({}),
    'ec2:DescribeVpcs': () => ({}),
    'lambda:ListFunctions': () => ({}),
  }
  const codes: unknown[] = []
  for (const sent of [
    asJson('ListClusters', {}),
    { service: 'iam', headers: FORM, body: 'Action=ListUsers&Version=2010-05-08' },
    UNBUILT['ec2']!,
    UNBUILT['rest-json']!,
  ]) {
    const answer = await ask(deskOf(operations, {}, false), sent)
    codes.push([
      answer.status,
      /AccessDenied\w*|UnauthorizedOperation/.exec(
        answer.text + JSON.stringify(answer.headers),
      )?.[0],
    ])
  }
  assert.deepEqual(codes, [
    [400, 'AccessDeniedException'],
    [403, 'AccessDenied'],
    [403, 'UnauthorizedOperation'],
    [403, 'AccessDeniedException'],
  ])
})

test('a gzipped body is verified as it came, and may not grow without end', async () => {
  const desk = deskOf({ 'ecs:ListClusters': () => ({ clusterArns: [] }) }, { inflatedBytes: 1000 })
  const gzipped = (text: string): Sent => ({
    ...asJson('ListClusters', {}),
    body: gzipSync(text),
    headers: { ...asJson('ListClusters', {}).headers, 'content-encoding': 'gzip' },
  })
  assert.equal((await ask(desk, gzipped('{"maxResults":1}'))).status, 200)
  assert.deepEqual(desk.heard, [{ maxResults: 1 }])
  assert.equal((await ask(desk, gzipped(`{"nextToken":"${'a'.repeat(5000)}"}`))).status, 413)
  assert.equal((await ask(desk, { ...gzipped('{}'), body: 'no gzip' })).status, 400)
})

test('bodies, headers and parameters have limits', async () => {
  const desk = deskOf({}, { bodyBytes: 10, headers: 20, parameters: 5, targetChars: 100 })
  assert.equal((await ask(desk, asJson('ListClusters', { nextToken: 'long enough' }))).status, 413)
  const many = await desk.gateway.answer({
    method: 'POST',
    target: '/',
    headers: Array.from({ length: 21 }, (_, index) => [`h${index}`, 'x'] as const),
    body: new Uint8Array(),
  })
  assert.equal(many.status, 431)
  assert.equal(
    (
      await desk.gateway.answer({
        method: 'POST',
        target: `/?${'a&'.repeat(6)}`,
        headers: [],
        body: new Uint8Array(),
      })
    ).status,
    400,
  )
  assert.equal(
    (
      await desk.gateway.answer({
        method: 'POST',
        target: `/${'a'.repeat(100)}`,
        headers: [],
        body: new Uint8Array(),
      })
    ).status,
    414,
  )
})

test('a service may take larger bodies, from those who have a key', async () => {
  const desk = deskOf({}, { bodyBytes: 10, bodyBytesOf: { logs: 1000 } })
  const sent: Sent = {
    ...asJson('PutLogEvents', { logGroupName: 'long enough' }, 'Logs_20140328'),
    service: 'logs',
  }
  assert.equal((await ask(desk, sent)).status, 501)
  const stranger = await sign(sent)
  const headers = stranger.headers.map(([name, value]): [string, string] => [
    name,
    value.replace('AKIDEXAMPLE', 'AKIDNOBODY'),
  ])
  assert.equal((await desk.gateway.answer({ ...stranger, headers })).status, 413)
})

test('unknown members and values are let pass, and told of', async () => {
  const desk = deskOf({ 'ecs:CreateService': () => ({}) })
  const input = {
    serviceName: 's',
    launchType: 'MOON',
    brandNew: 1,
    tags: [{ key: 'a', colour: 'red' }],
  }
  assert.equal((await ask(desk, asJson('CreateService', input))).status, 200)
  assert.deepEqual(desk.heard, [{ serviceName: 's', launchType: 'MOON', tags: [{ key: 'a' }] }])
  assert.deepEqual(
    desk.found.map(({ kind, path }) => `${kind} ${path}`),
    ['unknown member tags.1.colour', 'unknown member brandNew', 'unknown enum value launchType'],
  )
})
