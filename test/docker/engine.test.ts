import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'

import { DockerEngine } from '#agent/docker/docker.ts'
import { engineSuite } from '#agent/engine.suite.ts'
import { ensureImage } from '#agent/tasks/images.ts'
import { systemClock, systemIds } from '#system/system.ts'

import { DOCKER_SOCKET, importImage, removeImage } from './engine.fixture.ts'

const word = systemIds.hex(8)
const IMAGE = `berth-engine-test-${word}:1`
/** On a registry that is not there. */
const LOCAL = `127.0.0.1:9/berth-local-${word}:1`
const CACHED = `127.0.0.1:9/berth-cached-${word}:1`
const engine = new DockerEngine({ socketPath: DOCKER_SOCKET, clock: systemClock })

before(async () => {
  await importImage(IMAGE)
  await importImage(LOCAL, ['LABEL berth.local=true'])
  await importImage(CACHED)
})
after(async () => {
  await removeImage(IMAGE)
  await removeImage(LOCAL)
  await removeImage(CACHED)
  engine.close()
})

engineSuite('Docker Engine', () => ({
  engine,
  image: IMAGE,
  missingImage: '127.0.0.1:9/no/such:image',
  unique: () => `berth-engine-test-${systemIds.hex(12)}`,
}))

test('a failed pull falls back to the image that is here, but not for `always`', async () => {
  assert.ok(await ensureImage(engine, CACHED, 'default'))
  assert.ok(await ensureImage(engine, CACHED, 'prefer-cached'))
  assert.ok(await ensureImage(engine, CACHED, 'once'))
  await assert.rejects(ensureImage(engine, CACHED, 'always'), { name: 'CannotPullContainerError' })
})

test('an archive that is none is refused', async () => {
  await assert.rejects(engine.importImage(`${IMAGE}-broken`, Buffer.alloc(2048, 'x'), []), {
    name: 'CannotPullContainerError',
  })
})

test('a local image is never asked of a registry', async () => {
  assert.ok(await ensureImage(engine, LOCAL, 'always'))
})
