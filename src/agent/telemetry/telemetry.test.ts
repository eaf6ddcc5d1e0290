import assert from 'node:assert/strict'
import { test } from 'node:test'

import { accept } from '../tasks/accept.ts'
import { change, type KnownTask } from '../tasks/task.ts'
import { Telemetry, type TelemetryOptions } from './telemetry.ts'

const ARN = 'arn:aws:ecs:us-east-1:123456789012:task/default/1'

function running(status: 'UNKNOWN' | 'HEALTHY'): KnownTask {
  const definition = {
    arn: ARN,
    desiredStatus: 'RUNNING' as const,
    containers: [{ name: 'web', image: 'web:1', healthCheckType: 'docker' as const }],
  }
  const task = { ...accept(definition, 1, () => 'hex'), admitted: true }
  const health = { status, since: 1000, output: '' }
  return change(task, 'web', { status: 'RUNNING', dockerId: 'id', startedAt: 1000, health })
}

test('health is what it is when it is told, however long measuring took', async () => {
  let task = running('UNKNOWN')
  const measured = Promise.withResolvers<undefined>()
  const telemetry = new Telemetry({
    engine: { stats: () => measured.promise },
    clock: { now: () => 2000 },
    ids: { uuid: () => 'an id' },
    cluster: 'default',
    containerInstanceArn: 'an instance',
    metricsDisabled: false,
    tasks: () => new Map([[ARN, task]]),
  } as unknown as TelemetryOptions)
  const frames = telemetry.frames()
  task = running('HEALTHY')
  measured.resolve(undefined)
  const told = (await frames).flatMap((frame) =>
    frame.type === 'PublishHealthRequest' ? (frame.message.tasks ?? []) : [],
  )
  assert.deepEqual(
    told.map(({ containers = [] }) => containers.map(({ healthStatus }) => healthStatus)),
    [['HEALTHY']],
  )
})
