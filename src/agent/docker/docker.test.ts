import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'

import { systemClock } from '#system/system.ts'

import { DockerEngine } from './docker.ts'

/** An Engine that answers as it is told, by the path without its version. */
async function engineThat(
  context: TestContext,
  answer: (path: string, response: ServerResponse) => void,
): Promise<DockerEngine> {
  const folder = mkdtempSync(join(tmpdir(), 'berth-docker-'))
  const socketPath = join(folder, 'docker.sock')
  const server = createServer((request, response) => {
    const path = (request.url ?? '').replace(/^\/v1\.\d+/, '')
    if (path === '/version') response.end('{"ApiVersion":"1.41","MinAPIVersion":"1.12"}')
    else answer(path, response)
  }).listen(socketPath)
  await once(server, 'listening')
  const engine = new DockerEngine({ socketPath, clock: systemClock })
  context.after(() => {
    engine.close()
    server.closeAllConnections()
    server.close()
    rmSync(folder, { recursive: true })
  })
  return engine
}

/** What an Engine says that has begun to answer when it fails: its status was good, and only the last line is not. */
const LINES = ['{"status":"Importing"}', '{"errorDetail":{},"error":"no space left on device"}']

test('an import or a pull that fails under status 200 has failed', async (context) => {
  const engine = await engineThat(context, (_path, response) => response.end(LINES.join('\r\n')))
  const failure = { name: 'CannotPullContainerError', message: /no space left on device/ }
  await assert.rejects(engine.importImage('a:1', Buffer.from('tar'), []), failure)
  await assert.rejects(engine.pull('a:1', undefined), failure)
})

/** More than the connections that calls share. */
const DEAF = 100

test('containers that do not end, however many, keep no other call waiting', async (context) => {
  const arrived = Promise.withResolvers<void>()
  let waiting = 0
  const engine = await engineThat(context, (path, response) => {
    if (path === '/containers/other/json') response.end('{"Id":"other"}')
    else if ((waiting += 1) === DEAF) arrived.resolve()
  })
  const ends = Array.from({ length: DEAF }, (_, index) =>
    index % 2 === 0 ? engine.stop(`deaf${index}`, 100_000) : engine.remove(`deaf${index}`),
  ).map((end) => end.catch(() => undefined))
  await arrived.promise
  assert.equal((await engine.inspect('other'))?.id, 'other')
  engine.close()
  await Promise.all(ends)
})

test('a list of containers has no limit, and one that cannot be read is silent, not a failure of all', async (context) => {
  const large = 'x'.repeat(1024 * 1024)
  /** More than is read of one answer. */
  const parts = 33
  const engine = await engineThat(context, (path, response) => {
    if (path.startsWith('/containers/json')) {
      response.write('[')
      for (let index = 0; index < parts; index += 1)
        response.write(`{"Id":"large${index}","Labels":{"a":"b","of.its.image":"${large}"}},`)
      response.end('{"Id":"small","Labels":{"a":"c"}},{"Id":"broken","Labels":{"a":"d"}}]')
    } else if (path === '/containers/broken/json') {
      response.statusCode = 500
      response.end('{"message":"no"}')
    } else if (path === '/containers/large0/json') {
      response.write('{"Id":"')
      for (let index = 0; index < parts; index += 1) response.write(large)
      response.end('"}')
    } else if (path === '/containers/small/json')
      response.end(`{"Id":"small","Config":{"Labels":{"a":"c","of.its.image":"${large}"}}}`)
    else {
      response.statusCode = 404
      response.end('{"message":"gone"}')
    }
  })
  const { found, silent } = await engine.list({ a: '' }, ['a'])
  assert.deepEqual(
    found.map(({ id, labels }) => ({ id, labels })),
    [{ id: 'small', labels: { a: 'c' } }],
  )
  assert.deepEqual(silent, [
    { id: 'large0', labels: { a: 'b' } },
    { id: 'broken', labels: { a: 'd' } },
  ])
  engine.close()
})
