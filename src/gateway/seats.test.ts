import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { test } from 'node:test'

import type { Principal } from '#kernel/principal.ts'

import { asJson, houseOf, KEY, sign } from './gateway.fixture.ts'
import { Gateway } from './gateway.ts'
import { Seats } from './seats.ts'

const root = (accountId: string): Principal => ({ type: 'root', accountId })
const host = (accountId: string, hostId: string): Principal => ({ type: 'host', accountId, hostId })
const LIMITS = { connections: 1000, reservedConnections: 20, connectionsOfHost: 100 }

function counted(limits = LIMITS) {
  const seats = new Seats(limits)
  const gone: object[] = []
  const open = (principal: Principal) => {
    const connection = { destroy: () => void gone.push(connection) }
    seats.begin(connection)
    seats.take(connection, principal)
    return connection
  }
  const fill = (account: string, max = Infinity) => {
    const opened: object[] = []
    try {
      while (opened.length < max) opened.push(open(root(account)))
    } catch (error) {
      assert.equal((error as { status: number }).status, 429)
    }
    return opened
  }
  return { seats, gone, open, fill }
}

test('an account has half of the connections that others leave, its machines with it, and strangers their reserve', () => {
  const { open, fill } = counted()
  for (let n = 0; n < 100; n++) open(host('1', 'h'))
  assert.throws(() => open(host('1', 'h')), { status: 429 })
  open(host('2', 'h'))
  assert.equal(fill('1').length, 389, 'half of 979, and it has a hundred')
  let all = 490
  for (let n = 3; n < 20; n++) all += fill(String(n)).length
  assert.ok(all <= 980)
})

test('whoever comes when all is taken has the place of whom has most and has been idle for longest', () => {
  const { seats, gone, open, fill } = counted()
  const first = fill('1')
  for (let n = 2; n < 20; n++) fill(String(n))
  assert.throws(() => open(root('new')), { status: 429 }, 'all of them have a request in hand')
  seats.end(first[7]!)
  seats.end(first[3]!)
  seats.begin(first[7]!)
  seats.end(first[7]!)
  open(root('new'))
  open(root('new'))
  assert.deepEqual(gone, [first[3], first[7]])
  assert.throws(() => open(root('new')), { status: 429 })
})

test('no account takes from one that has no more than itself', () => {
  const { seats, gone, fill } = counted({ ...LIMITS, connections: 32 })
  const first = fill('1')
  for (const connection of first) seats.end(connection)
  assert.equal(first.length, 6)
  assert.equal(fill('2').length, 4)
  assert.deepEqual(gone, first.slice(0, 1), 'of five the account with four takes none')
})

test('over HTTP a connection is idle from its answer on, and goes for another account', async (context) => {
  const other = { ...KEY, accessKeyId: 'AKIDOTHER', principal: root('2') }
  const house = {
    ...houseOf(),
    credential: (id: string) => [KEY, other].find(({ accessKeyId }) => accessKeyId === id),
  }
  const gateway = new Gateway(house, { connections: 7, reservedConnections: 1 })
  const server = await gateway.listen({ host: '127.0.0.1', port: 0 })
  context.after(() => gateway.close())
  const { port } = server.address() as AddressInfo
  const caller = async (key: typeof KEY): Promise<{ socket: Socket; status: string }> => {
    const { headers } = await sign({ ...asJson('ListClusters', {}), key })
    const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`).join('')
    const socket = connect(port, '127.0.0.1').on('error', () => {})
    context.after(() => socket.destroy())
    socket.write(`POST / HTTP/1.1\r\n${lines}content-length: 2\r\n\r\n{}`)
    const [text] = (await once(socket, 'data')) as [Buffer]
    socket.resume()
    return { socket, status: text.toString().slice(9, 12) }
  }
  const own = [await caller(KEY), await caller(KEY), await caller(KEY)]
  assert.equal((await caller(KEY)).status, '429')
  // Signed by somebody and not built: 501.
  assert.equal((await caller(other)).status, '501')
  assert.equal((await caller(other)).status, '501')
  if (!own[0]!.socket.closed) await once(own[0]!.socket, 'close')
  assert.ok(own.slice(1).every(({ socket }) => !socket.closed))
})
