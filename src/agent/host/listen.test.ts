import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { test } from 'node:test'

import { CONNECTIONS_PER_ADDRESS_MAX, listen } from './listen.ts'

const QUESTION = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n'

test('one address has so many connections, and takes none of the others', async (context) => {
  const answerer = async () => ({ status: 200, contentType: 'text/plain', body: 'here' })
  const { port, close } = await listen('127.0.0.1', 0, answerer)
  context.after(close)
  const sockets: Socket[] = []
  context.after(() => sockets.forEach((socket) => socket.destroy()))
  /** What the other side says first; empty where it hangs up. */
  const said = async (localAddress: string): Promise<string> => {
    const socket = connect({ port, host: '127.0.0.1', localAddress })
    sockets.push(socket)
    socket.on('error', () => {})
    const first = Promise.race([
      once(socket, 'data').then(([data]) => String(data)),
      once(socket, 'close').then(() => ''),
    ])
    socket.write(QUESTION)
    return first.catch(() => '')
  }
  const answers = await Promise.all(
    Array.from({ length: CONNECTIONS_PER_ADDRESS_MAX }, () => said('127.0.0.2')),
  )
  assert.ok(answers.every((answer) => answer.endsWith('here')))
  assert.equal(await said('127.0.0.2'), '')
  assert.match(await said('127.0.0.3'), /here$/)
  const [first] = sockets
  first?.destroy()
  if (first) await once(first, 'close')
  // The other side hears of it in its own time: a question on another connection comes after that.
  await said('127.0.0.3')
  assert.match(await said('127.0.0.2'), /here$/)
})
