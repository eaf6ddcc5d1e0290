import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type AddressInfo } from 'node:net'
import { after, test } from 'node:test'

import { asJson, deskOf, sign, type Signed } from './gateway.fixture.ts'

const { gateway } = deskOf(
  { 'ecs:ListClusters': () => ({ clusterArns: [] }) },
  { bodyBytes: 1000, headerBytes: 8192 },
)
const server = await gateway.listen({ host: '127.0.0.1', port: 0 })
const { port } = server.address() as AddressInfo
after(() => gateway.close())

/** What the server says to raw bytes, until it closes or the answer is whole. */
async function raw(text: string): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  let answer = ''
  socket.on('data', (chunk: Buffer) => {
    answer += chunk.toString()
    const length = /content-length: (\d+)/i.exec(answer)?.[1]
    if (length !== undefined && answer.split('\r\n\r\n')[1]!.length >= Number(length)) socket.end()
  })
  socket.write(text)
  await once(socket, 'close')
  return answer
}

function wire({ method, target, headers, body }: Signed, more = ''): string {
  const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`).join('')
  return `${method} ${target} HTTP/1.1\r\n${lines}${more}content-length: ${body.length}\r\n\r\n${Buffer.from(body).toString()}`
}

test('trap 14: the server answers over HTTP, and what is no HTTP gets no HTML either', async () => {
  const signed = await sign(asJson('ListClusters', {}))
  const good = await raw(wire(signed))
  assert.match(good, /^HTTP\/1\.1 200 OK\r\n[\s\S]*\{"clusterArns":\[\]\}$/)
  const bad: [string, RegExp][] = [
    ['NONSENSE\r\n\r\n', /^HTTP\/1\.1 400 .*application\/json.*"message"/s],
    [`GET / HTTP/1.1\r\nx: ${'a'.repeat(20_000)}\r\n\r\n`, /^HTTP\/1\.1 431 /],
    [
      `POST / HTTP/1.1\r\nx-amz-target: a.b\r\ncontent-length: 5000\r\n\r\n`,
      /^HTTP\/1\.1 413 .*x-amz-json-1\.1.*RequestEntityTooLarge/s,
    ],
    [
      `POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n7d0\r\n${'a'.repeat(2000)}\r\n0\r\n\r\n`,
      /^HTTP\/1\.1 413 /,
    ],
    ['GET / HTTP/1.1\r\n\r\n', /^HTTP\/1\.1 403 .*Missing Authentication Token/s],
  ]
  for (const [text, wanted] of bad) {
    const answer = await raw(text)
    assert.match(answer, wanted)
    assert.doesNotMatch(answer, /<html/i)
  }
})

test('a body that waits to be called for is called for, or refused at once', async () => {
  const signed = await sign(asJson('ListClusters', {}))
  assert.match(await raw(wire(signed, 'expect: 100-continue\r\n')), /^HTTP\/1\.1 100 Continue\r\n/)
})

test('trap 18: an upgrade is handed on only when it is signed for ecs', async () => {
  const callers: string[] = []
  gateway.onUpgrade('/ws', 'ecs', (_request, socket, _head, caller) => {
    callers.push(`${caller.accountId} ${caller.region}`)
    socket.end('HTTP/1.1 101 Switching Protocols\r\ncontent-length: 0\r\n\r\n')
  })
  const upgrade = 'connection: upgrade\r\nupgrade: websocket\r\n'
  const query = { clusterArn: 'arn:aws:ecs:us-east-1:1:cluster/a b', sendCredentials: 'true' }
  const signed = await sign({ service: 'ecs', method: 'GET', path: '/ws', query })
  assert.match(await raw(wire(signed, upgrade)), /^HTTP\/1\.1 101 /)
  // The Amazon agent writes a space in its query as a plus sign.
  assert.match(
    await raw(wire({ ...signed, target: signed.target.replace('%20', '+') }, upgrade)),
    /^HTTP\/1\.1 101 /,
  )
  const other = await sign({ service: 'sqs', method: 'GET', path: '/ws', query })
  assert.match(
    await raw(wire(other, upgrade)),
    /^HTTP\/1\.1 400 .*Credential should be scoped to correct service: 'ecs'\./s,
  )
  assert.match(
    await raw(`GET /ws HTTP/1.1\r\nhost: x\r\n${upgrade}\r\n`),
    /^HTTP\/1\.1 400 .*missing Authentication Token/s,
  )
  assert.match(await raw(wire({ ...signed, target: '/elsewhere' }, upgrade)), /^HTTP\/1\.1 404 /)
  assert.deepEqual(callers, ['111122223333 us-east-1', '111122223333 us-east-1'])
})

test('whoever sends request after request and waits for no answer loses the connection, and is served a few', async () => {
  const gate = Promise.withResolvers<void>()
  let asked = 0
  const slow = deskOf({
    'ecs:ListClusters': async () => {
      asked++
      await gate.promise
      return { clusterArns: [] }
    },
  })
  const listening = await slow.gateway.listen({ host: '127.0.0.1', port: 0 })
  after(() => slow.gateway.close())
  const { port: at } = listening.address() as AddressInfo
  const one = wire(await sign(asJson('ListClusters', {})))
  const send = (count: number) => {
    const socket = connect(at, '127.0.0.1', () => socket.write(one.repeat(count)))
    socket.on('error', () => {})
    return socket
  }
  const greedy = send(1000)
  await new Promise((closed) => greedy.resume().once('close', closed))
  assert.ok(asked <= 16, `${asked} were served`)
  // A few are answered, in their order.
  const modest = send(3)
  let said = ''
  modest.on('data', (chunk: Buffer) => void (said += chunk.toString()))
  gate.resolve()
  while (said.split('HTTP/1.1 200').length < 4) await once(modest, 'data')
  modest.destroy()
})

test('a gigabyte is refused when its limit is reached, not when it has come', async () => {
  const socket = connect(port, '127.0.0.1')
  let answer = ''
  let sent = 0
  const chunk = Buffer.alloc(1 << 20, 'a')
  const piece = Buffer.concat([Buffer.from('100000\r\n'), chunk, Buffer.from('\r\n')])
  socket.on('error', () => {})
  socket.on('data', (bytes: Buffer) => void (answer += bytes.toString()))
  const closed = new Promise((done) => socket.once('close', done))
  socket.write('POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n')
  const more = (): void => {
    while (sent < 1024 && !socket.destroyed) {
      sent += 1
      if (!socket.write(piece)) return
    }
  }
  socket.on('drain', more)
  more()
  await closed
  assert.match(answer, /^HTTP\/1\.1 413 /)
  assert.ok(sent < 1024, 'all of it was read')
})

test('bodies have a limit together too, which small ones do not count for', async () => {
  const tight = deskOf({}, { bodiesBytes: 2000, smallBodyBytes: 100 })
  const listening = await tight.gateway.listen({ host: '127.0.0.1', port: 0 })
  after(() => tight.gateway.close())
  const { port: at } = listening.address() as AddressInfo
  const isRefused = async (bytes: number): Promise<boolean> => {
    const body = 'x'.repeat(bytes)
    const response = await fetch(`http://127.0.0.1:${at}/`, { method: 'POST', body })
    await response.text()
    return (
      `${response.status} ${response.headers.get('x-amzn-errortype')}` === '503 ServiceUnavailable'
    )
  }
  assert.equal(await isRefused(600), false)
  const held = connect(at, '127.0.0.1')
  held.on('error', () => {})
  held.write(`POST / HTTP/1.1\r\ncontent-length: 5000\r\n\r\n${'x'.repeat(900)}`)
  // The server hears of another connection when it does.
  while (!(await isRefused(600)));
  assert.equal(await isRefused(90), false)
  held.destroy()
  while (await isRefused(600));
})

test('who sends too slowly is let go, in the middle of headers or of a body', async () => {
  const patient = deskOf({}, { headersMs: 200, requestMs: 300, checkMs: 20 })
  const slow = await patient.gateway.listen({ host: '127.0.0.1', port: 0 })
  const { port: slowPort } = slow.address() as AddressInfo
  for (const begin of [
    'POST / HTTP/1.1\r\nx-amz-target: a',
    'POST / HTTP/1.1\r\ncontent-length: 100\r\n\r\n{',
  ]) {
    const socket = connect(slowPort, '127.0.0.1')
    let answer = ''
    socket.on('data', (bytes: Buffer) => void (answer += bytes.toString()))
    socket.on('error', () => {})
    socket.write(begin)
    await once(socket, 'close')
    assert.match(answer, /^HTTP\/1\.1 408 .*RequestTimeout/s)
  }
  await patient.gateway.close()
})
