import assert from 'node:assert/strict'
import { test } from 'node:test'

import { Fleet, steady } from './fleet.fixture.ts'

const DAEMON = { schedulingStrategy: 'DAEMON', desiredCount: undefined }

test('a daemon runs on every container instance, also on one that comes later', async () => {
  const fleet = await Fleet.open(3)
  await fleet.define('app:1')
  await fleet.service(DAEMON)
  await fleet.settle()
  assert.equal(new Set(fleet.live().map((task) => task.containerInstanceId)).size, 3)
  await fleet.join()
  await fleet.settle()
  assert.equal(fleet.live().length, 4)
  assert.equal((await fleet.describe()).desiredCount, 4)
  await fleet.define('app:2')
  await fleet.update({ taskDefinition: 'web:2' })
  await fleet.pass(60)
  assert.deepEqual(fleet.revisions(), { 2: 4 })
})

test('a daemon stays where the host is out of reach, and what it is told of it is nothing', async () => {
  const fleet = await steady(3, DAEMON)
  const before = JSON.stringify(await fleet.describe())
  await fleet.hosts[0]?.disconnect()
  await fleet.pass(120, 30)
  assert.equal(JSON.stringify(await fleet.describe()), before)
  await fleet.define('app:2')
  await fleet.update({ taskDefinition: 'web:2' })
  await fleet.pass(120, 30)
  const { deployments } = await fleet.describe()
  assert.deepEqual(
    [deployments.length, deployments[0].rolloutState, deployments[0].runningCount],
    [1, 'COMPLETED', 2],
    'nobody waits for what cannot be told',
  )
})

test('a daemon leaves a host where it does not belong any longer, and a draining one last of all', async () => {
  const fleet = await Fleet.open(2)
  await fleet.define('app:1')
  const [first, second] = fleet.hosts
  const targetId = first?.arn
  const here = { name: 'stack', targetType: 'container-instance', targetId }
  await fleet.house.call('PutAttributes', { attributes: [{ ...here, value: 'dev' }] })
  const { tasks: started } = await fleet.house.call('StartTask', {
    taskDefinition: 'web',
    containerInstances: [first?.arn, second?.arn],
  })
  await fleet.service({
    ...DAEMON,
    placementConstraints: [{ type: 'memberOf', expression: 'attribute:stack == dev' }],
  })
  await fleet.settle()
  const daemons = () => fleet.live().filter(({ startedBy }) => startedBy !== undefined)
  const hosts = () => daemons().map((task) => fleet.hostOf(task))
  assert.deepEqual(hosts(), [first])
  await fleet.house.call('PutAttributes', { attributes: [{ ...here, value: 'none' }] })
  await fleet.settle()
  assert.deepEqual(hosts(), [], 'though others run there')
  await fleet.house.call('PutAttributes', {
    attributes: [{ ...here, targetId: second?.arn, value: 'dev' }],
  })
  await fleet.settle()
  assert.deepEqual(hosts(), [second])
  await fleet.house.call('UpdateContainerInstancesState', {
    containerInstances: [second?.arn],
    status: 'DRAINING',
  })
  await fleet.settle()
  assert.deepEqual(hosts(), [second], 'others run there')
  for (const { taskArn } of started) await fleet.house.call('StopTask', { task: taskArn })
  await fleet.pass(30)
  assert.deepEqual(hosts(), [])
})

test('a daemon on a lost host stays as it is, since it has no place elsewhere', async () => {
  const fleet = await Fleet.open(3, { lostHostAfterMs: 60_000 })
  await fleet.define('app:1')
  await fleet.service(DAEMON)
  await fleet.pass(60)
  const before = JSON.stringify(await fleet.describe())
  await fleet.hosts[0]?.disconnect()
  await fleet.pass(120, 30)
  assert.equal(JSON.stringify(await fleet.describe()), before)
  assert.equal(fleet.live().length, 3)
})

test('a daemon is the first to start on a host, whoever waited for it longer', async () => {
  const fleet = await Fleet.open(1)
  await fleet.define('app:1', { cpu: 1024 })
  await fleet.service({
    desiredCount: 7,
    deploymentConfiguration: { minimumHealthyPercent: 0, maximumPercent: 100 },
  })
  await fleet.settle()
  await fleet.service({ ...DAEMON, serviceName: 'daemon' })
  await fleet.settle()
  const groups = () => fleet.live().map(({ group }) => group)
  assert.deepEqual(groups(), ['service:web', 'service:web'], 'nobody is driven out')
  const late = await fleet.join()
  await fleet.settle()
  const onLate = () =>
    fleet
      .live()
      .filter((task) => fleet.hostOf(task) === late)
      .map(({ group }) => group)
      .toSorted()
  assert.deepEqual(onLate(), ['service:daemon', 'service:web'])
  const turn = (status: string) =>
    fleet.house.call('UpdateContainerInstancesState', { containerInstances: [late.arn], status })
  await turn('DRAINING')
  await fleet.pass(60)
  assert.deepEqual(onLate(), [])
  await turn('ACTIVE')
  await fleet.pass(60)
  assert.deepEqual(onLate(), ['service:daemon', 'service:web'])
  const [oldest] = fleet.live()
  assert.ok(oldest)
  await fleet.end(oldest)
  await fleet.pass(60)
  assert.deepEqual(
    groups().toSorted(),
    ['service:daemon', 'service:daemon', 'service:web', 'service:web'],
    'what becomes free is its own',
  )
})

test('room that is kept for a daemon is nobody else\u2019s, and free as soon as it is not the daemon\u2019s', async () => {
  const fleet = await Fleet.open(1)
  const small = await fleet.define('app:1', { cpu: 1024 })
  const big = await fleet.define('app:1', { cpu: 2048 })
  const run = () => fleet.house.call('RunTask', { taskDefinition: small })
  await run()
  await fleet.service({ ...DAEMON, taskDefinition: big })
  await fleet.settle()
  assert.equal((await run()).failures[0].reason, 'RESOURCE:CPU')
  await fleet.service({ serviceName: 'waits', taskDefinition: small, desiredCount: 1 })
  await fleet.settle()
  assert.equal((await fleet.describe('waits')).pendingCount, 0)
  await fleet.house.call('DeleteService', { service: 'web', force: true })
  await fleet.settle()
  assert.equal((await fleet.describe('waits')).runningCount, 1)
})

test('for a daemon whose deployment has failed no room is kept: nothing of it is started any more', async () => {
  const fleet = await Fleet.open(1)
  const big = await fleet.define('broken', { cpu: 2048 })
  const small = await fleet.define('app:1', { cpu: 1024 })
  fleet.rules.set('broken', 'cannot start')
  await fleet.service({
    ...DAEMON,
    taskDefinition: big,
    deploymentConfiguration: { deploymentCircuitBreaker: { enable: true, rollback: false } },
  })
  const run = () => fleet.house.call('RunTask', { taskDefinition: small })
  await fleet.settle()
  assert.equal((await run()).failures[0].reason, 'RESOURCE:CPU')
  await fleet.service({ serviceName: 'waits', taskDefinition: small, desiredCount: 1 })
  await fleet.pass(600)
  assert.equal((await fleet.describe()).deployments[0].rolloutState, 'FAILED')
  assert.equal((await fleet.describe('waits')).runningCount, 1)
  assert.deepEqual((await run()).failures, [])
})

test('for a daemon that is too large for the machine no room is kept', async () => {
  const fleet = await Fleet.open(1)
  const big = await fleet.define('app:1', { cpu: 4096 })
  const small = await fleet.define('app:1', { cpu: 2048 })
  await fleet.service({ ...DAEMON, taskDefinition: big })
  await fleet.settle()
  assert.equal((await fleet.house.call('RunTask', { taskDefinition: small })).failures.length, 0)
})

test('a connection that is renewed completes no deployment of a daemon that has no room, and tells nothing', async () => {
  const fleet = await Fleet.open(1)
  await fleet.define('app:1', { cpu: 4096 })
  await fleet.service({ ...DAEMON, serviceName: 'web' })
  await fleet.pass(60)
  const before = await fleet.describe()
  assert.equal(before.deployments[0].rolloutState, 'IN_PROGRESS')
  await fleet.hosts[0]?.disconnect()
  await fleet.pass(60)
  assert.deepEqual(await fleet.describe(), before)
  await fleet.pass(120)
  assert.equal(
    (await fleet.describe()).deployments[0].rolloutState,
    'COMPLETED',
    'it does not come back',
  )
})
