import assert from 'node:assert/strict'
import { test } from 'node:test'

import { own } from '#kernel/own.ts'
import type { AcsVolume } from '#wire/task.ts'

import type { Volume, VolumeBody } from '../engine.ts'
import { accept } from './accept.ts'
import { provideVolumes } from './volumes.ts'

const OWNER = { installationId: 'i-1', containerInstanceArn: 'instance', cluster: 'default' }
const OWN = { 'berth.installation': 'i-1', 'berth.container-instance': 'instance' }

/** The volumes that are made for a task, on a host that has `there`. */
async function made(
  volumes: readonly AcsVolume[],
  there: Readonly<Record<string, Volume>> = {},
  mustMatch = false,
): Promise<readonly VolumeBody[]> {
  const definition = { arn: 'arn', desiredStatus: 'RUNNING' as const, family: 'shop', volumes }
  const task = accept(definition, 1, () => 'f00')
  const bodies: VolumeBody[] = []
  const engine = {
    volume: async (name: string) => own(there, name),
    createVolume: async (body: VolumeBody) => void bodies.push(body),
  }
  await provideVolumes(task, OWNER, engine, mustMatch)
  return bodies
}

const shared = (more: AcsVolume['dockerVolumeConfiguration'] = {}): readonly AcsVolume[] => [
  { name: 'all', dockerVolumeConfiguration: { scope: 'shared', ...more } },
]
const has = (labels: Volume['labels'] = {}, options: Volume['options'] = {}) => ({
  all: { labels, options },
})

test('the task has volumes of its own, labelled, and none for a folder of the host', async () => {
  const bodies = await made([
    { name: 'etc', host: { sourcePath: '/srv/etc' } },
    { name: 'scratch', host: {} },
    { name: 'own', dockerVolumeConfiguration: { scope: 'task', labels: { a: 'b' } } },
  ])
  assert.deepEqual(bodies, [
    { Name: 'ecs-shop-0-scratch-f00', Driver: 'local', DriverOpts: {}, Labels: OWN },
    { Name: 'ecs-shop-0-own-f00', Driver: 'local', DriverOpts: {}, Labels: { a: 'b', ...OWN } },
  ])
})

test('a shared volume is made where it may be and is not there', async () => {
  const volumes = shared({ autoprovision: true, driverOpts: { o: 'ro' }, labels: { a: 'b' } })
  assert.deepEqual(await made(volumes), [
    { Name: 'all', Driver: 'local', DriverOpts: { o: 'ro' }, Labels: { a: 'b' } },
  ])
  assert.deepEqual(await made(volumes, has()), [])
  assert.deepEqual(await made(shared(), has({ a: 'b' })), [])
})

test('a shared volume that is not there, or not as it is asked for, fails the task', async () => {
  const begin =
    'ResourceInitializationError: resource cannot be initialized for task arn: initialize volume: '
  await assert.rejects(made(shared()), {
    reason: `${begin}volume detection failed, volume 'all' does not exist and autoprovision is set to false`,
  })
  const asked = shared({ autoprovision: true, driverOpts: { o: 'ro' }, labels: { b: '2', a: '1' } })
  const mustMatch = true
  assert.deepEqual(await made(asked, has({ a: '1', b: '2' }, { o: 'ro' }), mustMatch), [])
  await assert.rejects(made(asked, has({ a: '1', b: '2' }), mustMatch), {
    reason: `${begin}non-autoprovisioned volume does not match existing volume options: existing: map[], expected: map[o:ro]`,
  })
  await assert.rejects(made(asked, has({ a: '1' }, { o: 'ro' }), mustMatch), {
    message: /intialize volume: .* volume labels: existing: map\[a:1\], expected: map\[a:1 b:2\]$/,
  })
})

test("a shared volume is nobody's but its author's, whatever its author labels it", async () => {
  const labels = { 'berth.installation': 'i-1', a: 'b' }
  const volumes = shared({ autoprovision: true, labels })
  const [body] = await made(volumes)
  assert.deepEqual(body?.Labels, { a: 'b' })
  assert.deepEqual(await made(volumes, has({ a: 'b' }), true), [])
})

test('a volume may be named as what every object has', async () => {
  for (const name of ['__proto__', 'constructor']) {
    const docker = { scope: 'shared', autoprovision: true } as const
    const [body] = await made([{ name, dockerVolumeConfiguration: docker }])
    assert.equal(body?.Name, name)
    const [own] = await made([{ name, host: {} }])
    assert.equal(own?.Name, `ecs-shop-0-${name}-f00`)
  }
})
