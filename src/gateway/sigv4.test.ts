import assert from 'node:assert/strict'
import { test } from 'node:test'

import fc from 'fast-check'

import {
  asJson,
  ask,
  aws4,
  deskOf,
  KEY,
  NOW,
  SESSION,
  sign,
  type Sent,
  type Signed,
} from './gateway.fixture.ts'

const desk = () =>
  deskOf({
    'ecs:ListClusters': () => ({ clusterArns: [] }),
    'iam:ListUsers': () => ({ Users: [] }),
  })
const LIST = asJson('ListClusters', {})
const QUERY: Sent = {
  service: 'iam',
  headers: { 'content-type': 'application/x-www-form-urlencoded' },
  body: 'Action=ListUsers&Version=2010-05-08',
}

type Change = (request: Signed) => void
const header = (request: Signed, name: string, change: (value: string) => string | undefined) => {
  request.headers = request.headers.flatMap(([key, value]): [string, string][] => {
    if (key.toLowerCase() !== name) return [[key, value]]
    const changed = change(value)
    return changed === undefined ? [] : [[key, changed]]
  })
}
const authorization =
  (from: string | RegExp, to: string): Change =>
  (request) =>
    header(request, 'authorization', (value) => value.replace(from, to))

const MISMATCH =
  'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.'
const MINUTES = 60_000

const REFUSALS: readonly (readonly [
  what: string,
  sent: Partial<Sent>,
  change: Change,
  code: string,
  message: string | RegExp,
])[] = [
  [
    'no signature',
    {},
    (request) => header(request, 'authorization', () => undefined),
    'MissingAuthenticationTokenException',
    'Request is missing Authentication Token',
  ],
  [
    'another scheme',
    {},
    authorization(/^.*$/, 'Bearer token'),
    'MissingAuthenticationTokenException',
    'Request is missing Authentication Token',
  ],
  [
    'an unknown algorithm',
    {},
    authorization('AWS4-HMAC-SHA256', 'AWS4-HMAC-SHA1'),
    'IncompleteSignatureException',
    "Unsupported AWS 'algorithm': 'AWS4-HMAC-SHA1' (only AWS4-HMAC-SHA256 for now).",
  ],
  [
    'no credential',
    {},
    authorization(/Credential=[^,]*, /, ''),
    'IncompleteSignatureException',
    /^Authorization header requires 'Credential' parameter\. Authorization=/,
  ],
  [
    'nothing but the algorithm',
    {},
    authorization(/ .*$/, ''),
    'IncompleteSignatureException',
    /'Credential' parameter\. .*'Signature' parameter\. .*'SignedHeaders' parameter\./,
  ],
  [
    'a part without its value',
    {},
    authorization('SignedHeaders=', 'SignedHeaders'),
    'IncompleteSignatureException',
    /not a valid key=value pair \(missing equal-sign\) in Authorization header/,
  ],
  [
    'a short credential',
    {},
    authorization(/Credential=[^,]*/, 'Credential=AKID/20260102'),
    'IncompleteSignatureException',
    "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got 'AKID/20260102'",
  ],
  [
    'no date',
    {},
    (request) => header(request, 'x-amz-date', () => undefined),
    'IncompleteSignatureException',
    /existence of either a 'X-Amz-Date' or a 'Date' header/,
  ],
  [
    'a date that is none',
    {},
    (request) => header(request, 'x-amz-date', () => 'yesterday'),
    'IncompleteSignatureException',
    "Date must be in ISO-8601 'basic format'. Got 'yesterday'. See http://en.wikipedia.org/wiki/ISO_8601",
  ],
  [
    'a signature of six minutes ago',
    { at: NOW - 6 * MINUTES },
    () => undefined,
    'InvalidSignatureException',
    'Signature expired: 20260102T025805Z is now earlier than 20260102T025905Z (20260102T030405Z - 5 min.)',
  ],
  [
    'a signature of six minutes ahead',
    { at: NOW + 6 * MINUTES },
    () => undefined,
    'InvalidSignatureException',
    'Signature not yet current: 20260102T031005Z is still later than 20260102T030905Z (20260102T030405Z + 5 min.)',
  ],
  [
    'another service',
    { service: 'sqs' },
    () => undefined,
    'InvalidSignatureException',
    "Credential should be scoped to correct service: 'ecs'.",
  ],
  [
    'a region that is none',
    { region: 'nowhere' },
    () => undefined,
    'InvalidSignatureException',
    "Credential should be scoped to a valid Region, not 'nowhere'.",
  ],
  [
    'another terminator',
    {},
    authorization('aws4_request', 'aws5_request'),
    'InvalidSignatureException',
    "Credential should be scoped with a valid terminator: 'aws4_request', not 'aws5_request'.",
  ],
  [
    'another day in the scope',
    {},
    authorization('/20260102/', '/20260101/'),
    'InvalidSignatureException',
    "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '20260101' != '20260102', from '20260102T030405Z'.",
  ],
  [
    'an unsigned host',
    {},
    authorization('host;', ''),
    'InvalidSignatureException',
    "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.",
  ],
  [
    'an unsigned target',
    {},
    authorization(';x-amz-target', ''),
    'InvalidSignatureException',
    "'X-Amz-Target' must be a 'SignedHeader' in the AWS Authorization.",
  ],
  [
    'an unknown key',
    {},
    authorization('AKIDEXAMPLE', 'AKIDNOBODY'),
    'UnrecognizedClientException',
    'The security token included in the request is invalid.',
  ],
  [
    'a token that the key has not',
    {},
    (request) => void request.headers.push(['x-amz-security-token', 'x']),
    'UnrecognizedClientException',
    'The security token included in the request is invalid.',
  ],
  [
    'another token',
    { key: SESSION },
    (request) => header(request, 'x-amz-security-token', () => 'other'),
    'InvalidSignatureException',
    MISMATCH,
  ],
  [
    'another body',
    {},
    (request) => void (request.body = Buffer.from('{"a":1}')),
    'InvalidSignatureException',
    MISMATCH,
  ],
  [
    'another path',
    {},
    (request) => void (request.target = '/x'),
    'InvalidSignatureException',
    MISMATCH,
  ],
  [
    'another query',
    {},
    (request) => void (request.target = '/?x=1'),
    'InvalidSignatureException',
    MISMATCH,
  ],
  [
    'another method',
    {},
    (request) => void (request.method = 'PUT'),
    'InvalidSignatureException',
    MISMATCH,
  ],
  [
    'another target',
    {},
    (request) => header(request, 'x-amz-target', (value) => value.replace('List', 'Delete')),
    'InvalidSignatureException',
    MISMATCH,
  ],
  ['a longer signature', {}, authorization(/$/, '00'), 'InvalidSignatureException', MISMATCH],
  [
    'two signatures',
    {},
    (request) =>
      void request.headers.push([
        'authorization',
        request.headers.find(([name]) => name === 'authorization')![1],
      ]),
    'IncompleteSignatureException',
    /is there twice/,
  ],
  [
    'a signature in header and query',
    {},
    (request) => void (request.target = '/?X-Amz-Algorithm=AWS4-HMAC-SHA256'),
    'InvalidSignatureException',
    "Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as HTTP header.",
  ],
]

for (const [what, sent, change, code, message] of REFUSALS)
  test(`trap 18: ${what} is refused in AWS's words`, async () => {
    const request = await sign({ ...LIST, ...sent })
    change(request)
    const { status, body } = await desk().gateway.answer(request)
    const said = JSON.parse(String(body)) as { __type: string; message: string }
    assert.equal(status, 400)
    assert.equal(said.__type, code)
    if (typeof message === 'string') assert.equal(said.message, message)
    else assert.match(said.message, message)
  })

test('a request that is signed well passes, with a session token and in the last minute too', async () => {
  for (const more of [
    {},
    { key: SESSION },
    { at: NOW - 5 * MINUTES },
    { at: NOW + 5 * MINUTES },
    { region: 'eu-central-1' },
  ])
    assert.equal((await ask(desk(), { ...LIST, ...more })).status, 200)
})

test('trap 18: Query services have codes and statuses of their own', async () => {
  const codes: unknown[] = []
  for (const [change, sent] of [
    [authorization('AKIDEXAMPLE', 'AKIDNOBODY'), {}],
    [
      (request: Signed) =>
        void (request.body = Buffer.from('Action=ListUsers&Version=2010-05-08&x=1')),
      {},
    ],
    [() => undefined, { at: 0 }],
  ] as [Change, Partial<Sent>][]) {
    const request = await sign({ ...QUERY, ...sent })
    change(request)
    const answer = await desk().gateway.answer(request)
    codes.push([answer.status, /<Code>(\w+)</.exec(String(answer.body))?.[1]])
  }
  assert.deepEqual(codes, [
    [403, 'InvalidClientTokenId'],
    [403, 'SignatureDoesNotMatch'],
    [403, 'SignatureDoesNotMatch'],
  ])
})

test('presigned requests hold as long as they say, a week at most', async () => {
  const presigned = (expires: string, at: number) => {
    const date = new Date(at).toISOString().replaceAll(/[-:]|\.\d{3}/g, '')
    const path = `/?Action=ListUsers&Version=2010-05-08&X-Amz-Date=${date}&X-Amz-Expires=${expires}`
    const signed = aws4.sign(
      { service: 'iam', region: 'us-east-1', host: 'localhost', path, signQuery: true },
      KEY,
    )
    return desk().gateway.answer({
      method: 'GET',
      target: signed.path,
      headers: [['host', 'localhost']],
      body: new Uint8Array(),
    })
  }
  const codes = []
  for (const [expires, at] of [
    ['60', NOW],
    ['60', NOW - 61_000],
    ['3600', NOW - 3_599_000],
    ['604801', NOW],
    ['soon', NOW],
    ['-1', NOW],
  ] as const)
    codes.push((await presigned(expires, at)).status)
  assert.deepEqual(codes, [200, 403, 200, 400, 400, 400])
})

test('a presigned request has each parameter of its signature once', async () => {
  const { path } = aws4.sign(
    {
      service: 'iam',
      region: 'us-east-1',
      host: 'localhost',
      path: `/?Action=ListUsers&Version=2010-05-08&X-Amz-Date=20260102T030405Z&X-Amz-Expires=60`,
      signQuery: true,
    },
    KEY,
  )
  const ask = async (target: string) => {
    const headers = [['host', 'localhost']] as const
    const answer = await desk().gateway.answer({
      method: 'GET',
      target,
      headers,
      body: new Uint8Array(),
    })
    return [answer.status, String(answer.body)] as const
  }
  assert.equal((await ask(path))[0], 200)
  for (const more of [`X-Amz-Signature=${'0'.repeat(64)}`, 'X-Amz-Expires=604800'])
    for (const target of [`${path}&${more}`, path.replace('?', `?${more}&`)]) {
      const [status, body] = await ask(target)
      assert.equal(status, 400, target)
      assert.match(body, /IncompleteSignature[\s\S]*once/)
    }
})

test('two signers and the verifier agree on any header, query, path and body', async () => {
  const word = fc
    .string({ unit: 'grapheme', minLength: 1, maxLength: 12 })
    .filter((text) => text.isWellFormed())
  const value = fc.stringMatching(/^[a-zA-Z0-9 ,;:/=+~*'()!-]{0,20}$/)
  const segment = fc
    .stringMatching(/^[a-zA-Z0-9 ._~+*'()!@&=,;%-]{1,10}$/)
    .filter((text) => !/^\.+$/.test(text))
  const { gateway } = desk()
  await fc.assert(
    fc.asyncProperty(
      fc.dictionary(word, word, { maxKeys: 4 }),
      fc.array(segment, { maxLength: 3 }),
      value,
      word,
      async (query, segments, extra, body) => {
        const path = `/${segments.map(encodeURIComponent).join('/')}`
        const signed = await sign({
          service: 'ecs',
          path,
          query,
          headers: { 'x-extra': extra },
          body,
        })
        assert.equal(gateway.authenticate(signed).service, 'ecs')
        const flat = Object.entries(query)
          .map(([name, each]) => `${encodeURIComponent(name)}=${encodeURIComponent(each)}`)
          .join('&')
        const other = aws4.sign(
          {
            service: 'ecs',
            region: 'us-east-1',
            method: 'POST',
            host: 'localhost',
            path: `${path}${flat ? `?${flat}` : ''}`,
            headers: { 'x-extra': extra, 'X-Amz-Date': '20260102T030405Z' },
            body,
          },
          KEY,
        )
        const headers = Object.entries(other.headers).map(([name, each]): [string, string] => [
          name,
          String(each),
        ])
        assert.equal(
          gateway.authenticate({
            method: 'POST',
            target: other.path,
            headers,
            body: Buffer.from(body),
          }).caller.region,
          'us-east-1',
        )
      },
    ),
    { numRuns: 300, seed: 20_141_113 },
  )
})
