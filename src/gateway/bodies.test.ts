/** What strangers can make the gateway do and hold before they have proved who they are. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'

import { Fault } from '#kernel/fault.ts'

import { Bodies, SentBodies } from './bodies.ts'
import { inflate } from './compression.ts'
import { ask, asJson, deskOf, KEY, type Sent, sign } from './gateway.fixture.ts'
import { GATEWAY_LIMITS } from './limits.ts'
import { allowance, type Request, readPairs } from './request.ts'

const FORM = { 'content-type': 'application/x-www-form-urlencoded', 'content-encoding': 'gzip' }
/** 10 KB that would be 10 MB of parameters. */
const BOMB = gzipSync(`Action=ListUsers&Version=2010-05-08${'&a=b'.repeat(2_500_000)}`)

/** A share that only counts. */
function counting(max = Infinity) {
  const share = {
    bytes: 0,
    take(more: number) {
      if (share.bytes + more > max) throw new Fault('ServiceUnavailable', 'full', 503)
      share.bytes += more
    },
    end: () => undefined,
  }
  return share
}

test('a compressed form is not inflated before its signature is checked', async () => {
  const { gateway } = deskOf({ 'iam:ListUsers': () => ({ Users: [] }) })
  const signed = await sign({ service: 'iam', headers: FORM, body: BOMB })
  const wrong = signed.headers.map(([name, value]): [string, string] => [
    name,
    name === 'authorization' ? value.replace(/.$/, (last) => (last === '0' ? '1' : '0')) : value,
  ])
  const unsigned = signed.headers.filter(([name]) => name !== 'authorization')
  for (const [headers, code] of [
    [wrong, 'SignatureDoesNotMatch'],
    [unsigned, ''],
  ] as const) {
    const share = counting()
    const answer = await gateway.answer({ ...signed, headers, share })
    assert.ok(answer.status >= 400 && answer.status < 500, String(answer.status))
    assert.match(String(answer.body), new RegExp(code))
    assert.equal(share.bytes, 0, 'nothing was inflated')
  }
})

test('what a signed body grows to is counted while it grows, and ends at its limit or with the memory', async () => {
  const request = {
    headers: new Map([['content-encoding', 'gzip']]),
    body: gzipSync('x'.repeat(1_000_000)),
  } as unknown as Request
  const grown = counting()
  await inflate({ ...request, share: grown }, GATEWAY_LIMITS)
  assert.equal(grown.bytes, 1_000_000)
  for (const [limits, share, status] of [
    [{ ...GATEWAY_LIMITS, inflatedBytes: 100_000 }, counting(), 413],
    [GATEWAY_LIMITS, counting(100_000), 503],
  ] as const) {
    await assert.rejects(inflate({ ...request, share }, limits), { status })
    assert.ok(share.bytes <= 200_000, 'it ended while it was read')
  }
})

test('parameters are counted while they are read, not after', () => {
  let reads = 0
  const text = new Proxy(
    { length: 10_000_000 },
    {
      get: (target, name) => {
        if (name === 'length') return target.length
        if (name === 'indexOf') return (_of: string, at: number) => (reads++, at + 3)
        if (name === 'slice') return () => 'a=b'
        return undefined
      },
    },
  ) as unknown as string
  assert.throws(() => readPairs(text, 10), { code: 'MalformedQueryString' })
  assert.equal(reads, 11)
  assert.deepEqual(readPairs('&&a=1&&b&', 10), [
    ['a', '1'],
    ['b', ''],
  ])
})

test('an unsigned form has a limit of its own', async () => {
  const { gateway } = deskOf()
  const form = (bytes: number) => ({
    method: 'POST',
    target: '/',
    headers: [['content-type', FORM['content-type']]] as [string, string][],
    body: Buffer.alloc(bytes, 'a=b&'),
  })
  assert.equal((await gateway.answer(form(GATEWAY_LIMITS.unsignedFormBytes + 1))).status, 413)
  assert.equal((await gateway.answer(form(1000))).status, 403)
})

test('no key has all of the memory, and senders whose key nobody knows share a part of it', () => {
  const bodies = new Bodies({
    bytes: 1000,
    bytesOfKey: 500,
    unknownBytes: 300,
    smallBytes: 10,
  })
  const stranger = bodies.share(undefined)
  stranger.take(310)
  assert.throws(() => bodies.share(undefined).take(11), { status: 503 })
  bodies.share(undefined).take(10)
  const first = bodies.share('A')
  first.take(360)
  assert.throws(() => bodies.share('A').take(11), { status: 503 })
  const second = bodies.share('B')
  second.take(185)
  assert.throws(() => second.take(1), { status: 503 }, 'it has half of what was left')
  stranger.end()
  second.take(100)
  first.end()
  stranger.take(310)
})

test('whoever fills the parts of some keys leaves room for the next, which is full when it has its own', () => {
  const bodies = new Bodies({ bytes: 1024, bytesOfKey: 512, unknownBytes: 64, smallBytes: 0 })
  for (const [key, bytes] of [
    ['A', 512],
    ['B', 256],
    ['C', 128],
  ] as const) {
    assert.equal(bodies.isFull(key), false)
    const share = bodies.share(key)
    share.take(bytes)
    assert.throws(() => share.take(1), { status: 503 })
  }
  bodies.share('D').take(64)
})

test('claims of any keys leave connections that have signed their part, and both together have no more than all', () => {
  const bodies = new SentBodies({
    bodiesBytes: 1024,
    claimedBodiesBytes: 512,
    provenBodiesBytes: 768,
    unknownBodiesBytes: 256,
    smallBodyBytes: 0,
  })
  let all = 0
  const fill = (account: string | undefined, isProven: boolean): number => {
    const share = bodies.share(account, isProven)
    let bytes = 0
    try {
      for (;;) {
        share.take(1)
        bytes++
      }
    } catch {
      all += bytes
      return bytes
    }
  }
  assert.equal(fill(undefined, true), 256, 'a key that nobody knows proves nothing')
  for (let n = 0; n < 20; n++) fill(String(n), false)
  assert.equal(fill('0', true), 256)
  assert.equal(fill('1', true), 128)
  for (let n = 2; n < 20; n++) fill(String(n), true)
  assert.ok(all <= 1024)
})

test('the largest body of any service has room, whether it comes first on its connection or later', () => {
  const largest = Math.max(...Object.values(GATEWAY_LIMITS.bodyBytesOf))
  for (const isProven of [false, true])
    new SentBodies(GATEWAY_LIMITS).share('1', isProven).take(largest)
})

test('over HTTP a connection has its part once it has brought a signed request of the account that it names', async (context) => {
  const claims = { bodiesBytes: 4000, claimedBodiesBytes: 2000, smallBodyBytes: 0 }
  const { gateway } = deskOf({ 'ecs:ListClusters': () => ({ clusterArns: [] }) }, claims)
  const server = await gateway.listen({ host: '127.0.0.1', port: 0 })
  context.after(() => gateway.close())
  const { port } = server.address() as AddressInfo
  const open = (): Socket => {
    const socket = connect(port, '127.0.0.1').on('error', () => {})
    context.after(() => socket.destroy())
    return socket
  }
  const ask = async (socket: Socket, padding: number): Promise<string> => {
    const body = `{${' '.repeat(padding)}}`
    const { headers } = await sign({ ...asJson('ListClusters', body) })
    const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`).join('')
    socket.write(`POST / HTTP/1.1\r\n${lines}content-length: ${body.length}\r\n\r\n${body}`)
    const [text] = (await once(socket, 'data')) as [Buffer]
    return text.toString().slice(9, 12)
  }
  const known = open()
  assert.equal(await ask(known, 0), '200')
  const claim = `authorization: AWS4-HMAC-SHA256 Credential=${KEY.accessKeyId}/20260102/us-east-1/ecs/aws4_request, SignedHeaders=host, Signature=00`
  open().write(
    `POST / HTTP/1.1\r\nhost: x\r\n${claim}\r\ncontent-length: 1000\r\n\r\n${' '.repeat(999)}`,
  )
  // Its bytes have come once a second claim has no room.
  while ((await ask(open(), 600)) !== '503');
  assert.equal(await ask(known, 600), '200')
})

test('whoever stays one byte short is destroyed at its time-out, and its bytes are given back', async () => {
  const limits = { requestMs: 150, headersMs: 100, checkMs: 20, unknownBodiesBytes: 1000 }
  const { gateway } = deskOf({}, { ...limits, smallBodyBytes: 0 })
  const server = await gateway.listen({ host: '127.0.0.1', port: 0 })
  const { port } = server.address() as AddressInfo
  // A client that neither sends the rest nor closes nor reads.
  const short = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
  short.on('error', () => {})
  short.write(`POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 901\r\n\r\n${'x'.repeat(900)}`)
  const [accepted] = (await once(server, 'connection')) as [Socket]
  await once(accepted, 'close')
  assert.ok(accepted.destroyed)
  const answer = await fetch(`http://127.0.0.1:${port}/`, {
    method: 'POST',
    body: 'x'.repeat(900),
  })
  assert.equal(answer.status, 403, 'its bytes are free again')
  short.destroy()
  await gateway.close()
})

test('a Host that is no authority is refused, whatever is asked', async () => {
  const desk = deskOf({ 'ecs:ListClusters': () => ({ clusterArns: [] }) })
  const asked = (host: string): Sent => ({
    service: 'ecs',
    headers: {
      host,
      'content-type': 'application/x-amz-json-1.1',
      'x-amz-target': 'AmazonEC2ContainerServiceV20141113.ListClusters',
    },
    body: '{}',
  })
  for (const host of ['berth', 'berth:4580', '[::1]:4580', '10.0.0.1', 'ecs.us-east-1.a_b.test'])
    assert.equal((await ask(desk, asked(host))).status, 200, host)
  for (const host of [
    '',
    'a b',
    'a/b',
    'u@h',
    'a:99999',
    'a:b',
    '1.2.3.999',
    'a,b',
    '[::1',
    'x?y',
    '#',
  ]) {
    const answer = await ask(desk, asked(host))
    assert.equal(answer.status, 400, host)
    assert.match(answer.text, /The Host header is not/)
  }
})

test('a refused upgrade is hung up on, whatever its client does', async () => {
  const { gateway } = deskOf()
  const server = await gateway.listen({ host: '127.0.0.1', port: 0 })
  const { port } = server.address() as AddressInfo
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
  socket.on('error', () => {})
  socket.write(
    'GET /acs/ws HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n',
  )
  const [accepted] = (await once(server, 'connection')) as [Socket]
  await once(accepted, 'close')
  assert.ok(accepted.destroyed)
  socket.destroy()
  await gateway.close()
})

test('of an Authorization header the key is read in one go', () => {
  const header = (text: string) =>
    allowance(new Map([['authorization', text]]), GATEWAY_LIMITS, (id) =>
      id === 'AKIA' ? '111122223333' : undefined,
    )
  const scope = '20260101/us-east-1/logs/aws4_request'
  assert.equal(header(`AWS4-HMAC-SHA256 Credential=AKIA/${scope}, x`).accessKeyId, 'AKIA')
  assert.equal(
    header(`AWS4-HMAC-SHA256 Credential=AKIA/${scope}`).bytes,
    GATEWAY_LIMITS.bodyBytesOf['logs'],
  )
  assert.equal(header(`Credential=${'a/Credential='.repeat(2000)}`).accessKeyId, undefined)
  assert.equal(header(`Credential=AKIA/a/b/constructor/x`).bytes, GATEWAY_LIMITS.bodyBytes)
})

test('a list that breaks its model at every place is told of at a few', async () => {
  const desk = deskOf({ 'logs:PutLogEvents': () => ({}) })
  const logEvents = Array.from({ length: 9000 }, () => ({}))
  const answer = await ask(desk, {
    service: 'logs',
    headers: {
      'content-type': 'application/x-amz-json-1.1',
      'x-amz-target': 'Logs_20140328.PutLogEvents',
    },
    body: JSON.stringify({ logGroupName: 'g', logStreamName: 's', logEvents }),
  })
  assert.equal(answer.status, 400)
  assert.match(
    answer.text,
    /^\{"__type":"InvalidParameterException","message":"20 validation errors/,
  )
})
