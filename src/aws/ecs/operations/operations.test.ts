/** Operations that no other test is about. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { ACCOUNT, type Answer, faultOf, House } from '#server/house.fixture.ts'

const APP = { name: 'app', image: 'app:1', cpu: 64, memory: 64 }
const define = (house: House, more: object = {}): Promise<Answer> =>
  house.call('RegisterTaskDefinition', { family: 'web', containerDefinitions: [APP], ...more })
const describe = async (house: House, task: string): Promise<Answer> =>
  (await house.call('DescribeTasks', { tasks: [task] })).tasks[0]

test('StartTask starts where it is told, without strategies, and says for each other host why not', async () => {
  const house = await House.open()
  const [good, full, gone] = [await house.host(), await house.host({ cpu: 32 }), await house.host()]
  await define(house)
  await house.call('DeregisterContainerInstance', { containerInstance: gone.arn })
  const missing = 'f'.repeat(32)
  const { tasks, failures } = await house.call('StartTask', {
    taskDefinition: 'web',
    containerInstances: [good.arn, full.arn, gone.arn, missing],
    startedBy: 'me',
    tags: [{ key: 'k', value: 'v' }],
  })
  assert.deepEqual(
    tasks.map((task: Answer) => [task.containerInstanceArn, task.startedBy, task.tags]),
    [[good.arn, 'me', [{ key: 'k', value: 'v' }]]],
  )
  assert.deepEqual(failures, [
    { arn: full.arn, reason: 'RESOURCE:CPU' },
    { arn: gone.arn, reason: 'INACTIVE' },
    { arn: missing, reason: 'MISSING' },
  ])
  assert.equal(good.payloads(tasks[0].taskArn).length, 1)
  for (const containerInstances of [[], Array.from({ length: 11 }, () => good.arn)])
    assert.match(
      await faultOf(house.call('StartTask', { taskDefinition: 'web', containerInstances })),
      /^InvalidParameterException/,
    )
})

test('StopTask: the reason is the caller’s or AWS’s, tags go, and a second stop changes nothing', async () => {
  const house = await House.open()
  await house.host()
  await define(house)
  const tags = [{ key: 'k', value: 'v' }]
  const { tasks } = await house.call('RunTask', { taskDefinition: 'web', tags })
  const task = tasks[0].taskArn
  const first = await house.call('StopTask', { task })
  assert.equal(first.task.stoppedReason, 'Task stopped by user')
  const { revision } = house.server.store
  assert.deepEqual(await house.call('StopTask', { task, reason: 'again' }), first)
  assert.equal(house.server.store.revision, revision)
  const described = await house.call('DescribeTasks', { tasks: [task], include: ['TAGS'] })
  assert.equal(
    await faultOf(house.call('DescribeTasks', { tasks: [task], include: ['TAGS', 'FOO'] })),
    'InvalidParameterException: include should be one of [TAGS].',
  )
  assert.deepEqual(described.tasks[0].tags, [])
})

test('a container’s change moves the container, and an essential end the task’s wish, never its own status', async () => {
  const house = await House.open()
  await house.host()
  await define(house)
  const { tasks } = await house.call('RunTask', { taskDefinition: 'web' })
  const task = tasks[0].taskArn
  const say = (more: object) =>
    house.call('SubmitContainerStateChange', { task, containerName: 'app', ...more })
  await say({ status: 'RUNNING', runtimeId: 'r' })
  const running = await describe(house, task)
  assert.deepEqual(
    [running.lastStatus, running.containers[0].lastStatus, running.containers[0].runtimeId],
    ['PENDING', 'RUNNING', 'r'],
  )
  await say({ status: 'STOPPED', exitCode: 3 })
  const ended = await describe(house, task)
  assert.deepEqual(
    [ended.lastStatus, ended.desiredStatus, ended.containers[0].exitCode],
    ['PENDING', 'STOPPED', 3],
  )
})

test('the moments that an agent reports are kept as it reported them', async () => {
  const house = await House.open()
  await house.host()
  await define(house)
  const { tasks } = await house.call('RunTask', { taskDefinition: 'web' })
  const task = tasks[0].taskArn
  const at = (seconds: number) => new Date(house.clock.now() - seconds * 1000)
  const moments = { pullStartedAt: at(9), pullStoppedAt: at(8), executionStoppedAt: at(3) }
  const containers = [{ containerName: 'app', status: 'STOPPED', exitCode: 0 }]
  await house.call('SubmitTaskStateChange', { task, status: 'STOPPED', containers, ...moments })
  const { pullStartedAt, pullStoppedAt, executionStoppedAt } = await describe(house, task)
  assert.deepEqual({ pullStartedAt, pullStoppedAt, executionStoppedAt }, moments)
})

test('a container that reserves nothing takes its hard limit of the host', async () => {
  const house = await House.open()
  await house.host()
  await define(house, { containerDefinitions: [{ ...APP, memory: 512, memoryReservation: 0 }] })
  const { tasks } = await house.call('RunTask', { taskDefinition: 'web' })
  assert.equal(tasks[0].memory, '512')
})

test('a runtime platform decides where a task goes', async () => {
  const house = await House.open()
  const platform = (architecture: string) => [
    { name: 'ecs.cpu-architecture', value: architecture },
    { name: 'ecs.os-type', value: 'linux' },
  ]
  const intel = await house.host({ attributes: platform('x86_64') })
  const arm = await house.host({ attributes: platform('arm64') })
  const place = async (runtimePlatform: object): Promise<Answer> => {
    await define(house, { runtimePlatform })
    return house.call('RunTask', { taskDefinition: 'web' })
  }
  for (const [cpuArchitecture, host] of [
    ['X86_64', intel],
    ['ARM64', arm],
  ] as const) {
    const { tasks } = await place({ cpuArchitecture, operatingSystemFamily: 'LINUX' })
    assert.equal(tasks[0].containerInstanceArn, host.arn)
  }
  const { failures } = await place({ operatingSystemFamily: 'WINDOWS_SERVER_2022_CORE' })
  assert.deepEqual(
    failures.map(({ reason, detail }: Answer) => [reason, detail]),
    Array.from({ length: 2 }, () => ['ATTRIBUTE', 'ecs.os-type']),
  )
  assert.match(await faultOf(define(house, { runtimePlatform: { cpuArchitecture: 'Z80' } })), /Z80/)
})

test('a page holds at least one: smaller sizes are refused', async () => {
  const house = await House.open()
  await house.host()
  for (const operation of ['ListClusters', 'ListTasks', 'ListContainerInstances'])
    for (const maxResults of [0, -1])
      assert.match(
        await faultOf(house.call(operation, { maxResults })),
        /^InvalidParameterException: /,
        operation,
      )
})

test('a machine key does not take over what another machine registered', async () => {
  const house = await House.open()
  const other = await house.host()
  const as = { principal: { type: 'host', accountId: ACCOUNT, hostId: 'h' } } as const
  const register = (more: object) => house.call('RegisterContainerInstance', more, as)
  assert.match(
    await faultOf(register({ containerInstanceArn: other.arn })),
    /^AccessDeniedException: .* not authorized to perform: ecs:RegisterContainerInstance/,
  )
  const { containerInstance } = await register({})
  const { containerInstanceArn } = containerInstance
  const bound = { principal: { ...as.principal, containerInstanceArn } }
  const again = await house.call('RegisterContainerInstance', { containerInstanceArn }, bound)
  assert.equal(again.containerInstance.containerInstanceArn, containerInstanceArn)
})

test('surprise 2: the sockets’ addresses leave a scheme’s own port out', async () => {
  const house = await House.open()
  const discover = house.server.operations.find('ecs', 'DiscoverPollEndpoint')
  for (const [reached, told] of [
    ['https://berth.test:443', 'https://berth.test'],
    ['http://berth.test:80', 'http://berth.test'],
    ['https://berth.test:8443', 'https://berth.test:8443'],
  ] as const) {
    const answer: Answer = await discover?.run(
      {},
      { ...house.caller(), endpoint: reached },
      house.clock.now(),
    )
    assert.equal(answer.endpoint, `${told}/acs/`)
    assert.equal(answer.telemetryEndpoint, `${told}/tcs/`)
  }
})

test('a host reads the tags of itself and of the tasks of its cluster, and no others', async () => {
  const house = await House.open()
  const { arn } = await house.host()
  const bound = {
    principal: { type: 'host', accountId: ACCOUNT, hostId: 'h', containerInstanceArn: arn },
  } as const
  const read = (resourceArn: string) => house.call('ListTagsForResource', { resourceArn }, bound)
  assert.deepEqual((await read(arn)).tags, [])
  const task = arn.replace(/:container-instance\/default\/.*/, `:task/default/${'0'.repeat(32)}`)
  assert.doesNotMatch(await faultOf(read(task)), /AccessDenied/)
  const cluster = arn.replace(/:container-instance.*/, ':cluster/default')
  assert.match(await faultOf(read(cluster)), /^AccessDeniedException: /)
})

test('agents are told one address for all, clusters keep settings, and what cannot be is refused', async () => {
  const house = await House.open()
  const host = await house.host()
  const told = await house.call('DiscoverPollEndpoint', { containerInstance: host.arn })
  assert.equal(told.endpoint, 'http://berth.test/acs/')
  assert.equal(told.telemetryEndpoint, 'http://berth.test/tcs/')
  const settings = [{ name: 'containerInsights', value: 'disabled' }]
  for (const operation of ['UpdateCluster', 'UpdateClusterSettings']) {
    const { cluster } = await house.call(operation, { cluster: 'default', settings })
    assert.deepEqual(cluster.settings, settings)
    const on = [{ name: 'containerInsights', value: 'enabled' }]
    assert.match(
      await faultOf(house.call(operation, { cluster: 'default', settings: on })),
      /: containerInsights=enabled\.$/,
    )
  }
  assert.match(
    await faultOf(house.call('UpdateContainerAgent', { containerInstance: host.arn })),
    /^NoUpdateAvailableException/,
  )
  const attachments = [{ attachmentArn: 'a', status: 'ATTACHED' }]
  assert.match(
    await faultOf(house.call('SubmitAttachmentStateChanges', { attachments })),
    /Unknown attachment: a/,
  )
})

test('a value that an enum does not have is refused, not taken for a filter that finds nothing', async () => {
  const house = await House.open()
  await house.host()
  const containerDefinitions = [{ name: 'app', image: 'app:1', memory: 64 }]
  await house.call('RegisterTaskDefinition', { family: 'web', containerDefinitions })
  for (const [operation, input, name] of [
    ['ListTasks', { desiredStatus: 'X' }, 'desiredStatus'],
    ['ListTasks', { launchType: 'X' }, 'launchType'],
    ['ListTaskDefinitions', { status: 'X' }, 'status'],
    ['ListTaskDefinitions', { sort: 'X' }, 'sort'],
    ['ListContainerInstances', { status: 'X' }, 'status'],
    ['RunTask', { taskDefinition: 'web', propagateTags: 'X' }, 'propagateTags'],
  ] as const)
    assert.match(
      await faultOf(house.call(operation, input)),
      new RegExp(`^InvalidParameterException: ${name} should be one of`),
    )
  const small = { containerOverrides: [{ name: 'app', memory: 2 }] }
  assert.match(
    await faultOf(house.call('RunTask', { taskDefinition: 'web', overrides: small })),
    /'memory' must be at least 6/,
  )
})
