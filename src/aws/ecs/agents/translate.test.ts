import assert from 'node:assert/strict'
import { test } from 'node:test'

import { type Answer, Host, House } from '#server/house.fixture.ts'

const APP = { name: 'app', image: 'app:1', memory: 64 }

/** What the host is sent for a task of this definition. */
async function sent(definition: object, run: object = {}): Promise<Answer> {
  const house = await House.open()
  const host = await house.host()
  await house.call('RegisterTaskDefinition', {
    family: 'web',
    containerDefinitions: [APP],
    ...definition,
  })
  const { tasks } = await house.call('RunTask', { taskDefinition: 'web', ...run })
  return host.payloads(tasks[0].taskArn)[0].tasks[0]
}
const first = async (container: object, definition: object = {}): Promise<Answer> => {
  const task = await sent({ containerDefinitions: [{ ...APP, ...container }], ...definition })
  const [one] = task.containers
  return {
    ...one,
    config: JSON.parse(one.dockerConfig.config),
    host: JSON.parse(one.dockerConfig.hostConfig),
  }
}

test('golden: the smallest task', async () => {
  const task = await sent({})
  const { containerArn, ...container } = task.containers[0]
  assert.match(
    containerArn,
    /^arn:aws:ecs:us-east-1:111122223333:container\/default\/[0-9a-f]{32}\//,
  )
  assert.deepEqual(
    { ...task, containers: [container] },
    {
      arn: task.arn,
      desiredStatus: 'RUNNING',
      taskClusterArn: 'arn:aws:ecs:us-east-1:111122223333:cluster/default',
      family: 'web',
      version: '1',
      overrides: '{}',
      taskDefinitionAccountId: '111122223333',
      launchType: 'EC2',
      networkMode: 'bridge',
      group: 'family:web',
      volumes: [],
      containers: [
        {
          name: 'app',
          image: 'app:1',
          cpu: 0,
          memory: 64,
          essential: true,
          environment: { AWS_EXECUTION_ENV: 'AWS_ECS_EC2' },
          portMappings: [],
          mountPoints: [],
          volumesFrom: [],
          overrides: '{}',
          dockerConfig: { version: '1.18', config: '{}', hostConfig: '{"NetworkMode":"bridge"}' },
        },
      ],
    },
  )
})

/** All that may be empty, empty. */
const EMPTY = {
  command: [],
  credentialSpecs: [],
  dependsOn: [],
  dnsSearchDomains: [],
  dnsServers: [],
  dockerLabels: {},
  dockerSecurityOptions: [],
  entryPoint: [],
  environment: [],
  environmentFiles: [],
  extraHosts: [],
  hostname: '',
  linuxParameters: { capabilities: { add: [], drop: [] }, devices: [], tmpfs: [] },
  links: [],
  mountPoints: [],
  portMappings: [],
  resourceRequirements: [],
  secrets: [],
  systemControls: [],
  ulimits: [],
  user: '',
  versionConsistency: '',
  volumesFrom: [],
  workingDirectory: '',
}

test('golden: what is empty is sent as what is absent', async () => {
  const same = (one: Answer): Answer => ({ ...one, containerArn: '' })
  assert.deepEqual(same(await first(EMPTY)), same(await first({})))
  const overrides = {
    containerOverrides: [
      { name: 'app', command: [], environment: [], environmentFiles: [], resourceRequirements: [] },
    ],
    cpu: '',
    memory: '',
  }
  const definition = {
    containerDefinitions: [{ ...APP, entryPoint: ['/app'], command: ['serve'] }],
    volumes: [{ name: 'v', host: { sourcePath: '' } }],
  }
  const task = await sent(
    { ...definition, pidMode: '', ipcMode: '', networkMode: '' },
    { overrides },
  )
  const plain = await sent({ ...definition, volumes: [{ name: 'v' }] })
  const bare = ({ arn: _arn, containers, ...rest }: Answer): Answer => ({
    ...rest,
    containers: containers.map(same),
  })
  assert.deepEqual(bare(task), bare(plain))
})

test('golden: ports are published in bridge mode only', async () => {
  const portMappings = [{ containerPort: 80 }, { containerPort: 53, hostPort: 53, protocol: 'udp' }]
  assert.deepEqual((await first({ portMappings })).portMappings, [
    { containerPort: 80, hostPort: 0, protocol: 'tcp' },
    { containerPort: 53, hostPort: 53, protocol: 'udp' },
  ])
  const inHost = await first({ portMappings: [{ containerPort: 80 }] }, { networkMode: 'host' })
  assert.deepEqual([inHost.portMappings, inHost.host.NetworkMode], [[], 'host'])
})

test('golden: a health check without a word that says how is a command', async () => {
  for (const [command, test] of [
    [['/healthcheck'], ['CMD', '/healthcheck']],
    [
      ['curl', '-f', 'http://localhost'],
      ['CMD', 'curl', '-f', 'http://localhost'],
    ],
    [
      ['CMD', 'true'],
      ['CMD', 'true'],
    ],
    [
      ['CMD-SHELL', 'exit 0'],
      ['CMD-SHELL', 'exit 0'],
    ],
  ])
    assert.deepEqual((await first({ healthCheck: { command } })).config.Healthcheck.Test, test)
})

test('golden: health checks are in nanoseconds and say that Docker does them', async () => {
  const container = await first({ healthCheck: { command: ['CMD', 'true'], startPeriod: 7 } })
  assert.equal(container.healthCheckType, 'docker')
  assert.equal(container.dockerConfig.version, '1.24')
  assert.deepEqual(container.config.Healthcheck, {
    Test: ['CMD', 'true'],
    Interval: 30e9,
    Timeout: 5e9,
    Retries: 3,
    StartPeriod: 7e9,
  })
})

test('golden: what ACS has no field for is Docker’s own configuration', async () => {
  const { config, host } = await first({
    user: '1000',
    workingDirectory: '/srv',
    hostname: 'h',
    dockerLabels: { a: 'b' },
    interactive: true,
    pseudoTerminal: true,
    privileged: true,
    readonlyRootFilesystem: true,
    memoryReservation: 32,
    dnsServers: ['10.0.0.1'],
    extraHosts: [{ hostname: 'x', ipAddress: '10.0.0.2' }],
    ulimits: [{ name: 'nofile', softLimit: 1, hardLimit: 2 }],
    systemControls: [{ namespace: 'net.core.somaxconn', value: '9' }],
    logConfiguration: { logDriver: 'json-file', options: { 'max-size': '1m' } },
    linuxParameters: {
      capabilities: { add: ['SYS_PTRACE'], drop: ['MKNOD'] },
      devices: [
        { hostPath: '/dev/null', permissions: ['read'] },
        { hostPath: '/dev/zero', permissions: [] },
      ],
      initProcessEnabled: true,
      sharedMemorySize: 8,
      maxSwap: 16,
      swappiness: 10,
      tmpfs: [{ containerPath: '/t', size: 4, mountOptions: ['noexec'] }],
    },
  })
  assert.deepEqual(config, {
    User: '1000',
    WorkingDir: '/srv',
    Hostname: 'h',
    Labels: { a: 'b' },
    OpenStdin: true,
    Tty: true,
  })
  assert.deepEqual(host, {
    NetworkMode: 'bridge',
    CapAdd: ['SYS_PTRACE'],
    CapDrop: ['MKNOD'],
    Privileged: true,
    ReadonlyRootfs: true,
    MemoryReservation: 32 << 20,
    MemorySwap: 80 << 20,
    MemorySwappiness: 10,
    Dns: ['10.0.0.1'],
    ExtraHosts: ['x:10.0.0.2'],
    Ulimits: [{ Name: 'nofile', Soft: 1, Hard: 2 }],
    Sysctls: { 'net.core.somaxconn': '9' },
    Devices: [
      { PathOnHost: '/dev/null', PathInContainer: '/dev/null', CgroupPermissions: 'r' },
      { PathOnHost: '/dev/zero', PathInContainer: '/dev/zero', CgroupPermissions: 'rwm' },
    ],
    Init: true,
    ShmSize: 8 << 20,
    Tmpfs: { '/t': 'noexec,size=4m' },
    LogConfig: { Type: 'json-file', Config: { 'max-size': '1m' } },
  })
})

test('golden: volumes, mounts, order and time limits', async () => {
  const task = await sent({
    volumes: [
      { name: 'fresh' },
      { name: 'path', host: { sourcePath: '/srv' } },
      {
        name: 'kept',
        dockerVolumeConfiguration: { scope: 'shared', autoprovision: true, labels: { l: '1' } },
      },
    ],
    containerDefinitions: [
      {
        ...APP,
        mountPoints: [{ sourceVolume: 'path', containerPath: '/p', readOnly: true }],
        stopTimeout: 9,
      },
      {
        ...APP,
        name: 'side',
        essential: false,
        startTimeout: 8,
        volumesFrom: [{ sourceContainer: 'app' }],
        dependsOn: [{ containerName: 'app', condition: 'START' }],
      },
    ],
  })
  assert.deepEqual(task.volumes, [
    { name: 'fresh', type: 'host', host: {} },
    { name: 'path', type: 'host', host: { sourcePath: '/srv' } },
    {
      name: 'kept',
      type: 'docker',
      dockerVolumeConfiguration: {
        scope: 'shared',
        autoprovision: true,
        driver: 'local',
        driverOpts: {},
        labels: { l: '1' },
      },
    },
  ])
  const [app, side] = task.containers
  assert.deepEqual(
    [app.mountPoints, app.stopTimeout],
    [[{ sourceVolume: 'path', containerPath: '/p', readOnly: true }], 9],
  )
  assert.deepEqual(
    [side.volumesFrom, side.startTimeout, side.essential],
    [[{ sourceContainer: 'app', readOnly: false }], 8, false],
  )
  assert.deepEqual(side.dependsOn, [{ containerName: 'app', condition: 'START' }])
})

test('golden: overrides are applied before the host hears of them', async () => {
  const container = {
    ...APP,
    environment: [
      { name: 'A', value: '1' },
      { name: '__proto__', value: 'p' },
    ],
  }
  const overrides = {
    containerOverrides: [
      { name: 'app', memory: 32, command: ['x'], environment: [{ name: 'A', value: '2' }] },
    ],
  }
  const task = await sent({ containerDefinitions: [container] }, { overrides })
  const [app] = task.containers
  assert.deepEqual(
    [app.memory, app.command, app.overrides, task.overrides],
    [32, ['x'], '{}', '{}'],
  )
  assert.deepEqual(
    Object.entries(app.environment).toSorted(([a], [b]) => (a < b ? -1 : 1)),
    [
      ['A', '2'],
      ['AWS_EXECUTION_ENV', 'AWS_ECS_EC2'],
      ['__proto__', 'p'],
    ],
  )
})

test('golden: each container has GPUs of its own, and its host is told which', async () => {
  const house = await House.open()
  await house.call('CreateCluster')
  const { containerInstance } = await house.call('RegisterContainerInstance', {
    totalResources: [
      { name: 'CPU', integerValue: 1024 },
      { name: 'MEMORY', integerValue: 1024 },
    ],
    platformDevices: ['g0', 'g1', 'g2'].map((id) => ({ id, type: 'GPU' })),
  })
  const host = new Host(house, containerInstance.containerInstanceArn)
  await host.connect()
  const gpu = (value: string) => ({ resourceRequirements: [{ type: 'GPU', value }] })
  const containerDefinitions = [
    { ...APP, ...gpu('2') },
    { ...APP, name: 'side', ...gpu('1') },
  ]
  await house.call('RegisterTaskDefinition', { family: 'web', containerDefinitions })
  const { tasks } = await house.call('RunTask', { taskDefinition: 'web' })
  assert.deepEqual(
    tasks[0].containers.map(({ gpuIds }: Answer) => gpuIds),
    [['g0', 'g1'], ['g2']],
  )
  const { associations } = host.payloads(tasks[0].taskArn)[0].tasks[0]
  assert.deepEqual(
    associations.map(({ containers, name, type }: Answer) => [containers[0], name, type]),
    [
      ['app', 'g0', 'gpu'],
      ['app', 'g1', 'gpu'],
      ['side', 'g2', 'gpu'],
    ],
  )
  const { failures } = await house.call('RunTask', { taskDefinition: 'web' })
  assert.equal(failures[0].reason, 'RESOURCE:GPU')
})

test('golden: awslogs gets its stream and its endpoint from ECS, and no option that Docker does not know', async () => {
  const house = await House.open()
  const attribute = { name: 'com.amazonaws.ecs.capability.logging-driver.awslogs' }
  const host = await house.host({ attributes: [attribute] })
  const options = { 'awslogs-region': 'us-east-1', 'awslogs-group': 'g', mode: 'blocking' }
  const container = (name: string, more: object) => ({
    ...APP,
    name,
    logConfiguration: { logDriver: 'awslogs', options: { ...options, ...more } },
  })
  await house.call('RegisterTaskDefinition', {
    family: 'web',
    containerDefinitions: [
      container('a', { 'awslogs-stream-prefix': 'p' }),
      container('b', { 'awslogs-endpoint': 'http://elsewhere' }),
    ],
  })
  const { tasks } = await house.call('RunTask', { taskDefinition: 'web' })
  const [{ taskArn }] = tasks
  const [a, b] = host
    .payloads(taskArn)[0]
    .tasks[0].containers.map(
      ({ dockerConfig }: Answer) => JSON.parse(dockerConfig.hostConfig).LogConfig,
    )
  const stream = `p/a/${taskArn.split('/').at(-1)}`
  assert.deepEqual(a, {
    Type: 'awslogs',
    Config: { ...options, 'awslogs-endpoint': 'http://berth.test', 'awslogs-stream': stream },
  })
  assert.deepEqual(b, {
    Type: 'awslogs',
    Config: { ...options, 'awslogs-endpoint': 'http://elsewhere' },
  })
})
