import assert from 'node:assert/strict'
import { test } from 'node:test'

import { verifyCase, type SigningCase } from './sigv4-cases.ts'

const SCOPE = 'Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request'
/** From awslabs/aws-c-auth's signing test suite (Apache-2.0). */
const CASES: readonly [
  id: string,
  target: string,
  headers: readonly [string, string][],
  signedHeaders: string,
  signature: string,
  normalize?: false,
][] = [
  [
    'get-vanilla',
    '/',
    [],
    'host;x-amz-date',
    '5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31',
  ],
  [
    'get-header-key-duplicate',
    '/',
    [
      ['My-Header1', 'value2'],
      ['My-Header1', 'value2'],
      ['My-Header1', 'value1'],
    ],
    'host;my-header1;x-amz-date',
    'c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea',
  ],
  [
    'get-header-value-multiline',
    '/',
    [['My-Header1', 'value1\n  value2\n     value3']],
    'host;my-header1;x-amz-date',
    'cfd34249e4b1c8d6b91ef74165d41a32e5fab3306300901bb65a51a73575eefd',
  ],
  [
    'get-relative-normalized',
    '/example/..',
    [],
    'host;x-amz-date',
    '5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31',
  ],
  [
    'get-slashes-unnormalized',
    '//example//',
    [],
    'host;x-amz-date',
    '87cca117541a147f6df867677d98a7d80dff226d2bfca9e4ffa899665623c7e5',
    false,
  ],
  [
    'get-space-normalized',
    '/example space/',
    [],
    'host;x-amz-date',
    '652487583200325589f1fba4c7e578f72c47cb61beeca81406b39ddec1366741',
  ],
  [
    'get-utf8',
    '/ሴ',
    [],
    'host;x-amz-date',
    '8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85',
  ],
  [
    'get-vanilla-query-order-encoded',
    '/?Param-3=Value3&Param=Value2&%E1%88%B4=Value1',
    [],
    'host;x-amz-date',
    '371d3713e185cc334048618a97f809c9ffe339c62934c032af5a0e595648fcac',
  ],
]

function caseOf([
  id,
  target,
  headers,
  signedHeaders,
  signature,
  normalize,
]: (typeof CASES)[number]): SigningCase {
  return {
    id,
    context: {
      credentials: {
        access_key_id: 'AKIDEXAMPLE',
        secret_access_key: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY',
      },
      normalize: normalize ?? true,
      service: 'service',
      timestamp: '2015-08-30T12:36:00Z',
    },
    signed: {
      method: 'GET',
      target,
      headers: [
        ['Host', 'example.amazonaws.com'],
        ...headers,
        ['X-Amz-Date', '20150830T123600Z'],
        [
          'Authorization',
          `AWS4-HMAC-SHA256 ${SCOPE}, SignedHeaders=${signedHeaders}, Signature=${signature}`,
        ],
      ],
      body: '',
    },
  }
}

for (const line of CASES)
  test(`${line[0]} is accepted, and refused once anything in it is altered`, () => {
    const good = caseOf(line)
    assert.equal(verifyCase(JSON.stringify(good)), `${good.id} ok`)
    const altered: SigningCase[] = [
      { ...good, signed: { ...good.signed, method: 'POST' } },
      { ...good, signed: { ...good.signed, target: '/other' } },
      { ...good, signed: { ...good.signed, body: 'x' } },
      {
        ...good,
        context: {
          ...good.context,
          credentials: { ...good.context.credentials, secret_access_key: 'other' },
        },
      },
      {
        ...good,
        signed: {
          ...good.signed,
          headers: good.signed.headers.map(([name, value]) => [
            name,
            name === 'Host' ? 'evil.example' : value,
          ]),
        },
      },
    ]
    for (const each of altered)
      assert.match(
        verifyCase(JSON.stringify(each)),
        new RegExp(`^${good.id} InvalidSignatureException The request signature`),
      )
    const late: SigningCase = {
      ...good,
      context: { ...good.context, timestamp: '2015-08-30T12:42:00Z' },
    }
    assert.equal(
      verifyCase(JSON.stringify(late)),
      `${good.id} InvalidSignatureException Signature expired: 20150830T123600Z is now earlier than 20150830T123700Z (20150830T124200Z - 5 min.)`,
    )
    const unknown: SigningCase = {
      ...good,
      context: {
        ...good.context,
        credentials: { ...good.context.credentials, access_key_id: 'OTHER' },
      },
    }
    assert.equal(
      verifyCase(JSON.stringify(unknown)),
      `${good.id} UnrecognizedClientException The security token included in the request is invalid.`,
    )
  })
