/** Answers that nobody reads are not kept: they have a limit of bytes, and of time. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { after, test } from 'node:test'

import { asJson, deskOf, sign } from './gateway.fixture.ts'
import type { GatewayLimits } from './limits.ts'

/** More than the kernel takes for a reader that does not read. */
const LARGE = 12 << 20
const SMALL = 20 << 10

async function served(limits: Partial<GatewayLimits>) {
  let asked = 0
  const { gateway } = deskOf(
    {
      'ecs:ListClusters': () => {
        asked += 1
        return { clusterArns: ['a'.repeat(LARGE)] }
      },
      'ecs:ListTasks': () => ({ taskArns: [] }),
    },
    limits,
  )
  const server = await gateway.listen({ host: '127.0.0.1', port: 0 })
  const connections = new Map<number | undefined, Socket>()
  server.on('connection', (held: Socket) => connections.set(held.remotePort, held))
  after(() => gateway.close())
  const { port } = server.address() as AddressInfo
  const text = async (operation: string): Promise<string> => {
    const { target, headers, body } = await sign(asJson(operation, {}))
    const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`).join('')
    return `POST ${target} HTTP/1.1\r\n${lines}content-length: ${body.length}\r\n\r\n${Buffer.from(body).toString()}`
  }
  /** A connection that has sent this and reads nothing until it is told to. */
  const ask = async (...operations: string[]): Promise<Socket> => {
    const socket = connect(port, '127.0.0.1').pause()
    socket.on('error', () => {})
    after(() => socket.destroy())
    for (const operation of operations) socket.write(await text(operation))
    return socket
  }
  const status = async (operation: string): Promise<string> => {
    const socket = await ask(operation)
    const [chunk] = (await once(socket.resume(), 'data')) as [Buffer]
    socket.destroy()
    return chunk.toString().slice(9, 12)
  }
  /** Resolves when the server has let go of the connection, whatever its reader has seen of that. */
  const gone = async (socket: Socket): Promise<void> => {
    const held = connections.get(socket.localPort)
    if (held && !held.destroyed) await once(held, 'close')
  }
  return { ask, gone, status, count: () => asked }
}

test('a reader that takes nothing loses its connection, and one that is slow does not', async () => {
  const { ask, gone } = await served({ answerMs: 1500 })
  const [idle, slow] = [await ask('ListClusters'), await ask('ListClusters')]
  let bytes = 0
  const over = Promise.withResolvers<void>()
  slow.on('data', (chunk: Buffer) => {
    bytes += chunk.length
    if (bytes >= LARGE) over.resolve()
    slow.pause()
    setTimeout(() => slow.resume(), 10)
  })
  slow.on('close', () => over.resolve())
  slow.resume()
  await over.promise
  assert.ok(bytes >= LARGE, `it lost its connection after ${bytes} bytes`)
  await gone(idle)
  assert.equal(slow.destroyed, false)
})

test('whoever has not read its answers is served no more until it has gone', async () => {
  const { ask, status, count } = await served({ answersBytesOfKey: 2 * LARGE - SMALL })
  // The second of one connection waits behind the first: nobody tells of its end.
  const both = await ask('ListClusters', 'ListClusters')
  while (count() < 2) await new Promise((done) => setImmediate(done))
  while ((await status('ListTasks')) === '200') await new Promise((done) => setImmediate(done))
  const before = count()
  assert.equal(await status('ListClusters'), '503')
  assert.equal(count(), before, 'nothing was done for it')
  both.destroy()
  while ((await status('ListTasks')) !== '200') await new Promise((done) => setImmediate(done))
  assert.equal(await status('ListClusters'), '200')
})
