import assert from 'node:assert/strict'
import { test } from 'node:test'

import { type Answer, faultOf, House } from '#server/house.fixture.ts'

import { parseCpu, parseMemory } from './sizes.ts'

const APP = { name: 'app', image: 'app:1', memory: 64 }
const SIDE = { ...APP, name: 'side', essential: false }
const CHECK = { command: ['CMD-SHELL', 'true'] }
const container = (more: object) => ({ containerDefinitions: [{ ...APP, ...more }] })
const both = (app: object, side: object = {}) => ({
  containerDefinitions: [
    { ...APP, ...app },
    { ...SIDE, ...side },
  ],
})
const SHARED = { sharingStrategy: { nvidiaMps: { memory: 512 } } }
const AWSLOGS = { 'awslogs-region': 'us-east-1', 'awslogs-group': 'g' }
const log = (logDriver: string, options: object, secretOptions: readonly object[] = []) =>
  container({ logConfiguration: { logDriver, options, secretOptions } })
const port = (...portMappings: object[]) => container({ portMappings })

/** What is registered, and the text of the ClientException that refuses it. */
const REFUSED: readonly (readonly [object, string | RegExp])[] = [
  [{ containerDefinitions: [] }, 'Container list cannot be empty.'],
  [{ family: 'a b' }, 'Family contains invalid characters.'],
  [
    { containerDefinitions: Array.from({ length: 11 }, (_, n) => ({ ...APP, name: `c${n}` })) },
    /more than 10 containers/,
  ],
  [container({ name: '' }), 'Container.name should not be null or empty.'],
  [container({ name: 'a b' }), /^Container.name contains invalid characters/],
  [container({ image: '' }), 'Container.image should not be null or empty.'],
  [container({ image: 'app@sha256:12' }), /invalid digest/],
  [{ containerDefinitions: [APP, APP] }, /Duplicate container name 'app'/],
  [container({ essential: false }), "Task definition doesn't have any essential container."],
  [
    container({ memory: undefined }),
    "Invalid setting for container 'app'. At least one of 'memory' or 'memoryReservation' must be specified.",
  ],
  [
    container({ environment: [{ name: '', value: 'x' }] }),
    /Environment variable name cannot be empty/,
  ],
  [container({ memory: 4 }), /'memory' must be at least 6/],
  [
    container({ memory: 64, memoryReservation: 65 }),
    /must be greater than or equal to the 'memoryReservation'/,
  ],
  [{ cpu: 'lots' }, /^Invalid 'cpu' setting for task\. For more information/],
  [{ cpu: '64' }, /^Invalid 'cpu' setting for task\./],
  [{ memory: 'much' }, /^Invalid 'memory' setting for task\./],
  [port({ containerPort: 0 }), "Invalid 'containerPort' setting for container 'app'."],
  [port({ containerPort: 70_000 }), "Invalid 'containerPort' setting for container 'app'."],
  [
    port({ containerPort: 80, hostPort: 3000 }, { containerPort: 81, hostPort: 3000 }),
    "TCP host port '3000' is mapped multiple times in task.",
  ],
  [port({ containerPort: 80 }, { containerPort: 80 }), /in more than one port mapping/],
  [port({ containerPortRange: '9-3' }), /Invalid 'containerPortRange'/],
  [port({ containerPortRange: '3-9', hostPort: 80 }), /must not be set with 'containerPortRange'/],
  [port({ containerPort: 80, name: '-x' }), /Invalid 'name' setting/],
  [
    both({ dependsOn: [{ containerName: 'x', condition: 'START' }] }),
    "Cannot depend on container + 'x' because it does not exist",
  ],
  [
    both({}, { dependsOn: [{ containerName: 'app', condition: 'SUCCESS' }] }),
    'A dependency container with SUCCESS or COMPLETE condition cannot be an essential container',
  ],
  [
    both({ dependsOn: [{ containerName: 'side', condition: 'HEALTHY' }] }),
    'A dependency container with HEALTHY condition must have health check configured',
  ],
  [
    both(
      { dependsOn: [{ containerName: 'side', condition: 'START' }] },
      { dependsOn: [{ containerName: 'app', condition: 'START' }] },
    ),
    /There is a cycle in the container dependencies: app, side/,
  ],
  [both({ links: ['side'] }, { links: ['app'] }), 'Container links should not have a cycle'],
  [container({ links: ['nobody'] }), /Unknown container 'nobody' in links/],
  [both({ links: ['side:x:y'] }, {}), /Invalid link 'side:x:y' in links of container/],
  [
    { ...container({ links: ['app'] }), networkMode: 'host' },
    /Links are not supported when networkMode=host/,
  ],
  [container({ volumesFrom: [{ sourceContainer: 'x' }] }), /Unknown container 'x' in volumesFrom/],
  [
    container({ startTimeout: 1 }),
    "Granular start timeout on container 'app' must be at least 2 seconds.",
  ],
  [
    container({ stopTimeout: 1 }),
    "Granular stop timeout on container 'app' must be at least 2 seconds.",
  ],
  [container({ healthCheck: { command: [] } }), /Invalid healthCheck command/],
  [container({ healthCheck: { command: ['CMD'] } }), /Invalid healthCheck command/],
  [container({ healthCheck: { ...CHECK, interval: 4 } }), /Invalid healthCheck interval/],
  [container({ healthCheck: { ...CHECK, timeout: 61 } }), /Invalid healthCheck timeout/],
  [container({ healthCheck: { ...CHECK, retries: 11 } }), /Invalid healthCheck retries/],
  [container({ healthCheck: { ...CHECK, startPeriod: 301 } }), /Invalid healthCheck startPeriod/],
  [
    container({ restartPolicy: { enabled: true, restartAttemptPeriod: 59 } }),
    /restartAttemptPeriod/,
  ],
  [
    container({ ulimits: [{ name: 'files', softLimit: 1, hardLimit: 1 }] }),
    'Unrecognized ulimit name files',
  ],
  [container({ ulimits: [{ name: 'nofile', softLimit: 2, hardLimit: 1 }] }), /soft limit is above/],
  [container({ ulimits: [{ name: 'core', softLimit: -1, hardLimit: 5 }] }), /soft limit is above/],
  [
    container({ linuxParameters: { devices: [{ hostPath: '/dev/a', permissions: ['run'] }] } }),
    "Invalid device permission 'run' for container 'app'. Valid values: [read, write, mknod].",
  ],
  [container({ linuxParameters: { capabilities: { add: ['FLY'] } } }), /Invalid capability 'FLY'/],
  [container({ linuxParameters: { swappiness: 101 } }), /Invalid swappiness/],
  [
    container({ memory: undefined, memoryReservation: 8, linuxParameters: { maxSwap: 8 } }),
    "Invalid maxSwap for container 'app'. It requires memory.",
  ],
  [
    container({ memory: 0, memoryReservation: 8, linuxParameters: { maxSwap: 8 } }),
    "Invalid maxSwap for container 'app'. It requires memory.",
  ],
  [
    container({ systemControls: [{ namespace: 'vm.swappiness', value: '1' }] }),
    /Invalid system control/,
  ],
  [
    container({ systemControls: [{ namespace: 'net.core.somaxconn' }] }),
    "System control 'net.core.somaxconn' of container 'app' has no value.",
  ],
  [
    container({
      linuxParameters: {
        tmpfs: [
          { containerPath: '/t', size: 1 },
          { containerPath: '/t/', size: 2 },
        ],
      },
    }),
    "Duplicate tmpfs containerPath '/t/' for container 'app'.",
  ],
  [
    container({
      linuxParameters: { tmpfs: [{ containerPath: '/t', size: 1, mountOptions: ['fast'] }] },
    }),
    "Invalid tmpfs mount option 'fast' for container 'app'.",
  ],
  [
    container({ linuxParameters: { sharedMemorySize: -1 } }),
    "Invalid sharedMemorySize for container 'app'.",
  ],
  [
    {
      ...container({ resourceRequirements: [{ type: 'InferenceAccelerator', value: 'b' }] }),
      inferenceAccelerators: [{ deviceName: 'a', deviceType: 'eia2.medium' }],
    },
    "Invalid value 'b' for resource requirement of type InferenceAccelerator. It must be the deviceName of one of the task's inferenceAccelerators.",
  ],
  [
    container({ resourceRequirements: [{ type: 'TPU', value: '1' }] }),
    "Invalid resource requirement type 'TPU' for container 'app'. Valid values: [GPU, InferenceAccelerator, NeuronDevice].",
  ],
  [
    container({ resourceRequirements: [{ type: 'GPU' }] }),
    "Invalid value '' for resource requirement of type GPU.",
  ],
  [
    container({ resourceRequirements: [{ type: 'GPU', value: '1', ...SHARED }] }),
    /^Invalid sharingStrategy for container 'app'\./,
  ],
  [
    container({ resourceRequirements: [{ type: 'NeuronDevice', value: '1' }] }),
    "Invalid value '1' for resource requirement of type NeuronDevice. It must be ALL.",
  ],
  [
    container({ versionConsistency: 'foo' }),
    "Invalid versionConsistency 'foo' for container 'app'. Valid values: [enabled, disabled].",
  ],
  [
    { runtimePlatform: { operatingSystemFamily: 'FOO' } },
    /^Invalid operatingSystemFamily 'FOO'\. Valid values: \[LINUX, WINDOWS_SERVER_2004_CORE, /,
  ],
  [{ runtimePlatform: { cpuArchitecture: 'Z80' } }, /^Invalid cpuArchitecture 'Z80'/],
  [
    { proxyConfiguration: { type: 'MESH', containerName: 'app' } },
    /^Invalid proxyConfiguration type 'MESH'/,
  ],
  [
    { volumes: [{ name: 'v', dockerVolumeConfiguration: { scope: 'all' } }] },
    "Invalid dockerVolumeConfiguration scope 'all' for volume 'v'. Valid values: [task, shared].",
  ],
  [
    {
      volumes: [
        { name: 'v', efsVolumeConfiguration: { fileSystemId: 'f', transitEncryption: 'on' } },
      ],
    },
    "Invalid transitEncryption 'on' for volume 'v'. Valid values: [ENABLED, DISABLED].",
  ],
  [
    {
      volumes: [
        {
          name: 'v',
          efsVolumeConfiguration: { fileSystemId: 'f', authorizationConfig: { iam: 'on' } },
        },
      ],
    },
    /^Invalid authorizationConfig iam 'on' for volume 'v'/,
  ],
  [container({ secrets: [{ name: 'S', valueFrom: 's' }] }), /executionRoleArn/],
  [
    container({ memoryReservation: -1 }),
    "Invalid setting for container 'app'. 'memoryReservation' must be at least 6.",
  ],
  [{ executionRoleArn: 'x y' }, 'Role is not valid'],
  [{ taskRoleArn: 'arn:aws:iam::111122223333:user/u' }, 'Role is not valid'],
  [{ taskRoleArn: 'arn:aws:s3:::bucket' }, 'Role is not valid'],
  [container({ logConfiguration: { logDriver: 'paper' } }), /Invalid log driver 'paper'/],
  [
    container({ logConfiguration: { logDriver: 'awslogs', options: {} } }),
    'Log driver awslogs requires options: awslogs-region, awslogs-group',
  ],
  [
    log('awslogs', { ...AWSLOGS, 'awslogs-stream': 's', 'awslogs-stream-prefix': 'p' }),
    'Log driver awslogs allows only one of the options: awslogs-stream, awslogs-stream-prefix',
  ],
  [
    log('awslogs', { ...AWSLOGS, 'awslogs-region': 'x'.repeat(40) }),
    "Log driver awslogs option 'awslogs-region' contains invalid characters.",
  ],
  [log('splunk', {}), 'Log driver splunk requires options: splunk-url, splunk-token'],
  [log('splunk', { 'splunk-url': 'u' }), 'Log driver splunk requires options: splunk-token'],
  [
    log('awslogs', { ...AWSLOGS, log_key: 'log', magic: '1' }),
    'Log driver awslogs disallows options: log_key, magic',
  ],
  [container({ dockerLabels: { 'com.amazonaws.ecs.task-arn': 'mine' } }), /are reserved/],
  [container({ mountPoints: [{ sourceVolume: 'x', containerPath: '/x' }] }), "Unknown volume 'x'."],
  [container({ mountPoints: [{ containerPath: '/x' }] }), "Unknown volume ''."],
  [{ volumes: [{ name: 'v' }, { name: 'v' }] }, /Duplicate volume name 'v'/],
  [
    { volumes: [{ name: 'v', host: {}, efsVolumeConfiguration: { fileSystemId: 'fs-1' } }] },
    /must have only one of/,
  ],
  [
    {
      volumes: [
        {
          name: 'v',
          efsVolumeConfiguration: { fileSystemId: 'f', authorizationConfig: { iam: 'ENABLED' } },
        },
      ],
    },
    /transit encryption must be enabled when IAM/,
  ],
  [
    { placementConstraints: [{ type: 'distinctInstance' }] },
    "constraint.type 'distinctInstance' is not supported.",
  ],
  [{ ephemeralStorage: { sizeInGiB: 30 } }, /only supported on Fargate/],
  [{ networkMode: 'default' }, /Invalid networkMode/],
  [{ requiresCompatibilities: ['CLOUD'] }, /Invalid compatibility 'CLOUD'/],
  [container({ environment: [{ name: 'A', value: 'x'.repeat(70_000) }] }), /size limit of 64 KiB/],
  // Its size is the first thing that is wrong with it: nothing is looked at in what is too large.
  [{ cpu: `${'1'.repeat(80_000)}x` }, /size limit of 64 KiB/],
  [{ family: 'a b', memory: 'x'.repeat(70_000) }, /size limit of 64 KiB/],
  [
    container({
      linuxParameters: {
        tmpfs: [
          { containerPath: '/t', size: 1 },
          { containerPath: '/t//', size: 1 },
        ],
      },
    }),
    /Duplicate tmpfs containerPath/,
  ],
]

test('every rule refuses in its words, and stores nothing', async () => {
  const house = await House.open()
  for (const [more, text] of REFUSED) {
    const fault = await faultOf(
      house.call('RegisterTaskDefinition', { family: 'web', containerDefinitions: [APP], ...more }),
    )
    const label = JSON.stringify(more).slice(0, 120)
    assert.match(fault, /^ClientException: /, label)
    if (typeof text === 'string') assert.equal(fault, `ClientException: ${text}`, label)
    else assert.match(fault.slice('ClientException: '.length), text, label)
  }
  assert.deepEqual((await house.call('ListTaskDefinitionFamilies')).families, [])
})

test('the bounds themselves are taken', async () => {
  const house = await House.open()
  const taken: readonly object[] = [
    { family: 'f'.repeat(255) },
    { cpu: '.5 vCPU', memory: '1 GB' },
    container({ memory: 6, versionConsistency: 'disabled' }),
    container({ resourceRequirements: [{ type: 'GPU', ...SHARED }] }),
    container({ resourceRequirements: [{ type: 'NeuronDevice', value: 'ALL' }] }),
    { runtimePlatform: { operatingSystemFamily: 'LINUX', cpuArchitecture: 'ARM64' } },
    { runtimePlatform: { operatingSystemFamily: 'WINDOWS_SERVER_20H2_CORE' } },
    { volumes: [{ name: 'v', dockerVolumeConfiguration: { scope: 'task' } }] },
    { taskRoleArn: 'role+name', executionRoleArn: 'arn:aws-cn:iam::111122223333:role/a/path/r' },
    container({ ulimits: [{ name: 'core', softLimit: 0, hardLimit: -1 }] }),
    container({
      linuxParameters: {
        sharedMemorySize: 0,
        tmpfs: [{ containerPath: '/t', size: 1, mountOptions: ['noexec', 'mode=1777'] }],
      },
      systemControls: [{ namespace: 'net.core.somaxconn', value: '0' }],
    }),
    log('splunk', { 'splunk-url': 'u' }, [{ name: 'splunk-token', valueFrom: 's' }]),
    log('awslogs', {
      ...AWSLOGS,
      'awslogs-stream-prefix': 'p',
      'awslogs-create-stream': 'false',
      'awslogs-force-flush-interval-seconds': '1',
      mode: 'non-blocking',
      'max-buffer-size': '1m',
    }),
    {
      ...container({ resourceRequirements: [{ type: 'InferenceAccelerator', value: 'a' }] }),
      inferenceAccelerators: [{ deviceName: 'a', deviceType: 'eia2.medium' }],
    },
    container({ ulimits: [{ name: 'core', softLimit: -1, hardLimit: -1 }] }),
    container({ memory: undefined, memoryReservation: 64 }),
    { ...container({ memory: undefined }), memory: '512' },
    container({ image: `app@sha256:${'0'.repeat(64)}` }),
    port(
      { containerPort: 65_535, hostPort: 65_535 },
      { containerPort: 1, hostPort: 65_535, protocol: 'udp' },
    ),
    container({
      healthCheck: { ...CHECK, interval: 300, timeout: 60, retries: 10, startPeriod: 300 },
    }),
    both({ dependsOn: [{ containerName: 'side', condition: 'HEALTHY' }] }, { healthCheck: CHECK }),
    {
      ...container({}),
      placementConstraints: [{ type: 'memberOf', expression: 'attribute:a == b' }],
    },
  ]
  for (const more of taken) {
    const input = { family: 'web', containerDefinitions: [APP], ...more }
    assert.equal(
      await faultOf(house.call('RegisterTaskDefinition', input)),
      'no fault',
      JSON.stringify(more),
    )
  }
})

test('sizes are read in all the ways they may be written', () => {
  for (const [text, units] of [
    ['256', 256],
    ['1 vCPU', 1024],
    ['.5 vCPU', 512],
    ['2vcpu', 2048],
  ] as const)
    assert.equal(parseCpu(text), units)
  for (const [text, mib] of [
    ['512', 512],
    ['1GB', 1024],
    ['1 GB', 1024],
    ['0.5 GB', 512],
  ] as const)
    assert.equal(parseMemory(text), mib)
  for (const text of ['', 'GB', '1.5', '-1', '1 TB', '1e3'])
    assert.throws(() => parseMemory(text), /Invalid 'memory'/)
})

test('revisions count up, are never used again, and the latest active one is what a family means', async () => {
  const house = await House.open()
  const register = async (): Promise<number> =>
    (await house.call('RegisterTaskDefinition', { family: 'web', containerDefinitions: [APP] }))
      .taskDefinition.revision
  const latest = async (): Promise<number> =>
    (await house.call('DescribeTaskDefinition', { taskDefinition: 'web' })).taskDefinition.revision
  assert.deepEqual([await register(), await register(), await register()], [1, 2, 3])
  const { taskDefinition } = await house.call('DeregisterTaskDefinition', {
    taskDefinition: 'web:3',
  })
  assert.equal(taskDefinition.status, 'INACTIVE')
  assert.equal(await latest(), 2)
  const asked = { taskDefinitions: ['web:3', 'web:2', 'web:9'] }
  const { taskDefinitions, failures } = await house.call('DeleteTaskDefinitions', asked)
  assert.deepEqual(
    taskDefinitions.map((one: Answer) => [one.revision, one.status]),
    [[3, 'DELETE_IN_PROGRESS']],
  )
  assert.equal(failures.length, 2, 'an active one and one that is not there')
  for (const one of ['web:1', 'web:2'])
    await house.call('DeregisterTaskDefinition', { taskDefinition: one })
  await house.call('DeleteTaskDefinitions', { taskDefinitions: ['web:1', 'web:2'] })
  await house.clock.move(1)
  const gone = 'ClientException: Unable to describe task definition.'
  assert.equal(
    await faultOf(house.call('DescribeTaskDefinition', { taskDefinition: 'web:3' })),
    gone,
  )
  assert.deepEqual((await house.call('ListTaskDefinitionFamilies')).families, [])
  assert.equal(await register(), 4, 'the counter outlives the revisions')
})

test('a definition that a task uses stays until the task has ended', async () => {
  const house = await House.open()
  const host = await house.host()
  await house.call('RegisterTaskDefinition', { family: 'web', containerDefinitions: [APP] })
  const { tasks } = await house.call('RunTask', { taskDefinition: 'web' })
  await house.call('DeregisterTaskDefinition', { taskDefinition: 'web:1' })
  assert.equal(
    await faultOf(house.call('RunTask', { taskDefinition: 'web:1' })),
    'ClientException: TaskDefinition is inactive',
  )
  await house.call('DeleteTaskDefinitions', { taskDefinitions: ['web:1'] })
  await house.clock.move(1)
  const described = await house.call('DescribeTaskDefinition', { taskDefinition: 'web:1' })
  assert.equal(described.taskDefinition.status, 'DELETE_IN_PROGRESS')
  await host.report(tasks[0].taskArn, 'STOPPED')
  await house.clock.move(1)
  assert.match(
    await faultOf(house.call('DescribeTaskDefinition', { taskDefinition: 'web:1' })),
    /Unable to describe/,
  )
})

test('definitions list by family, then by revision as a number, both ways, by status and in pages', async () => {
  const house = await House.open()
  const register = (family: string) =>
    house.call('RegisterTaskDefinition', { family, containerDefinitions: [APP] })
  for (let n = 0; n < 12; n++) await register('b')
  await register('a')
  const short = async (more: object): Promise<string[]> =>
    (await house.call('ListTaskDefinitions', more)).taskDefinitionArns.map(
      (arn: string) => arn.split('/')[1] as string,
    )
  const all = ['a:1', ...Array.from({ length: 12 }, (_, n) => `b:${n + 1}`)]
  assert.deepEqual(await short({}), all)
  assert.deepEqual(await short({ sort: 'DESC' }), all.toReversed())
  assert.deepEqual(await short({ familyPrefix: 'b', maxResults: 2 }), ['b:1', 'b:2'])
  const first = await house.call('ListTaskDefinitions', { maxResults: 5 })
  assert.deepEqual(await short({ nextToken: first.nextToken }), all.slice(5))
  assert.deepEqual(
    (await house.call('ListTaskDefinitionFamilies', { familyPrefix: 'a' })).families,
    ['a'],
  )
})

test('what a definition needs of an agent follows from what it says', async () => {
  const house = await House.open()
  const input = {
    family: 'web',
    networkMode: 'awsvpc',
    taskRoleArn: 'arn:aws:iam::111122223333:role/t',
    executionRoleArn: 'arn:aws:iam::111122223333:role/e',
    containerDefinitions: [
      {
        ...APP,
        image: '111122223333.dkr.ecr.us-east-1.amazonaws.com/app:1',
        secrets: [
          { name: 'S', valueFrom: 'arn:aws:secretsmanager:us-east-1:111122223333:secret:s' },
        ],
        logConfiguration: {
          logDriver: 'awslogs',
          options: { 'awslogs-region': 'us-east-1', 'awslogs-group': 'g' },
        },
        healthCheck: CHECK,
        stopTimeout: 5,
      },
    ],
  }
  const { taskDefinition } = await house.call('RegisterTaskDefinition', input)
  assert.deepEqual(
    taskDefinition.requiresAttributes.map(({ name }: Answer) => name),
    [
      'com.amazonaws.ecs.capability.docker-remote-api.1.17',
      'com.amazonaws.ecs.capability.docker-remote-api.1.18',
      'com.amazonaws.ecs.capability.docker-remote-api.1.19',
      'com.amazonaws.ecs.capability.docker-remote-api.1.24',
      'com.amazonaws.ecs.capability.ecr-auth',
      'com.amazonaws.ecs.capability.logging-driver.awslogs',
      'com.amazonaws.ecs.capability.task-iam-role',
      'ecs.capability.container-health-check',
      'ecs.capability.container-ordering',
      'ecs.capability.execution-role-awslogs',
      'ecs.capability.execution-role-ecr-pull',
      'ecs.capability.secrets.asm.environment-variables',
      'ecs.capability.task-eni',
    ],
  )
})
