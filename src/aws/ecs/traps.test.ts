/** Where programs of this kind are known to fail, each a test with its number. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { type Answer, faultOf, House, OTHER_ACCOUNT } from '#server/house.fixture.ts'
import { policyAttributes } from '#wire/host-policy.ts'

const CONTAINER = { name: 'app', image: 'app:1', memory: 64 }
const define = (house: House, more: object = {}, family = 'web'): Promise<Answer> =>
  house.call('RegisterTaskDefinition', { family, containerDefinitions: [CONTAINER], ...more })

test('trap 3: a task definition reads back as it was written, defaults included, and registers again as the same', async () => {
  const house = await House.open()
  const written = {
    family: 'web',
    volumes: [{ name: 'data' }, { name: 'shared', dockerVolumeConfiguration: { scope: 'shared' } }],
    containerDefinitions: [
      {
        ...CONTAINER,
        portMappings: [{ containerPort: 80 }, { containerPort: 53, protocol: 'udp', hostPort: 53 }],
        healthCheck: { command: ['CMD', 'true'] },
        mountPoints: [{ sourceVolume: 'data', containerPath: '/data' }],
      },
    ],
  }
  const { taskDefinition } = await house.call('RegisterTaskDefinition', written)
  assert.deepEqual(taskDefinition.containerDefinitions, [
    {
      name: 'app',
      image: 'app:1',
      memory: 64,
      cpu: 0,
      essential: true,
      environment: [],
      volumesFrom: [],
      systemControls: [],
      mountPoints: [{ sourceVolume: 'data', containerPath: '/data' }],
      portMappings: [
        { containerPort: 80, hostPort: 0, protocol: 'tcp' },
        { containerPort: 53, hostPort: 53, protocol: 'udp' },
      ],
      healthCheck: { command: ['CMD', 'true'], interval: 30, timeout: 5, retries: 3 },
    },
  ])
  assert.deepEqual(taskDefinition.volumes, [
    { name: 'data', host: {} },
    {
      name: 'shared',
      dockerVolumeConfiguration: { scope: 'shared', driver: 'local', autoprovision: false },
    },
  ])
  assert.deepEqual(taskDefinition.placementConstraints, [])
  assert.equal('requiresCompatibilities' in taskDefinition, false)
  const described = await house.call('DescribeTaskDefinition', { taskDefinition: 'web' })
  assert.deepEqual(described.taskDefinition, taskDefinition)
  const { family, containerDefinitions, volumes, placementConstraints } = taskDefinition
  const again = await house.call('RegisterTaskDefinition', {
    family,
    containerDefinitions,
    volumes,
    placementConstraints,
  })
  assert.deepEqual(again.taskDefinition.containerDefinitions, containerDefinitions)
  assert.deepEqual(again.taskDefinition.volumes, volumes)
})

test('trap 3: a cluster reads back as it was created, defaults included, and creating it again changes nothing', async () => {
  const house = await House.open()
  const tags = [{ key: 'team', value: 'blue' }]
  const { cluster } = await house.call('CreateCluster', { clusterName: 'c', tags })
  assert.deepEqual(cluster.settings, [{ name: 'containerInsights', value: 'disabled' }])
  assert.deepEqual(cluster.tags, tags)
  const include = ['TAGS', 'SETTINGS', 'STATISTICS', 'CONFIGURATIONS', 'ATTACHMENTS']
  const described = await house.call('DescribeClusters', { clusters: ['c'], include })
  assert.deepEqual(described.clusters, [cluster])
  const { revision } = house.server.store
  assert.deepEqual((await house.call('CreateCluster', { clusterName: 'c' })).cluster, cluster)
  assert.equal(house.server.store.revision, revision)
})

const fargate = (cpu: string | undefined, memory: string | undefined) => ({
  requiresCompatibilities: ['FARGATE'],
  networkMode: 'awsvpc',
  cpu,
  memory,
})

test('trap 13: Fargate size pairs are AWS’s, in all the ways to write them', async () => {
  const house = await House.open()
  for (const [cpu, memory] of [
    ['256', '512'],
    ['.25 vCPU', '2 GB'],
    ['1 vCPU', '8GB'],
    ['4096', '30720'],
    ['8192', '61440'],
    ['16 vCPU', '120 GB'],
  ] as const) {
    const { taskDefinition } = await define(house, fargate(cpu, memory))
    assert.deepEqual(taskDefinition.compatibilities, ['EC2', 'FARGATE'], `${cpu} ${memory}`)
  }
  const none = 'ClientException: No Fargate configuration exists for given values.'
  for (const [cpu, memory] of [
    ['300', '77'],
    ['256', '4096'],
    ['1024', '1024'],
    ['8192', '17000'],
  ] as const)
    assert.equal(await faultOf(define(house, fargate(cpu, memory))), none, `${cpu} ${memory}`)
})

test('trap 13: what Fargate and the network modes do not take is refused in AWS’s words', async () => {
  const house = await House.open()
  const ports = (more: object, mapping: object) =>
    define(house, { ...more, containerDefinitions: [{ ...CONTAINER, portMappings: [mapping] }] })
  const cases: readonly (readonly [Promise<unknown>, string])[] = [
    [
      define(house, fargate(undefined, '512')),
      "Fargate requires that 'cpu' be defined at the task level.",
    ],
    [
      define(house, fargate('256', undefined)),
      "Fargate requires that 'memory' be defined at the task level.",
    ],
    [
      define(house, { ...fargate('256', '512'), networkMode: 'bridge' }),
      'Fargate only supports network mode ‘awsvpc’.',
    ],
    [
      ports({ networkMode: 'awsvpc' }, { containerPort: 80, hostPort: 8080 }),
      'When networkMode=awsvpc, the host ports and container ports in port mappings must match.',
    ],
    [
      ports({ networkMode: 'none' }, { containerPort: 80 }),
      'Port mappings are not supported when networkMode=none.',
    ],
    [ports({}, { hostPort: 80 }), "Invalid 'containerPort' setting for container 'app'."],
  ]
  for (const [call, text] of cases) assert.equal(await faultOf(call), `ClientException: ${text}`)
  assert.deepEqual(
    (await house.call('ListTaskDefinitions')).taskDefinitionArns,
    [],
    'nothing was stored',
  )
})

test('trap 15: two regions and two accounts share no cluster, definition, host, task, token or setting', async () => {
  const house = await House.open()
  const elsewhere = [{ region: 'eu-west-1' }, { accountId: OTHER_ACCOUNT }]
  await house.host()
  await define(house)
  const run = { taskDefinition: 'web', clientToken: 'once' }
  const { tasks } = await house.call('RunTask', run)
  for (const as of elsewhere) {
    assert.deepEqual((await house.call('ListClusters', {}, as)).clusterArns, [])
    assert.deepEqual((await house.call('ListTaskDefinitionFamilies', {}, as)).families, [])
    const arn = tasks[0].taskArn
    assert.match(
      await faultOf(house.call('StopTask', { task: arn }, as)),
      /^InvalidParameterException|^ClusterNotFound/,
    )
    await house.host({ as })
    assert.equal(
      await faultOf(house.call('RunTask', run, as)),
      'ClientException: TaskDefinition not found.',
    )
    await house.call(
      'RegisterTaskDefinition',
      { family: 'web', containerDefinitions: [CONTAINER] },
      as,
    )
    const there = await house.call('RunTask', run, as)
    assert.notEqual(there.tasks[0].taskArn, arn, 'the token is another there')
    assert.equal(there.tasks[0].taskDefinitionArn.endsWith('web:1'), true)
    assert.deepEqual((await house.call('ListTasks', {}, as)).taskArns, [there.tasks[0].taskArn])
  }
  assert.deepEqual((await house.call('ListTasks')).taskArns, [tasks[0].taskArn])
})

test('trap 20: a task moves by what its agent reports, never by being described', async () => {
  const house = await House.open()
  const host = await house.host()
  await define(house)
  const { tasks } = await house.call('RunTask', { taskDefinition: 'web' })
  const { taskArn } = tasks[0]
  const describe = async (): Promise<Answer> =>
    (await house.call('DescribeTasks', { tasks: [taskArn] })).tasks[0]
  const first = await describe()
  assert.equal(first.lastStatus, 'PENDING')
  for (let n = 0; n < 10; n++) await describe()
  await house.clock.move(600_000)
  assert.deepEqual(await describe(), first)
  await host.report(taskArn, 'RUNNING', [{ containerName: 'app', status: 'RUNNING' }])
  const running = await describe()
  assert.equal(running.lastStatus, 'RUNNING')
  await house.call('StopTask', { task: taskArn })
  for (let n = 0; n < 10; n++) await describe()
  assert.equal((await describe()).lastStatus, 'RUNNING', 'asked to stop is not stopped')
  assert.equal((await describe()).desiredStatus, 'STOPPED')
  await host.report(taskArn, 'STOPPED', [{ containerName: 'app', status: 'STOPPED', exitCode: 0 }])
  assert.equal((await describe()).lastStatus, 'STOPPED')
})

test('trap 22: what would not act is refused by name', async () => {
  const house = await House.open()
  const { arn } = await house.host()
  await define(house)
  const run = (more: object) => house.call('RunTask', { taskDefinition: 'web', ...more })
  const cluster = (more: object) => house.call('CreateCluster', { clusterName: 'x', ...more })
  const insights = { settings: [{ name: 'containerInsights', value: 'enabled' }] }
  const refusals: readonly (readonly [Promise<unknown>, RegExp])[] = [
    [run({ enableExecuteCommand: true }), /: enableExecuteCommand\.$/],
    [
      run({ capacityProviderStrategy: [{ capacityProvider: 'p' }] }),
      /: capacityProviderStrategy\.$/,
    ],
    [run({ platformVersion: 'LATEST' }), /: platformVersion\.$/],
    [run({ referenceId: 'mine' }), /: referenceId\.$/],
    [
      house.call('StartTask', {
        taskDefinition: 'web',
        containerInstances: [arn],
        referenceId: 'mine',
      }),
      /: referenceId\.$/,
    ],
    [run({ volumeConfigurations: [{ name: 'v' }] }), /: volumeConfigurations\.$/],
    [
      run({ overrides: { ephemeralStorage: { sizeInGiB: 30 } } }),
      /: overrides\.ephemeralStorage\.$/,
    ],
    [run({ launchType: 'FARGATE' }), /does not support launch_type FARGATE/],
    [run({ propagateTags: 'SERVICE' }), /propagateTags: SERVICE/],
    [cluster({ capacityProviders: ['FARGATE'] }), /: capacityProviders\.$/],
    [cluster(insights), /: containerInsights=enabled\.$/],
    [
      cluster({ configuration: { executeCommandConfiguration: { logging: 'DEFAULT' } } }),
      /: configuration\.executeCommandConfiguration\.$/,
    ],
    [cluster({ serviceConnectDefaults: { namespace: 'n' } }), /: serviceConnectDefaults\.$/],
    [
      house.call('PutAccountSetting', { name: 'awsvpcTrunking', value: 'enabled' }),
      /: awsvpcTrunking\.$/,
    ],
    [
      house.call('PutAccountSetting', { name: 'containerInsights', value: 'enabled' }),
      /: containerInsights=enabled\.$/,
    ],
  ]
  for (const [call, text] of refusals) assert.match(await faultOf(call), text)
  assert.deepEqual((await house.call('ListTasks')).taskArns, [])
  assert.equal((await house.call('ListClusters')).clusterArns.length, 1)
})

test('trap 22: attributes, tags and states that are accepted act', async () => {
  const house = await House.open()
  const host = await house.host()
  await define(house, { tags: [{ key: 'from', value: 'definition' }] })
  const constraint = {
    placementConstraints: [{ type: 'memberOf', expression: 'attribute:stack == prod' }],
  }
  const before = await house.call('RunTask', { taskDefinition: 'web', ...constraint })
  assert.equal(before.failures[0].reason, 'MemberOf placement constraint unsatisfied.')
  const stack = { name: 'stack', value: 'prod', targetId: host.arn }
  await house.call('PutAttributes', { attributes: [stack] })
  const { tasks } = await house.call('RunTask', {
    taskDefinition: 'web',
    ...constraint,
    propagateTags: 'TASK_DEFINITION',
  })
  const listed = await house.call('ListTagsForResource', { resourceArn: tasks[0].taskArn })
  assert.deepEqual(listed.tags, [{ key: 'from', value: 'definition' }])
  await house.call('UpdateContainerInstancesState', {
    containerInstances: [host.arn],
    status: 'DRAINING',
  })
  const draining = await house.call('RunTask', { taskDefinition: 'web' })
  assert.deepEqual(draining.failures, [{ arn: host.arn, reason: 'INACTIVE' }])
})

test('trap 22: a capability that the control plane does not serve is refused even where an agent has it', async () => {
  const house = await House.open()
  const name = 'com.amazonaws.ecs.capability.task-iam-role'
  const host = await house.host({ attributes: [{ name }] })
  await define(house, { taskRoleArn: 'arn:aws:iam::111122223333:role/app' })
  const { failures } = await house.call('RunTask', { taskDefinition: 'web' })
  const detail = `${name} (taskRoleArn is not in this release)`
  assert.deepEqual(failures, [{ arn: host.arn, reason: 'ATTRIBUTE', detail }])
})

test('trap 22: devices that nobody hands out are asked for in vain, by a definition or by an override', async () => {
  const house = await House.open()
  const devices = ['neuron-device', 'gpu-sharing'].map((name) => `ecs.capability.${name}`)
  const members = ['resourceRequirements NeuronDevice', 'resourceRequirements.sharingStrategy']
  const details = devices.map((name, at) => `${name} (${members[at]} is not in this release)`)
  const host = await house.host({ attributes: devices.map((name) => ({ name })) })
  const sharing = { type: 'GPU', sharingStrategy: { nvidiaMps: { memory: 512 } } }
  for (const [detail, requirement] of [
    [details[0], { type: 'NeuronDevice', value: 'ALL' }],
    [details[1], sharing],
  ] as const) {
    const resourceRequirements = [requirement]
    await define(house, { containerDefinitions: [{ ...CONTAINER, resourceRequirements }] })
    const defined = await house.call('RunTask', { taskDefinition: 'web' })
    await define(house)
    const overrides = { containerOverrides: [{ name: CONTAINER.name, resourceRequirements }] }
    const overridden = await house.call('RunTask', { taskDefinition: 'web', overrides })
    for (const { tasks, failures } of [defined, overridden])
      assert.deepEqual([tasks, failures], [[], [{ arn: host.arn, reason: 'ATTRIBUTE', detail }]])
  }
})

test("what a host's operator does not allow is not placed there, by its name, until the agent says otherwise", async () => {
  const house = await House.open()
  const policy = (named: readonly string[]) =>
    policyAttributes({
      paths: { how: 'all-but', named },
      devices: { how: 'only', named: [] },
    }).map(({ name, value = '' }) => ({ name, value }))
  const host = await house.host({ attributes: policy(['/run/docker.sock', '/home/a']) })
  await define(house, { volumes: [{ name: 'v', host: { sourcePath: '/home/' } }] })
  const { failures } = await house.call('RunTask', { taskDefinition: 'web' })
  const detail = 'volumes.host.sourcePath /home (not allowed on this host)'
  assert.deepEqual(failures, [{ arn: host.arn, reason: 'ATTRIBUTE', detail }])
  // Users do not change it, and an agent that names less has not the rest of before.
  const [attribute] = policy([])
  await assert.rejects(
    house.call('PutAttributes', { attributes: [{ ...attribute, targetId: host.arn }] }),
    /reserved/,
  )
  await house.call('RegisterContainerInstance', {
    containerInstanceArn: host.arn,
    attributes: policy(['/run/docker.sock']),
    totalResources: [{ name: 'MEMORY', type: 'INTEGER', integerValue: 1024 }],
  })
  const { tasks } = await house.call('RunTask', { taskDefinition: 'web' })
  assert.equal(tasks.length, 1)
})
