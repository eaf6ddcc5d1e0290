/** The engine restarts or hangs under the agent: what ran is told as it is, once, and what comes later runs. */
import assert from 'node:assert/strict'
import { after, before, test, type TestContext } from 'node:test'

import { systemClock, systemIds } from '#system/system.ts'
import type { AcsContainer } from '#wire/task.ts'

import { until } from '../parity/house.ts'
import { patient } from '../patience.ts'
import { Dockerd } from './dockerd.fixture.ts'
import { importImage, removeImage } from './engine.fixture.ts'
import { Host, task } from './host.fixture.ts'

const IMAGE = `berth-dockerd-test-${systemIds.hex(8)}:1`
const LIMIT = { timeout: patient(120_000) }
/** A time limit of half a minute is over in a second. */
const HASTE = 30
const hasty = {
  ...systemClock,
  after: (ms: number, run: () => void) => systemClock.after(ms / HASTE, run),
}

before(() => importImage(IMAGE, ['LABEL berth.local=true']))
after(() => removeImage(IMAGE))

async function prepared(context: TestContext, liveRestore: boolean, engineClock = systemClock) {
  const dockerd = new Dockerd(liveRestore)
  await dockerd.start()
  dockerd.load(IMAGE)
  const host = await Host.start({}, { socketPath: dockerd.socketPath, clock: engineClock })
  context.after(async () => {
    dockerd.resume()
    await host.end()
    await dockerd.remove()
  })
  return { dockerd, host }
}

const sh = (script: string, more: Partial<AcsContainer> = {}): AcsContainer => ({
  name: 'web',
  image: IMAGE,
  memory: 16,
  // Long enough for a busy machine: what is looked for is its own exit code.
  stopTimeout: 30,
  command: ['sh', '-c', script],
  ...more,
})
const STAY = 'trap "exit 7" TERM; echo armed; while :; do sleep 0.1; done'
const lonely = { networkMode: 'none' } as const

/** A container runs before its program has set its traps: a signal that comes earlier is lost. */
const armed = (dockerd: Dockerd): Promise<true> =>
  until('it heeds signals', () => {
    const ids = dockerd.docker('ps', '-q').split('\n')
    return ids.some((id) => id && dockerd.docker('logs', id).includes('armed')) || undefined
  })

const stops = (host: Host, arn: string) =>
  host.backend.changes.filter((change) => change.task === arn && change.status === 'STOPPED')

test(
  'a restart that ends the containers: each end is told once, and the next task runs',
  LIMIT,
  async (context) => {
    const { dockerd, host } = await prepared(context, false)
    const first = task([sh(STAY)], lonely)
    host.run(first)
    await host.backend.status(first.arn, 'RUNNING')
    await armed(dockerd)
    await dockerd.stop()
    await dockerd.start()
    const stopped = await host.backend.status(first.arn, 'STOPPED')
    assert.equal(stopped.containers?.[0]?.exitCode, 7)
    const next = task([sh(STAY)], lonely)
    host.run(next)
    await host.backend.status(next.arn, 'RUNNING')
    assert.equal(stops(host, first.arn).length, 1)
  },
)

test(
  'a restart with live restore: nothing is told, and a stop still arrives',
  LIMIT,
  async (context) => {
    const { dockerd, host } = await prepared(context, true)
    const first = task([sh(STAY)], lonely)
    host.run(first)
    await host.backend.status(first.arn, 'RUNNING')
    await armed(dockerd)
    const before = dockerd.docker('ps', '-q', '--no-trunc')
    await dockerd.stop()
    await dockerd.start()
    assert.equal(dockerd.docker('ps', '-q', '--no-trunc'), before)
    const second = task([sh(STAY)], lonely)
    host.run(second)
    await host.backend.status(second.arn, 'RUNNING')
    assert.deepEqual(stops(host, first.arn), [])
    host.stopTask(first.arn)
    const stopped = await host.backend.status(first.arn, 'STOPPED')
    assert.equal(stopped.containers?.[0]?.exitCode, 7)
  },
)

test(
  'an engine that hangs: the start fails by its name, and the next one after it succeeds',
  LIMIT,
  async (context) => {
    const { dockerd, host } = await prepared(context, false, hasty)
    const steady = task([sh(STAY)], lonely)
    host.run(steady)
    await host.backend.status(steady.arn, 'RUNNING')
    dockerd.suspend()
    const unlucky = task([sh(STAY)], lonely)
    host.run(unlucky)
    const stopped = await host.backend.status(unlucky.arn, 'STOPPED')
    assert.match(
      stopped.containers?.[0]?.reason ?? '',
      /^DockerTimeoutError: Could not transition to \w+; timed out after waiting 30s$/,
    )
    dockerd.resume()
    const next = task([sh(STAY)], lonely)
    host.run(next)
    await host.backend.status(next.arn, 'RUNNING')
    assert.deepEqual(stops(host, steady.arn), [])
  },
)

test(
  'a container that the engine does not answer for keeps no agent from its duty',
  LIMIT,
  async (context) => {
    const { dockerd, host } = await prepared(context, false, hasty)
    const [steady, stuck] = [task([sh(STAY)], lonely), task([sh(STAY)], lonely)]
    for (const one of [steady, stuck]) {
      host.run(one)
      await host.backend.status(one.arn, 'RUNNING')
    }
    const label = `label=com.amazonaws.ecs.task-arn=${stuck.arn}`
    await dockerd.wedge(dockerd.docker('ps', '-q', '--no-trunc', '-f', label))
    await host.stopAgent()
    await host.startAgent()
    const next = task([sh(STAY)], lonely)
    host.run(next)
    await host.backend.status(next.arn, 'RUNNING')
    for (const one of [steady, stuck]) assert.deepEqual(stops(host, one.arn), [])
    // It was told to end before it was stuck.
    dockerd.release()
    const stopped = await host.backend.status(stuck.arn, 'STOPPED')
    assert.equal(stopped.containers?.[0]?.exitCode, 137)
  },
)
