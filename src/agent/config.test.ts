import assert from 'node:assert/strict'
import { test } from 'node:test'

import { readConfig } from './config.ts'

test('an empty environment gives what the documentation says', () => {
  assert.deepEqual(readConfig({}), {
    cluster: 'default',
    stopTimeoutSeconds: 30,
    cleanupWaitMs: 3 * 3600_000,
    pullBehavior: 'default',
    attributes: {},
    reservedMemoryMiB: 0,
    reservedPorts: [22, 2375, 2376, 51_678, 51_679],
    reservedPortsUdp: [],
    loggingDrivers: undefined,
  })
})

test('settings are read', () => {
  const config = readConfig({
    ECS_CONTAINER_STOP_TIMEOUT: '1m30s',
    ECS_ENGINE_TASK_CLEANUP_WAIT_DURATION: '10ms',
    ECS_INSTANCE_ATTRIBUTES: '{"rack":"7"}',
    ECS_RESERVED_PORTS: '[22]',
    ECS_IMAGE_PULL_BEHAVIOR: 'once',
  })
  assert.equal(config.stopTimeoutSeconds, 90)
  assert.equal(config.cleanupWaitMs, 1000)
  assert.deepEqual(config.attributes, { rack: '7' })
  assert.deepEqual(config.reservedPorts, [22])
  assert.equal(config.pullBehavior, 'once')
})

test('what does not make sense is said by its name', () => {
  for (const [variable, value] of [
    ['ECS_CONTAINER_STOP_TIMEOUT', 'soon'],
    ['ECS_INSTANCE_ATTRIBUTES', '[]'],
    ['ECS_RESERVED_PORTS', '["a"]'],
    ['ECS_AVAILABLE_LOGGING_DRIVERS', '{'],
    ['ECS_IMAGE_PULL_BEHAVIOR', 'never'],
  ] as const)
    assert.throws(() => readConfig({ [variable]: value }), new RegExp(variable))
})
