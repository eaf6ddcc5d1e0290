import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { networkInterfaces } from 'node:os'
import { test, type TestContext } from 'node:test'

import type { Answerer } from '../host.ts'
import { listen } from './listen.ts'
import { SEATS_PER_PEER_MAX } from './seats.ts'

const QUESTION = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n'
const HERE: Answerer = async () => ({ status: 200, contentType: 'text/plain', body: 'here' })

type Asked = { readonly socket: Socket; readonly said: Promise<string> }

async function server(
  context: TestContext,
  answerer = HERE,
  isHosts?: (address: string) => boolean,
): Promise<(localAddress: string, question?: string) => Asked> {
  const { port, close } = await listen('127.0.0.1', 0, answerer, isHosts)
  context.after(close)
  return (localAddress, question = QUESTION) => {
    const socket = connect({ port, host: '127.0.0.1', localAddress })
    context.after(() => socket.destroy())
    socket.on('error', () => {})
    // Whoever does not read does not hear that the other side hung up.
    socket.on('data', () => {})
    socket.write(question)
    /** What the other side says first; empty where it hangs up. */
    const said = Promise.race([
      once(socket, 'data').then(([data]) => String(data)),
      once(socket, 'close').then(() => ''),
    ]).catch(() => '')
    return { socket, said }
  }
}

const many = (ask: () => Asked, length = SEATS_PER_PEER_MAX): Asked[] => Array.from({ length }, ask)
const isOther = (): boolean => false

test('one container has so many connections; the one that waits longest goes for the next', async (context) => {
  const ask = await server(context, HERE, isOther)
  const neighbour = ask('127.0.0.3')
  assert.match(await neighbour.said, /here$/)
  const first = ask('127.0.0.2')
  assert.match(await first.said, /here$/)
  const others = many(() => ask('127.0.0.2'), SEATS_PER_PEER_MAX - 1)
  for (const { said } of others) assert.match(await said, /here$/)
  // It has asked again since: it is not the one that waits longest.
  first.socket.write(QUESTION)
  await once(first.socket, 'data')
  const gone = others.map(({ socket }, index) => once(socket, 'close').then(() => index))
  assert.match(await ask('127.0.0.2').said, /here$/)
  assert.equal(await Promise.race(gone), 0)
  assert.ok(!first.socket.closed && !neighbour.socket.closed)
})

test('whoever is being answered keeps its seat: where all are, the next is refused', async (context) => {
  const answers: (() => void)[] = []
  const arrived = Promise.withResolvers<void>()
  const ask = await server(context, async (question) => {
    await new Promise<void>((resolve) => {
      if (answers.push(resolve) === SEATS_PER_PEER_MAX) arrived.resolve()
    })
    return HERE(question)
  })
  const all = many(() => ask('127.0.0.2'))
  await arrived.promise
  assert.equal(await ask('127.0.0.2').said, '')
  for (const answer of answers) answer()
  for (const { said } of all) assert.match(await said, /here$/)
})

test("the host is one, whichever of its addresses it speaks from, and holds nobody's seat by half a question", async (context) => {
  const own = Object.values(networkInterfaces()).flatMap((all = []) => all)
  const outer = own.find(({ family, internal }) => family === 'IPv4' && !internal)?.address
  const addresses = ['127.0.0.1', '127.0.0.9', ...(outer ? [outer] : [])]
  const ask = await server(context)
  let index = 0
  const half = 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nhalf'
  const held = many(() => ask(addresses[(index += 1) % addresses.length] ?? '', half))
  await Promise.all(held.map(({ socket }) => once(socket, 'connect')))
  assert.match(await ask('127.1.2.3').said, /here$/)
  assert.equal(await Promise.race(held.map(({ said }) => said)), '')
})

test('whoever sends question after question and waits for no answer loses the connection', async (context) => {
  let asked = 0
  const ask = await server(context, async () => {
    asked++
    return new Promise(() => {})
  })
  assert.equal(await ask('127.0.0.1', QUESTION.repeat(1000)).said, '')
  assert.ok(asked <= 16, `${asked} were asked`)
})
