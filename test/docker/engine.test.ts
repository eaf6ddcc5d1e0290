import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'

import { DockerEngine } from '#agent/docker/docker.ts'
import { engineSuite } from '#agent/engine.suite.ts'
import { ImageCleanup } from '#agent/tasks/image-cleanup.ts'
import { ensureImage } from '#agent/tasks/images.ts'
import { MovedClock } from '#server/house.fixture.ts'
import { systemClock, systemIds } from '#system/system.ts'

import { until } from '../parity/house.ts'
import { docker, DOCKER_SOCKET, importImage, removeImage } from './engine.fixture.ts'

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
  assert.ok(await ensureImage(engine, CACHED, { behavior: 'default' }))
  assert.ok(await ensureImage(engine, CACHED, { behavior: 'prefer-cached' }))
  assert.ok(await ensureImage(engine, CACHED, { behavior: 'once' }))
  await assert.rejects(ensureImage(engine, CACHED, { behavior: 'always' }), {
    name: 'CannotPullContainerError',
  })
})

test('an image that lost its name to a later pull is removed, unless somebody gave it another', async () => {
  const clock = new MovedClock()
  const name = `berth-moving-${word}:1`
  const other = `berth-moving-${word}:other`
  await importImage(name, ['LABEL n=1'])
  const first = (await engine.image(name))?.id ?? ''
  await importImage(name, ['LABEL n=2'])
  const second = (await engine.image(name))?.id ?? ''
  await importImage(name, ['LABEL n=3'])
  await docker('POST', `/images/${second}/tag?repo=berth-moving-${word}&tag=other`)
  const cleanup = new ImageCleanup({
    engine,
    clock,
    log: { info() {}, warn: assert.fail, error: assert.fail },
    limits: { intervalMs: 1000, minimumAgeMs: 0, perCycle: 9 },
    images: { [name]: { pulledAt: 0, usedAt: 0 } },
    inUse: () => new Set([name]),
  })
  cleanup.used(name, { pulled: false, asked: true, replaced: first })
  cleanup.used(name, { pulled: false, asked: true, replaced: second })
  assert.deepEqual(Object.keys(cleanup.images).toSorted(), [name, first, second].toSorted())
  cleanup.start()
  await clock.move(1000)
  await until('both are looked at', () => Object.keys(cleanup.images).length === 1 || undefined)
  cleanup.stop()
  assert.equal(await engine.image(first), undefined)
  assert.ok(await engine.image(other))
  assert.ok(await engine.image(name))
  await removeImage(other)
  await removeImage(name)
})

test('an image that a container holds makes way for others that could be removed', async () => {
  const clock = new MovedClock()
  const [held, free] = [`berth-held-${word}:1`, `berth-free-${word}:1`]
  await importImage(held)
  await importImage(free)
  const container = await engine.create(`berth-held-${word}`, {
    Image: held,
    Cmd: ['/bin/true'],
    Env: [],
    Labels: {},
    HostConfig: {},
  })
  const cleanup = new ImageCleanup({
    engine,
    clock,
    log: { info() {}, warn: assert.fail, error: assert.fail },
    limits: { intervalMs: 1000, minimumAgeMs: 0, perCycle: 1 },
    images: { [held]: { pulledAt: 0, usedAt: 0 }, [free]: { pulledAt: 0, usedAt: 1 } },
    inUse: () => new Set(),
  })
  cleanup.start()
  await until('the other is removed', async () => {
    await clock.move(1000)
    return (await engine.image(free)) === undefined || undefined
  })
  cleanup.stop()
  assert.ok(await engine.image(held))
  await engine.remove(container)
  await removeImage(held)
})

test('an archive that is none is refused', async () => {
  await assert.rejects(engine.importImage(`${IMAGE}-broken`, Buffer.alloc(2048, 'x'), []), {
    name: 'CannotPullContainerError',
  })
})

test('a local image is never asked of a registry', async () => {
  assert.ok(await ensureImage(engine, LOCAL, { behavior: 'always' }))
})
