import assert from 'node:assert/strict'
import { test } from 'node:test'

import { readConfig } from './config.ts'
import { parseSettingsFile } from './settings.ts'

test('an empty environment gives what the documentation says', () => {
  assert.deepEqual(readConfig({}), {
    cluster: 'default',
    stopTimeoutSeconds: 30,
    startTimeoutMs: 3 * 60_000,
    createTimeoutMs: 4 * 60_000,
    cleanupWaitMs: 3 * 3600_000,
    cleanupJitterMs: 0,
    pullBehavior: 'default',
    pullDependentUpfront: false,
    imageCleanup: { intervalMs: 30 * 60_000, minimumAgeMs: 3600_000, perCycle: 5 },
    attributes: {},
    tags: {},
    reservedMemoryMiB: 0,
    reservedPorts: [22, 2375, 2376, 51_678, 51_679],
    reservedPortsUdp: [],
    dynamicPorts: undefined,
    loggingDrivers: undefined,
    taskLimits: true,
    taskPidsLimit: undefined,
    sharedVolumesMatch: false,
    privilegedDisabled: false,
    hostPolicy: {
      paths: undefined,
      devices: undefined,
      capabilities: undefined,
      namespaces: undefined,
      registries: undefined,
    },
    metricsDisabled: false,
    plainProtocol: false,
    metadataRate: { perSecond: 40, burst: 60 },
    gpuInfoPath: undefined,
    notes: [],
  })
})

test('what task definitions may do to the host is read; what would allow nothing by mistake is refused', () => {
  const { hostPolicy, privilegedDisabled } = readConfig({
    BERTH_ALLOW_HOST_PATHS: '["/srv/data/", "/var/run/docker.sock"]',
    BERTH_ALLOW_DEVICES: '[]',
    BERTH_ALLOW_CAPABILITIES: '["CAP_NET_ADMIN", "sys_nice"]',
    BERTH_ALLOW_HOST_NAMESPACES: '["pid", "network:Splunk.example.com"]',
    BERTH_ALLOW_REGISTRIES: '["index.docker.io", "Host:5000"]',
    BERTH_ALLOW_PRIVILEGED: 'false',
  })
  assert.equal(privilegedDisabled, true)
  assert.deepEqual(hostPolicy, {
    paths: { how: 'only', named: ['/srv/data', '/var/run/docker.sock'] },
    devices: { how: 'only', named: [] },
    capabilities: { how: 'only', named: ['NET_ADMIN', 'SYS_NICE'] },
    namespaces: { how: 'only', named: ['pid', 'network:splunk.example.com'] },
    registries: { how: 'only', named: ['docker.io', 'host:5000'] },
  })
  assert.equal(readConfig({ ECS_DISABLE_PRIVILEGED: 'true' }).privilegedDisabled, true)
  // The server's, where `berth up` starts both.
  readConfig({ BERTH_ALLOW_REMOTE: 'true', BERTH_ALLOW_RESET: 'true' })
  for (const [name, value] of [
    ['BERTH_ALLOW_HOST_PATHS', '/srv'],
    ['BERTH_ALLOW_HOST_PATHS', '["srv"]'],
    ['BERTH_ALLOW_HOST_NAMESPACES', '["net"]'],
    ['BERTH_ALLOW_HOST_NAMESPACES', '["network:http://a"]'],
    ['BERTH_ALLOW_REGISTRIES', '["https://ghcr.io"]'],
    ['BERTH_ALLOW_REGISTRIES', '["host"]'],
    ['BERTH_ALLOW_PATHS', '["/srv"]'],
  ] as const)
    assert.throws(() => readConfig({ [name]: value }), { name: 'BadSetting' }, `${name}=${value}`)
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
    ['ECS_RESERVED_PORTS', '[99999]'],
    ['ECS_DISABLE_METRICS', 'maybe'],
    ['ECS_NUM_IMAGES_DELETE_PER_CYCLE', '0'],
    ['ECS_AVAILABLE_LOGGING_DRIVERS', '["paper"]'],
    ['ECS_INSTANCE_ATTRIBUTES', '{"ecs.x":"y"}'],
  ] as const)
    assert.throws(() => readConfig({ [variable]: value }), new RegExp(variable))
})

test('more settings, as Amazon documents them', () => {
  const config = readConfig({
    ECS_DYNAMIC_HOST_PORT_RANGE: '40000-41000',
    ECS_TASK_METADATA_RPS_LIMIT: '100,150',
    ECS_DISABLE_PRIVILEGED: 'true',
    ECS_DISABLE_IMAGE_CLEANUP: 'true',
    ECS_TASK_PIDS_LIMIT: '100',
    ECS_SHARED_VOLUME_MATCH_FULL_CONFIG: 'true',
    ECS_CONTAINER_METADATA_URI: 'http://169.254.170.2/v3/1',
    PATH: '/bin',
  })
  assert.deepEqual(config.dynamicPorts, { first: 40_000, last: 41_000 })
  assert.deepEqual(config.metadataRate, { perSecond: 100, burst: 150 })
  assert.equal(config.privilegedDisabled, true)
  assert.equal(config.imageCleanup, undefined)
  assert.equal(config.taskPidsLimit, 100)
  assert.equal(config.sharedVolumesMatch, true)
})

test('a setting without effect is refused by its name', () => {
  assert.throws(() => readConfig({ ECS_ENABLE_TASK_ENI: 'true' }), /ECS_ENABLE_TASK_ENI.*awsvpc/)
  assert.throws(() => readConfig({ ECS_CLUSTR: 'x' }), /ECS_CLUSTR is set/)
  assert.throws(() => readConfig({ NON_ECS_IMAGE_MINIMUM_CLEANUP_AGE: '1h' }), /NON_ECS_IMAGE/)
  // An ordinary file of Amazon's agent serves, and what goes another way here is said.
  const ordinary = { ECS_CLUSTER: 'prod', ECS_LOGLEVEL: 'debug', ECS_DATADIR: '/data' }
  assert.deepEqual(readConfig(ordinary).notes, [
    'ECS_LOGLEVEL changes nothing here: the log has one level',
    'ECS_DATADIR changes nothing here: use --data',
  ])
  // What it is set to is so anyway.
  readConfig({ ECS_ENABLE_SPOT_INSTANCE_DRAINING: 'False', ECS_ENABLE_TASK_ENI: '0' })
})

test('the settings file has lines NAME=value', () => {
  const text = '# a comment\n\nECS_CLUSTER=prod\nexport ECS_RESERVED_MEMORY="32"\nECS_EMPTY=\n'
  assert.deepEqual(parseSettingsFile(text), {
    ECS_CLUSTER: 'prod',
    ECS_RESERVED_MEMORY: '32',
    ECS_EMPTY: '',
  })
  assert.throws(() => parseSettingsFile('ECS_CLUSTER=a\nnonsense'), /line 2/)
})
