import assert from 'node:assert/strict'
import { after, before, test, type TestContext } from 'node:test'

import { systemIds } from '#system/system.ts'
import type { AcsContainer } from '#wire/task.ts'

import { until } from '../parity/house.ts'
import { patient } from '../patience.ts'
import { docker, importImage, outputOf, removeImage } from './engine.fixture.ts'
import { Host, task } from './host.fixture.ts'

const IMAGE = `berth-agent-test-${systemIds.hex(8)}:1`
const LIMIT = { timeout: patient(120_000) }

function sh(script: string, more: Partial<AcsContainer> = {}): AcsContainer {
  return { name: 'web', image: IMAGE, command: ['/bin/sh', '-c', script], memory: 32, ...more }
}
const FOREVER = 'trap "exit 0" TERM; echo armed; while :; do sleep 0.1; done'
const DEAF = 'trap "" TERM; while :; do sleep 0.1; done'

async function start(context: TestContext, environment?: Record<string, string>): Promise<Host> {
  const started = await Host.start(environment)
  context.after(() => started.end())
  return started
}

function container(change: { containers?: readonly unknown[] | undefined }, name = 'web') {
  const all = (change.containers ?? []) as readonly {
    containerName: string
    status: string
    exitCode?: number
    reason?: string
    runtimeId?: string
    networkBindings?: readonly { hostPort?: number; containerPort?: number }[]
  }[]
  return all.find(({ containerName }) => containerName === name)
}

/** A container runs before its program has set its traps: a signal that comes earlier is lost. */
const armed = (one: Host, count: number): Promise<true> =>
  until(`${count} containers heed signals`, async () => {
    const outputs = await Promise.all((await one.containers()).map(({ Id }) => outputOf(Id)))
    return outputs.filter((text) => text.includes('armed')).length >= count || undefined
  })

before(() => importImage(IMAGE, ['LABEL berth.local=true']))
after(() => removeImage(IMAGE))

test('runs a task whose dynamic port answers, and stops it', LIMIT, async (context) => {
  const one = await start(context)
  const web = task([
    sh('echo hello > /www/index.html; exec httpd -f -p 8080 -h /www', {
      portMappings: [{ containerPort: 8080, hostPort: 0, protocol: 'tcp' }],
      stopTimeout: 1,
    }),
  ])
  const messageId = one.run(web)
  const running = await one.backend.status(web.arn, 'RUNNING')
  await one.backend.until(() =>
    one.backend.acs.find(
      ({ type, message }) => type === 'AckRequest' && message.messageId === messageId,
    ),
  )
  const port = container(running)?.networkBindings?.[0]?.hostPort
  assert.ok(port)
  assert.equal(await answer(`http://127.0.0.1:${port}/index.html`), 'hello\n')
  one.stopTask(web.arn)
  const stopped = await one.backend.status(web.arn, 'STOPPED')
  assert.equal(container(stopped)?.status, 'STOPPED')
  assert.ok(stopped.executionStoppedAt)
})

test('trap 1: an essential container exits: the others stop at once', LIMIT, async (context) => {
  const one = await start(context)
  const shared = { mountPoints: [{ sourceVolume: 'v', containerPath: '/shared' }] }
  const pair = task(
    [
      sh('until test -f /shared/armed; do sleep 0.1; done; exit 42', { name: 'app', ...shared }),
      sh(FOREVER.replace('echo armed', 'touch /shared/armed'), {
        name: 'side',
        essential: false,
        ...shared,
      }),
    ],
    { volumes: [{ name: 'v', host: {} }] },
  )
  one.run(pair)
  const stopped = await one.backend.status(pair.arn, 'STOPPED')
  assert.equal(container(stopped, 'app')?.exitCode, 42)
  assert.equal(container(stopped, 'side')?.exitCode, 0)
})

test('trap 19: a two-container task has two containers', LIMIT, async (context) => {
  const one = await start(context)
  const pair = task([sh(FOREVER, { name: 'app' }), sh(FOREVER, { name: 'side' })])
  one.run(pair)
  const running = await one.backend.status(pair.arn, 'RUNNING')
  assert.deepEqual(
    running.containers?.map(({ containerName }) => containerName),
    ['app', 'side'],
  )
  const names = (await one.containers()).map(
    ({ Labels }) => Labels['com.amazonaws.ecs.container-name'],
  )
  assert.deepEqual(new Set(names), new Set(['app', 'side']))
})

test('starts in the order of dependsOn and stops in the reverse', LIMIT, async (context) => {
  const one = await start(context)
  const shared = { mountPoints: [{ sourceVolume: 'v', containerPath: '/shared' }] }
  const ordered = task(
    [
      sh(
        'test -f /shared/ready; exec sh -c \'trap "exit 7" TERM; echo armed; while :; do sleep 0.1; done\'',
        {
          name: 'app',
          dependsOn: [
            { containerName: 'init', condition: 'SUCCESS' },
            { containerName: 'db', condition: 'START' },
          ],
          ...shared,
        },
      ),
      sh('touch /shared/ready', { name: 'init', essential: false, ...shared }),
      sh(FOREVER, { name: 'db' }),
    ],
    { volumes: [{ name: 'v', host: {} }] },
  )
  one.run(ordered)
  await one.backend.status(ordered.arn, 'RUNNING')
  await armed(one, 2)
  one.stopTask(ordered.arn)
  const stopped = await one.backend.status(ordered.arn, 'STOPPED')
  assert.equal(container(stopped, 'init')?.exitCode, 0)
  assert.equal(container(stopped, 'app')?.exitCode, 7)
  assert.equal(container(stopped, 'db')?.exitCode, 0)
})

test('kills what does not stop within its time: 137', LIMIT, async (context) => {
  const one = await start(context)
  const deaf = task([sh(DEAF, { stopTimeout: 1 })])
  one.run(deaf)
  await one.backend.status(deaf.arn, 'RUNNING')
  one.stopTask(deaf.arn)
  assert.equal(container(await one.backend.status(deaf.arn, 'STOPPED'))?.exitCode, 137)
})

test('trap 10: failed container start never leaves a RUNNING task', LIMIT, async (context) => {
  const one = await start(context)
  const broken = task([
    sh('', { name: 'app', command: ['/no/such/program'] }),
    sh(FOREVER, { name: 'side', essential: false }),
  ])
  one.run(broken)
  const stopped = await one.backend.status(broken.arn, 'STOPPED')
  assert.match(
    container(stopped, 'app')?.reason ?? '',
    /^CannotStartContainerError: .*no such file/,
  )
  assert.deepEqual(
    one.backend.changesOf(broken.arn).filter(({ status }) => status === 'RUNNING'),
    [],
  )
  await gone(one, 'app')
})

test('says that a host port is taken, as Docker says it', LIMIT, async (context) => {
  const one = await start(context)
  const first = task([
    sh(FOREVER, { portMappings: [{ containerPort: 80, hostPort: 0, protocol: 'tcp' }] }),
  ])
  one.run(first)
  const taken = container(await one.backend.status(first.arn, 'RUNNING'))?.networkBindings?.[0]
  const second = task([
    sh(FOREVER, {
      portMappings: [{ containerPort: 80, hostPort: taken?.hostPort, protocol: 'tcp' }],
    }),
  ])
  one.run(second)
  const stopped = await one.backend.status(second.arn, 'STOPPED')
  assert.match(
    container(stopped)?.reason ?? '',
    /^CannotStartContainerError: Error response from daemon: .*port is already allocated/,
  )
})

test('reports an image that cannot be had', LIMIT, async (context) => {
  const one = await start(context)
  const missing = task([sh(FOREVER, { image: '127.0.0.1:9/no/such:image' })])
  one.run(missing)
  const stopped = await one.backend.status(missing.arn, 'STOPPED')
  assert.match(container(stopped)?.reason ?? '', /^CannotPullContainerError: /)
  assert.equal(container(stopped)?.exitCode, undefined)
})

test('reports memory that ran out', LIMIT, async (context) => {
  const one = await start(context)
  // Room for what starts it: where even that is killed, no container ran.
  const hungry = task([sh('exec tail /dev/zero', { memory: 32 })])
  one.run(hungry)
  const stopped = container(await one.backend.status(hungry.arn, 'STOPPED'))
  assert.equal(stopped?.exitCode, 137)
  assert.equal(stopped?.reason, 'OutOfMemoryError: Container killed due to memory usage')
})

test(
  'takes up running containers after a restart and does not touch them',
  LIMIT,
  async (context) => {
    const one = await start(context)
    const web = task([sh(FOREVER)])
    one.run(web)
    const id = container(await one.backend.status(web.arn, 'RUNNING'))?.runtimeId
    const { StartedAt } = (await one.inspect(id)).State
    const { arn } = one
    await one.stopAgent()
    await one.startAgent()
    assert.equal(one.arn, arn)
    one.run(web)
    one.stopTask(web.arn)
    const stopped = await one.backend.status(web.arn, 'STOPPED')
    assert.equal(container(stopped)?.runtimeId, id)
    assert.equal((await one.inspect(id)).State.StartedAt, StartedAt)
    assert.equal(one.backend.changesOf(web.arn).length, 2)
  },
)

test('reports an exit that happened while it was away once', LIMIT, async (context) => {
  const one = await start(context)
  const web = task([sh('trap "exit 9" TERM; while :; do sleep 0.1; done')])
  one.run(web)
  const id = container(await one.backend.status(web.arn, 'RUNNING'))?.runtimeId
  await one.stopAgent()
  await docker('POST', `/containers/${id}/stop?t=20`)
  await one.startAgent()
  assert.equal(container(await one.backend.status(web.arn, 'STOPPED'))?.exitCode, 9)
  await one.stopAgent()
  await one.startAgent()
  const stops = one.backend.changesOf(web.arn).filter(({ status }) => status === 'STOPPED')
  assert.equal(stops.length, 1)
})

test('adopts its containers by their labels when its state is lost', LIMIT, async (context) => {
  const one = await start(context)
  const runs = task([sh(FOREVER)])
  const ends = task([sh('trap "exit 9" TERM; while :; do sleep 0.1; done')])
  one.run(runs)
  one.run(ends)
  const id = container(await one.backend.status(runs.arn, 'RUNNING'))?.runtimeId
  const endId = container(await one.backend.status(ends.arn, 'RUNNING'))?.runtimeId
  const { StartedAt } = (await one.inspect(id)).State
  const { arn } = one
  await one.stopAgent()
  await one.loseState()
  await docker('POST', `/containers/${endId}/stop?t=20`)
  await one.startAgent()
  assert.equal(one.arn, arn)
  assert.equal(container(await one.backend.status(ends.arn, 'STOPPED'))?.exitCode, 9)
  assert.equal((await one.inspect(id)).State.StartedAt, StartedAt)
  one.stopTask(runs.arn)
  assert.equal(container(await one.backend.status(runs.arn, 'STOPPED'))?.runtimeId, id)
})

test('kills nothing for an empty or an older manifest', LIMIT, async (context) => {
  const one = await start(context)
  const kept = task([sh(FOREVER)])
  const named = task([sh(FOREVER)])
  one.run(kept)
  one.run(named)
  await one.backend.status(kept.arn, 'RUNNING')
  await one.backend.status(named.arn, 'RUNNING')
  one.backend.manifest(one.arn, [], 1)
  const messageId = one.backend.manifest(one.arn, [])
  const asked = await one.backend.until(() =>
    one.backend.acs.find(
      ({ type, message }) =>
        type === 'TaskStopVerificationMessage' && message.messageId === messageId,
    ),
  )
  assert.ok('stopCandidates' in asked.message)
  assert.deepEqual(
    new Set(asked.message.stopCandidates.map(({ taskArn }) => taskArn)),
    new Set([kept.arn, named.arn]),
  )
  one.backend.say(one.arn, {
    type: 'TaskStopVerificationAck',
    message: { messageId, stopTasks: [{ taskArn: named.arn }] },
  })
  await one.backend.status(named.arn, 'STOPPED')
  assert.equal(one.backend.changesOf(kept.arn).at(-1)?.status, 'RUNNING')
  assert.equal((await one.containers()).filter(({ State }) => State === 'running').length, 1)
})

test('leaves the containers of another installation alone', LIMIT, async (context) => {
  const [one, other] = [await start(context), await start(context)]
  const [mine, theirs] = [task([sh(FOREVER)]), task([sh(FOREVER)])]
  one.run(mine)
  other.run(theirs)
  await one.backend.status(mine.arn, 'RUNNING')
  const id = container(await other.backend.status(theirs.arn, 'RUNNING'))?.runtimeId
  await one.stopAgent()
  await one.loseState()
  await one.startAgent()
  const messageId = one.backend.manifest(one.arn, [])
  await one.backend.until(() =>
    one.backend.acs.find(
      ({ type, message }) =>
        type === 'TaskStopVerificationMessage' && message.messageId === messageId,
    ),
  )
  one.stopTask(mine.arn)
  await one.backend.status(mine.arn, 'STOPPED')
  assert.equal((await other.inspect(id)).State.Status, 'running')
  assert.deepEqual(one.backend.changesOf(theirs.arn), [])
})

test('retries a report until it is taken', LIMIT, async (context) => {
  const one = await start(context)
  one.backend.faults = 1
  const web = task([sh(FOREVER)])
  one.run(web)
  await one.backend.status(web.arn, 'RUNNING')
  assert.equal(one.backend.changesOf(web.arn).length, 1)
})

test(
  'does not acknowledge a payload with a task it cannot run, and runs the others',
  LIMIT,
  async (context) => {
    const one = await start(context)
    const good = task([sh(FOREVER)])
    const bad = task([sh(FOREVER, { overrides: '{"cpu":1}' })])
    const messageId = one.backend.send(one.arn, [bad, good])
    const stopped = await one.backend.status(bad.arn, 'STOPPED')
    assert.match(stopped.reason, /unknown field 'cpu'/)
    await one.backend.status(good.arn, 'RUNNING')
    assert.ok(
      !one.backend.acs.some(
        (frame) => frame.type === 'AckRequest' && frame.message.messageId === messageId,
      ),
    )
  },
)

test(
  'trap 2 (standalone tasks): what crashes is not started over and over, and leaves nothing behind',
  LIMIT,
  async (context) => {
    const one = await start(context, { ECS_ENGINE_TASK_CLEANUP_WAIT_DURATION: '1s' })
    const policy = { enabled: true, restartAttemptPeriod: 60 }
    const crashing = Array.from({ length: 4 }, () =>
      task([sh('exit 1', { restartPolicy: policy })]),
    )
    for (const each of crashing) one.run(each)
    for (const { arn } of crashing) {
      const stopped = await one.backend.status(arn, 'STOPPED')
      assert.equal(container(stopped)?.exitCode, 1)
    }
    await until('nothing is left', async () => (await one.containers()).length === 0 || undefined)
    // One that may be started again is the same container each time.
    const loop = task([sh('exit 1', { restartPolicy: { enabled: true, restartAttemptPeriod: 0 } })])
    one.run(loop)
    await one.backend.status(loop.arn, 'RUNNING')
    const starts = new Set<string>()
    await until('it was started again and again', async () => {
      const all = await one.containers()
      assert.equal(all.length, 1)
      starts.add((await one.inspect(all[0]?.Id)).State.StartedAt)
      return starts.size >= 4 || undefined
    })
    one.stopTask(loop.arn)
    await one.backend.status(loop.arn, 'STOPPED')
    await until('nothing is left', async () => (await one.containers()).length === 0 || undefined)
  },
)

test('cleans up what a task left behind', LIMIT, async (context) => {
  const one = await start(context, { ECS_ENGINE_TASK_CLEANUP_WAIT_DURATION: '1s' })
  const short = task([sh('true')])
  one.run(short)
  const stopped = await one.backend.status(short.arn, 'STOPPED')
  assert.equal(container(stopped)?.exitCode, 0)
  assert.deepEqual(
    one.backend.changesOf(short.arn).map(({ status }) => status),
    ['RUNNING', 'STOPPED'],
  )
  await gone(one, 'web')
  const names = ['a', 'b', 'c', 'd']
  const others = Array.from({ length: 6 }, () => task(names.map((name) => sh('true', { name }))))
  for (const each of others) one.run(each)
  for (const { arn } of others) await one.backend.status(arn, 'STOPPED')
  await until('nothing is left', async () => (await one.containers()).length === 0 || undefined)
  assert.deepEqual(
    one.lines.filter((line) => line.includes('cannot clean up')),
    [],
    'each is cleaned up once',
  )
})

test(
  'an inactive container instance registers anew and leaves what runs alone',
  LIMIT,
  async (context) => {
    const one = await start(context)
    const web = task([sh(FOREVER)])
    one.run(web)
    const id = container(await one.backend.status(web.arn, 'RUNNING'))?.runtimeId
    const before = one.arn
    one.backend.inactive.add(before)
    one.backend.disconnect(before)
    const fresh = await one.backend.until(() =>
      one.backend.connections.find(({ containerInstanceArn }) => containerInstanceArn !== before),
    )
    assert.equal(one.arn, fresh.containerInstanceArn)
    assert.equal(one.backend.registrations.at(-1)?.containerInstanceArn, undefined)
    assert.equal((await one.inspect(id)).State.Status, 'running')
  },
)

test('publishes telemetry in signed frames', LIMIT, async (context) => {
  const one = await start(context)
  const idle = await one.backend.until(() =>
    one.backend.tcs.find(({ type }) => type === 'PublishMetricsRequest'),
  )
  assert.equal((idle.message.metadata as { idle?: boolean }).idle, true)
  await one.backend.until(() =>
    one.backend.tcs.find(({ type }) => type === 'PublishInstanceStatusRequest'),
  )
})

/** The server in the container needs a moment after its start: asked again until it listens. */
async function answer(url: string): Promise<string> {
  for (;;) {
    try {
      return await (await fetch(url)).text()
    } catch (error) {
      assert.ok(error instanceof TypeError)
    }
  }
}

/** Asks the engine until it has no container of that name any more. */
async function gone(host: Host, name: string): Promise<void> {
  for (;;) {
    const containers = await host.containers()
    if (!containers.some(({ Labels }) => Labels['com.amazonaws.ecs.container-name'] === name))
      return
  }
}
