import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import { type AddressInfo, connect, type Socket as TcpSocket } from 'node:net'
import { after, test } from 'node:test'

import type { Gateway } from '#gateway/gateway.ts'
import { assert as must } from '#kernel/assert.ts'
import type { Caller } from '#kernel/principal.ts'
import type { Socket } from '#room/conversation.ts'
import { TransactionTooLarge } from '#store/store.ts'

import { MovedClock, turn } from './house.fixture.ts'
import { Sockets } from './sockets.ts'

const TEXT_FRAME = Buffer.from([0x81, 0x81, 0, 0, 0, 0, 0x78])

/** One conversation, and a client that speaks WebSocket by hand: it never answers a close. */
async function connected(open: (socket: Socket) => void) {
  const clock = new MovedClock()
  const logged: string[] = []
  const ends: Error[] = []
  const log = {
    info: () => {},
    warn: () => {},
    error: (_what: string, about?: object) => void logged.push(JSON.stringify(about)),
  }
  const sockets = new Sockets({ clock, log, fatal: (error) => void ends.push(error) })
  type Upgrade = Parameters<Gateway['onUpgrade']>[2]
  let upgrade: Upgrade | undefined
  const gateway = {
    onUpgrade: (_path: string, _service: string, handler: Upgrade) => void (upgrade = handler),
  }
  sockets.serve(gateway as unknown as Gateway, 'ecs', [{ path: '/ws', open: () => open }])
  const server = createServer()
  server.on('upgrade', (request: IncomingMessage, stream: TcpSocket, head: Buffer) =>
    upgrade?.(request, stream, head, {} as Caller),
  )
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  after(() => server.close())
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1')
  client.on('error', () => {})
  after(() => client.destroy())
  client.write(
    'GET /ws HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n' +
      'sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
  )
  await once(client, 'data')
  return { clock, client, logged, ends }
}

test('a socket that was closed is heard no more, and soon gone, whatever its peer does', async () => {
  const heard: string[] = []
  let socket: Socket | undefined
  const { clock, client } = await connected((opened) => {
    socket = opened
    opened.onMessage((text) => heard.push(text))
  })
  client.write(TEXT_FRAME)
  while (heard.length === 0) await turn()
  socket?.close(1000, 'Revoked')
  await once(client, 'data')
  client.write(TEXT_FRAME)
  const closed = once(client, 'close')
  for (let n = 0; n < 5; n++) await turn()
  await clock.move(1000)
  await closed
  assert.deepEqual(heard, ['x'])
})

test('what cannot be taken ends the connection it came over, and nothing else', async () => {
  const { client, logged, ends } = await connected((socket) =>
    socket.onMessage(() => {
      throw new TransactionTooLarge('too much')
    }),
  )
  client.write(TEXT_FRAME)
  const [frame] = (await once(client, 'data')) as [Buffer]
  assert.equal(frame.readUInt16BE(2), 1011)
  assert.match(logged[0] ?? '', /too much/)
  assert.deepEqual(ends, [])
})

test('a mistake of ours that a message shows ends the process', async () => {
  const { client, ends } = await connected((socket) =>
    socket.onMessage(() => must(false, 'what must be true')),
  )
  client.write(TEXT_FRAME)
  while (ends.length === 0) await turn()
  assert.deepEqual(
    ends.map(({ message }) => message),
    ['what must be true'],
  )
})
