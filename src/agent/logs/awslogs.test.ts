import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'

import { systemClock, systemIds } from '#system/system.ts'

import { CallFault } from '../control-plane.ts'
import type { Engine } from '../engine.ts'
import { accept } from '../tasks/accept.ts'
import { change, type KnownTask } from '../tasks/task.ts'
import { Awslogs } from './awslogs.ts'
import { FileSpool } from './spool.ts'

const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined }

function taskOf(driver: string, more: Record<string, string> = {}): KnownTask {
  const Config = { 'awslogs-group': 'g', 'awslogs-stream': 's', ...more }
  const LogConfig = { Type: driver, Config }
  const container = {
    name: 'app',
    image: 'i',
    dockerConfig: { hostConfig: JSON.stringify({ LogConfig }) },
  }
  const task = accept(
    { arn: 'arn', desiredStatus: 'RUNNING', containers: [container] },
    1,
    () => 'f00',
  )
  return change(task, 'app', { status: 'RUNNING', dockerId: 'id', startedAt: 1 })
}

test('a container is removable when its log is sent, and not a moment earlier', async (context) => {
  const root = mkdtempSync(join(tmpdir(), 'berth-awslogs-'))
  context.after(() => rmSync(root, { recursive: true }))
  const path = join(root, 'output')
  const time = new Date(0).toISOString()
  writeFileSync(path, `${JSON.stringify({ log: 'line\n', stream: 'stdout', time })}\n`)
  const gate = Promise.withResolvers<void>()
  const heard = Promise.withResolvers<void>()
  const lines: string[] = []
  const engine = { inspect: () => Promise.resolve({ details: { logPath: path } }) }
  const logs = new Awslogs({
    engine: engine as unknown as Engine,
    clock: systemClock,
    ids: systemIds,
    log: quiet,
    place: { region: 'r', endpoint: 'http://x' },
    spool: new FileSpool(join(root, 'sent')),
    calls: {
      async call(operation, input) {
        heard.resolve()
        await gate.promise
        const { logEvents = [] } = input as { logEvents?: { message: string }[] }
        lines.push(operation, ...logEvents.map(({ message }) => message))
        return {}
      },
    },
  })
  const running = taskOf('awslogs')
  const stopped = change(running, 'app', { status: 'STOPPED' })
  assert.ok(logs.isRemovable(taskOf('json-file'), 'app'), 'another driver is not ours')
  assert.ok(!logs.isRemovable(stopped, 'app'), 'nobody has followed it yet')
  logs.look(running)
  logs.look(stopped)
  await heard.promise
  assert.ok(!logs.isRemovable(stopped, 'app'), 'its line is on its way')
  gate.resolve()
  while (!logs.isRemovable(stopped, 'app')) await systemClock.sleep(1)
  logs.look(stopped)
  await logs.removed('id')
  assert.deepEqual(lines, ['PutLogEvents', 'line'])
  logs.stop()
})

test('a stream that is refused for good stops the start in blocking mode; a control plane that is away does not', async () => {
  let fault: Error = new CallFault('ResourceNotFoundException', 'no group', 400)
  const logs = new Awslogs({
    engine: {} as Engine,
    clock: systemClock,
    ids: systemIds,
    log: quiet,
    place: { region: 'r', endpoint: 'http://x' },
    spool: new FileSpool('/none'),
    calls: { call: () => Promise.reject(fault) },
  })
  const task = taskOf('awslogs', { mode: 'blocking' })
  const [container] = task.definition.containers ?? []
  assert.ok(container)
  await assert.rejects(logs.prepare(task, container), {
    name: 'CannotStartContainerError',
    message: /failed to create Cloudwatch log stream: ResourceNotFoundException: no group/,
  })
  fault = new CallFault('ServiceUnavailableException', 'later', 503)
  await logs.prepare(task, container)
  fault = new TypeError('fetch failed')
  await logs.prepare(task, container)
  fault = new CallFault('ResourceNotFoundException', 'no group', 400)
  for (const mode of ['', 'non-blocking']) {
    const other = taskOf('awslogs', { mode })
    await logs.prepare(other, other.definition.containers![0]!)
  }
})

test('options that do not act are found before the create, and stop no agent that finds them later', () => {
  const logs = new Awslogs({
    engine: {} as Engine,
    clock: systemClock,
    ids: systemIds,
    log: quiet,
    place: { region: 'r', endpoint: 'http://x' },
    spool: new FileSpool('/none'),
    calls: { call: () => Promise.reject(new Error('not asked')) },
  })
  const [sound] = taskOf('awslogs').definition.containers ?? []
  const running = taskOf('awslogs', { 'awslogs-multiline-pattern': '(?=x)' })
  const [container] = running.definition.containers ?? []
  assert.ok(sound && container)
  logs.check(sound)
  assert.throws(() => logs.check(container), {
    reason: /^CannotStartContainerError: .*could not parse multiline pattern/,
  })
  // An agent before this one may have taken it.
  logs.look(running)
  assert.ok(logs.isRemovable(running, 'app'), 'nothing of it will ever be sent')
})
