/** What AWS itself was seen to take, to refuse and to answer of tasks, services and settings. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { ACCOUNT, type Answer, faultOf, House, REGION } from '#server/house.fixture.ts'

import { Fleet } from './fleet.fixture.ts'
import { create, describe, EXTERNAL, opened } from './services.fixture.ts'

const OWN = `arn:aws:ecs:${REGION}:${ACCOUNT}`

test('placement strategies read back as AWS writes them', async () => {
  const house = await opened()
  const placementStrategy = [
    { type: 'binpack', field: 'memory' },
    { type: 'binpack', field: 'cpu' },
    { type: 'spread', field: 'host' },
    { type: 'spread', field: 'attribute:Rack' },
    { type: 'random', field: '' },
  ]
  await create(house, { placementStrategy })
  const written = [
    { type: 'binpack', field: 'MEMORY' },
    { type: 'binpack', field: 'CPU' },
    { type: 'spread', field: 'instanceId' },
    { type: 'spread', field: 'attribute:Rack' },
    { type: 'random' },
  ]
  assert.deepEqual((await describe(house, 'web')).placementStrategy, written)
  await create(house, { placementStrategy: written })
})

test('what clients send empty at a service is absent', async () => {
  const house = await opened()
  const empty = {
    role: '',
    clientToken: '',
    platformVersion: '',
    launchType: '',
    schedulingStrategy: '',
    propagateTags: '',
    availabilityZoneRebalancing: '',
    cluster: '',
    networkConfiguration: {},
    serviceConnectConfiguration: { enabled: false, namespace: '', services: [] },
    deploymentConfiguration: { strategy: '', canaryConfiguration: {} },
    capacityProviderStrategy: [],
  }
  await create(house, empty)
  const before = await describe(house, 'web')
  const after = (
    await house.call('UpdateService', { ...empty, service: 'web', taskDefinition: '' })
  ).service
  for (const name of ['taskDefinition', 'schedulingStrategy', 'launchType', 'propagateTags'])
    assert.equal(after[name], before[name], name)
  await create(house, { ...EXTERNAL, serviceName: 'ext', taskDefinition: '', launchType: '' })
  await house.call('CreateCluster', {
    clusterName: '',
    serviceConnectDefaults: { namespace: '' },
    configuration: { executeCommandConfiguration: { logging: '' } },
  })
})

test('what clients send empty at a task is absent, and who started it may be called anything', async () => {
  const house = await opened()
  await house.host()
  const { tasks } = await house.call('RunTask', {
    taskDefinition: 'web',
    startedBy: 'ECS Deploy',
    clientToken: '',
    group: '',
    platformVersion: '',
    referenceId: '',
    launchType: '',
    networkConfiguration: {},
    overrides: { cpu: '', taskRoleArn: '', containerOverrides: [{ name: 'app', command: [] }] },
  })
  assert.equal(tasks[0].startedBy, 'ECS Deploy')
  assert.equal(tasks[0].group, 'family:web')
  const run = (more: object) => faultOf(house.call('RunTask', { taskDefinition: 'web', ...more }))
  assert.equal(await run({ startedBy: 'x'.repeat(128) }), 'no fault')
  assert.equal(
    await run({ startedBy: 'x'.repeat(129) }),
    'InvalidParameterException: startedBy longer than 128.',
  )
  const long = [{ name: 'app', command: ['x'.repeat(8200)] }]
  assert.equal(
    await run({ overrides: { containerOverrides: long } }),
    'InvalidParameterException: Container Overrides length must be at most 8192',
  )
  const listed = await house.call('ListTasks', { startedBy: 'ECS Deploy', family: '' })
  assert.equal(listed.taskArns.length, 1)
})

test('a service that protected tasks keep larger than it is to be protects no more', async () => {
  const fleet = await Fleet.open(3)
  await fleet.define('app:1')
  await fleet.service({ desiredCount: 3 })
  await fleet.pass(60, 30)
  const { taskArns } = await fleet.house.call('ListTasks', { serviceName: 'web' })
  const protect = (tasks: readonly string[]): Promise<Answer> =>
    fleet.house.call('UpdateTaskProtection', {
      cluster: 'default',
      tasks,
      protectionEnabled: true,
    })
  assert.deepEqual((await protect(taskArns.slice(0, 2))).failures, [])
  assert.deepEqual((await protect(taskArns.slice(0, 2))).failures, [], 'nothing waits for them')
  await fleet.update({ desiredCount: 1 })
  const { protectedTasks, failures } = await protect([taskArns[0]])
  assert.deepEqual(protectedTasks, [])
  assert.deepEqual(
    failures.map(({ arn, reason }: Answer) => [arn, reason]),
    [[taskArns[0], 'DEPLOYMENT_BLOCKED']],
  )
})

test('a desired count that falls waits for no task to become healthy', async () => {
  const fleet = await Fleet.open(2)
  await fleet.define('app:1')
  await fleet.service({ desiredCount: 4 })
  await fleet.settle()
  await fleet.update({ desiredCount: 1 })
  await fleet.settle()
  const { desiredCount, runningCount, pendingCount } = await fleet.describe()
  assert.deepEqual([desiredCount, runningCount + pendingCount], [1, 1])
})

test('an empty cluster is told with the place to look further', async () => {
  const fleet = await Fleet.open(0)
  await fleet.house.call('CreateCluster', {})
  await fleet.define('app:1')
  await fleet.service()
  await fleet.settle()
  assert.deepEqual(await fleet.events(), [
    '(service web) was unable to place a task because no container instance met all of its requirements. Reason: No Container Instances were found in your cluster. For more information, see the Troubleshooting section of the Amazon ECS Developer Guide.',
  ])
})

test('a setting has the values that it has', async () => {
  const house = await House.open()
  for (const [name, value] of [
    ['taskLongArnFormat', 'ENABLED'],
    ['containerInsights', 'on'],
  ])
    for (const operation of ['PutAccountSetting', 'PutAccountSettingDefault'])
      assert.equal(
        await faultOf(house.call(operation, { name, value })),
        "InvalidParameterException: Invalid setting 'value'",
      )
})

test('a malformed name keeps no other task definition from being deleted', async () => {
  const house = await opened()
  await house.call('DeregisterTaskDefinition', { taskDefinition: 'web:1' })
  const other = `${OWN.replace(ACCOUNT, '999999999999')}:task-definition/web:1`
  const malformed = ['web:1:2', 'we b', 'web:x', 'web', other]
  const { taskDefinitions, failures } = await house.call('DeleteTaskDefinitions', {
    taskDefinitions: [...malformed, 'web:1'],
  })
  assert.deepEqual(
    taskDefinitions.map(({ status }: Answer) => status),
    ['DELETE_IN_PROGRESS'],
  )
  const reason =
    'The specified task definition does not exist. Specify a valid account, family, revision and try again.'
  assert.deepEqual(
    failures,
    malformed.map((arn) => ({ arn, reason })),
  )
})
