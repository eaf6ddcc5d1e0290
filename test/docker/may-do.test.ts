/** What a task asks of its host by a way that only the host can see. */
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'

import { systemIds } from '#system/system.ts'
import type { AcsVolume } from '#wire/task.ts'

import { patient } from '../patience.ts'
import { docker, importImage, removeImage } from './engine.fixture.ts'
import { Host, task } from './host.fixture.ts'

const IMAGE = `berth-may-do-test-${systemIds.hex(8)}:1`
before(() => importImage(IMAGE, ['LABEL berth.local=true']))
after(() => removeImage(IMAGE))

test(
  'a link out of a folder that is allowed mounts nothing',
  { timeout: patient(120_000) },
  async (context) => {
    const root = mkdtempSync(join(tmpdir(), 'berth-may-do-'))
    context.after(() => rmSync(root, { recursive: true }))
    for (const folder of ['allowed', 'secret']) mkdirSync(join(root, folder))
    const allowed = join(root, 'allowed')
    const way = join(allowed, 'way')
    symlinkSync(join(root, 'secret'), way)
    const host = await Host.start({ BERTH_ALLOW_HOST_PATHS: JSON.stringify([allowed]) })
    context.after(() => host.end())
    const run = async (volume: Partial<AcsVolume>): Promise<string | undefined> => {
      const command = ['sh', '-c', 'echo here > /v/file']
      const mountPoints = [{ sourceVolume: 'v', containerPath: '/v' }]
      const writer = task([{ name: 'app', image: IMAGE, memory: 32, command, mountPoints }], {
        volumes: [{ name: 'v', ...volume }],
      })
      host.run(writer)
      const { containers = [] } = await host.backend.status(writer.arn, 'STOPPED')
      return containers[0]?.reason
    }
    const bind = (device: string): Partial<AcsVolume> => ({
      type: 'docker',
      dockerVolumeConfiguration: {
        scope: 'task',
        driver: 'local',
        driverOpts: { type: 'none', o: 'bind', device },
      },
    })
    const says = new RegExp(
      `^CannotCreateContainerError: volumes.* ${way}, which is ${root}/secret, is not allowed on this host`,
    )
    assert.match((await run({ type: 'host', host: { sourcePath: way } })) ?? '', says)
    assert.match((await run(bind(way))) ?? '', says)
    assert.throws(() => readFileSync(join(root, 'secret', 'file')))
    assert.equal(await run({ type: 'host', host: { sourcePath: join(allowed, 'new') } }), undefined)
    assert.equal(readFileSync(join(allowed, 'new', 'file'), 'utf8'), 'here\n')
    assert.equal(await run(bind(allowed)), undefined)
    assert.equal(readFileSync(join(allowed, 'file'), 'utf8'), 'here\n')
  },
)

test(
  'an image that weighs down every look at its containers has none',
  { timeout: patient(120_000) },
  async (context) => {
    const word = systemIds.hex(8)
    const large = `berth-large-test-${word}:1`
    const Labels = { 'berth.local': 'true', large: 'x'.repeat(1024 * 1024) }
    const { Id } = (await docker('POST', '/containers/create', {
      Image: IMAGE,
      Cmd: ['true'],
      Labels,
    })) as {
      Id: string
    }
    await docker('POST', `/commit?container=${Id}&repo=berth-large-test-${word}&tag=1`)
    await docker('DELETE', `/containers/${Id}`)
    context.after(() => removeImage(large))
    const host = await Host.start()
    context.after(() => host.end())
    const refused = task([{ name: 'app', image: large, memory: 32, command: ['true'] }])
    host.run(refused)
    const { containers = [] } = await host.backend.status(refused.arn, 'STOPPED')
    assert.match(
      containers[0]?.reason ?? '',
      /^CannotCreateContainerError: the configuration of berth-large-test-.*, has \d+ bytes; 1048576 are the most$/,
    )
    assert.equal(containers[0]?.runtimeId, undefined)
  },
)
