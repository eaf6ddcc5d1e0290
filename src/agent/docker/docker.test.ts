import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'

import { systemClock } from '#system/system.ts'

import { DockerEngine } from './docker.ts'

/** What an Engine says that has begun to answer when it fails: its status was good, and only the last line is not. */
const LINES = ['{"status":"Importing"}', '{"errorDetail":{},"error":"no space left on device"}']

test('an import or a pull that fails under status 200 has failed', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'berth-docker-'))
  const socketPath = join(folder, 'docker.sock')
  const server = createServer((request, response) =>
    response.end(
      request.url === '/version'
        ? '{"ApiVersion":"1.41","MinAPIVersion":"1.12"}'
        : LINES.join('\r\n'),
    ),
  ).listen(socketPath)
  await once(server, 'listening')
  const engine = new DockerEngine({ socketPath, clock: systemClock })
  const failure = { name: 'CannotPullContainerError', message: /no space left on device/ }
  try {
    await assert.rejects(engine.importImage('a:1', Buffer.from('tar'), []), failure)
    await assert.rejects(engine.pull('a:1', undefined), failure)
  } finally {
    engine.close()
    server.close()
    rmSync(folder, { recursive: true })
  }
})
