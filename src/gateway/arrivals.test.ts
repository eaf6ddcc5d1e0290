import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { type AddressInfo, connect as connectPlain, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { connect as connectTls } from 'node:tls'

import { asJson, deskOf, sign } from './gateway.fixture.ts'

/** Six of an account that is alone: half of what is no reserve. */
const LIMITS = { connections: 14, unknownConnections: 4, reservedConnections: 2 }

function certificate(): { key: string; cert: string } {
  const folder = mkdtempSync(join(tmpdir(), 'berth-tls-'))
  const [key, cert] = [join(folder, 'key'), join(folder, 'cert')]
  const words = 'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 1 -subj /CN=x'
  execFileSync('openssl', [...words.split(' '), '-keyout', key, '-out', cert], { stdio: 'ignore' })
  const read = { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') }
  rmSync(folder, { recursive: true })
  return read
}

for (const tls of [undefined, certificate()])
  test(`strangers that hold connections open keep nobody out${tls ? ', with TLS too' : ''}`, async (context) => {
    const { gateway } = deskOf({ 'ecs:ListClusters': () => ({ clusterArns: [] }) }, LIMITS)
    const server = await gateway.listen({ host: '127.0.0.1', port: 0, ...(tls ? { tls } : {}) })
    context.after(() => gateway.close())
    const { port } = server.address() as AddressInfo
    const { target, headers, body } = await sign(asJson('ListClusters', {}))
    const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`).join('')
    const text = `POST ${target} HTTP/1.1\r\n${lines}content-length: ${body.length}\r\n\r\n${Buffer.from(body).toString()}`
    const track = (socket: Socket): Socket => {
      context.after(() => socket.destroy())
      return socket.on('error', () => {}).resume()
    }
    const stranger = async (): Promise<Socket> => {
      const socket = track(connectPlain(port, '127.0.0.1'))
      await once(socket, 'connect')
      return socket
    }
    const signed = async (socket: Socket): Promise<void> => {
      socket.write(text)
      const answer = await Promise.race([once(socket, 'data'), once(socket, 'close')])
      assert.match(String(answer[0]), /^HTTP\/1\.1 200 /)
    }
    const caller = async (): Promise<Socket> => {
      const at = { port, host: '127.0.0.1' }
      const socket = track(
        tls ? connectTls({ ...at, rejectUnauthorized: false }) : connectPlain(at),
      )
      await signed(socket)
      return socket
    }
    const gone = (socket: Socket): Promise<unknown> =>
      socket.closed ? Promise.resolve() : new Promise((closed) => socket.once('close', closed))

    const callers = [await caller()]
    const strangers: Socket[] = []
    for (let n = 0; n < 10; n++) strangers.push(await stranger())
    // Of ten that wait the four that came last are here.
    await Promise.all(strangers.slice(0, 6).map(gone))
    assert.ok(strangers.slice(6).every(({ closed }) => !closed))
    for (let n = 0; n < 5; n++) callers.push(await caller())
    // The account has all that it may: its next one is refused, and these go on.
    await assert.rejects(caller())
    for (const socket of callers) await signed(socket)
    callers.pop()?.destroy()
    while (!(await caller().catch(() => undefined)));
    for (const socket of strangers) socket.destroy()
  })
