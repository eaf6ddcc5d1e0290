/** The scheduler, with hosts that are played by the test: time is moved, and the bounds are checked at every commit. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { type Answer, faultOf } from '#server/house.fixture.ts'
import { noticesAfter } from '#store/notices.ts'

import type { Policy } from '../policy.ts'
import type { Task } from '../records/records.ts'
import { Fleet, steady, watched } from './fleet.fixture.ts'

const HEALTH = { healthCheck: { command: ['CMD', 'true'] } }

test('a service starts its tasks over zones and hosts, and is steady when they have run for 40 seconds', async () => {
  const fleet = await Fleet.open(4)
  await fleet.define('app:1')
  const created = await fleet.service()
  assert.deepEqual([created.status, created.runningCount], ['ACTIVE', 0])
  await fleet.settle()
  const used = new Set(fleet.live().map((task) => task.containerInstanceId))
  assert.equal(used.size, 4, 'one on each host')
  const running = await fleet.describe()
  assert.deepEqual(
    [running.runningCount, running.pendingCount, running.deployments.length],
    [4, 0, 1],
  )
  assert.equal(running.deployments[0].rolloutState, 'IN_PROGRESS')
  await fleet.pass(35)
  assert.equal((await fleet.describe()).deployments[0].rolloutState, 'IN_PROGRESS')
  await fleet.pass(10)
  const { deployments } = await fleet.describe()
  assert.deepEqual(
    [deployments.length, deployments[0].rolloutState, deployments[0].runningCount],
    [1, 'COMPLETED', 4],
  )
  assert.deepEqual(await fleet.events(), [
    '(service web) has started 4 tasks: (task ID) (task ID) (task ID) (task ID).',
    '(service web) (deployment ecs-svc/N) deployment completed.',
    '(service web) has reached a steady state.',
  ])
})

test('tasks with more to say than a step carries are started in smaller steps', async () => {
  const fleet = await Fleet.open(8)
  await fleet.define('app:1', { cpu: 8, memory: 16 })
  const tags = Array.from({ length: 45 }, (_, at) => ({
    key: `${at}`.padEnd(128, 'k'),
    value: 'v'.repeat(256),
  }))
  await fleet.service({ desiredCount: 120, tags, propagateTags: 'SERVICE' })
  await fleet.settle()
  const running = fleet.live().filter(({ lastStatus }) => lastStatus === 'RUNNING')
  assert.deepEqual([running.length, running.at(-1)?.tags.length], [120, 45])
})

test('a task that ends is replaced at once, each time', async () => {
  const fleet = await steady(2)
  for (let turn = 0; turn < 4; turn += 1) {
    await fleet.end(fleet.live()[0] as Task)
    await fleet.settle()
    assert.equal(fleet.live().length, 4)
    assert.ok(fleet.live().every(({ lastStatus }) => lastStatus === 'RUNNING'))
  }
  const { deployments } = await fleet.describe()
  assert.equal(deployments[0].failedTasks, 0, 'a crash after RUNNING is no failure to start')
})

test('scale out and in: the count is what was asked', async () => {
  const fleet = await steady(2)
  await fleet.update({ desiredCount: 7 })
  await fleet.settle()
  assert.equal(fleet.live().length, 7)
  await fleet.update({ desiredCount: 2 })
  await fleet.settle()
  assert.equal(fleet.live().length, 2)
  const { deployments } = await fleet.describe()
  assert.equal(deployments.length, 1, 'a change of the count is no deployment')
  const zones = new Set(fleet.live().map(({ availabilityZone }) => availabilityZone))
  assert.equal(zones.size, 2, 'what is left is spread')
})

test('trap 2: what cannot start is tried ever more rarely, up to 27 minutes, and a new definition at once', async () => {
  const fleet = await Fleet.open(1)
  fleet.rules.set('broken:1', 'cannot start')
  await fleet.define('broken:1')
  await fleet.service({ desiredCount: 1 })
  await fleet.pass(600, 10)
  const inTenMinutes = fleet.tasks().length
  assert.ok(inTenMinutes >= 5 && inTenMinutes <= 8, `${inTenMinutes} attempts in ten minutes`)
  await fleet.pass(3 * 3600, 60)
  const starts = fleet.tasks().map(({ createdAt }) => createdAt)
  assert.ok(starts.length <= 8, 'ended tasks are forgotten')
  const waits = starts
    .toSorted((one, other) => one - other)
    .map((at, index, all) => at - (all[index - 1] ?? at))
    .slice(1)
  assert.ok(Math.max(...waits) <= 28 * 60_000 && Math.min(...waits) >= 26 * 60_000, String(waits))
  const events = await fleet.events()
  assert.equal(events.filter((event) => event.includes('unable to consistently start')).length, 1)
  await fleet.define('app:2')
  await fleet.update({ taskDefinition: 'web:2' })
  await fleet.settle()
  assert.deepEqual(
    fleet.live().map(({ lastStatus, revision }) => [lastStatus, revision]),
    [['RUNNING', 2]],
  )
})

test('trap 2: a crash loop comes back once a minute at most, and a task that ran for long at once', async () => {
  const fleet = await Fleet.open(1)
  fleet.rules.set('crashing:1', 'exits')
  await fleet.define('crashing:1')
  await fleet.service({ desiredCount: 1 })
  await fleet.pass(8 * 60)
  const attempts = fleet.tasks().length
  assert.ok(attempts >= 8 && attempts <= 12, `${attempts} in eight minutes`)
  fleet.rules.set('crashing:1', 'runs')
  await fleet.pass(120)
  const [task] = fleet.live() as [Task]
  await fleet.end(task)
  await fleet.settle()
  assert.deepEqual(
    fleet.live().map(({ lastStatus }) => lastStatus),
    ['RUNNING'],
  )
})

test('health checks decide: an unhealthy task is replaced first, and goes when the other is healthy', async () => {
  const fleet = await steady(2, { desiredCount: 2 }, HEALTH)
  assert.equal((await fleet.describe()).deployments[0].rolloutState, 'IN_PROGRESS')
  await fleet.health(fleet.live(), 'HEALTHY')
  await fleet.settle()
  assert.equal((await fleet.describe()).deployments[0].rolloutState, 'COMPLETED')
  const [sick] = fleet.live() as [Task]
  await fleet.health([sick], 'UNHEALTHY')
  await fleet.settle()
  assert.equal(fleet.live().length, 3, 'both run')
  await fleet.health(
    fleet.live().filter(({ taskId }) => taskId !== sick.taskId),
    'HEALTHY',
  )
  await fleet.settle()
  assert.equal(fleet.live().length, 2)
  const ended = fleet.tasks().find(({ taskId }) => taskId === sick.taskId)
  assert.deepEqual(
    [ended?.stopCode, ended?.stoppedReason],
    ['ServiceSchedulerInitiated', 'Task failed container health checks'],
  )
})

test('trap 2: what never becomes healthy backs off too', async () => {
  const fleet = await steady(1, { desiredCount: 1 }, HEALTH)
  for (let seconds = 0; seconds < 480; seconds += 5) {
    await fleet.health(
      fleet.live().filter(({ lastStatus }) => lastStatus === 'RUNNING'),
      'UNHEALTHY',
    )
    await fleet.pass(5)
  }
  const attempts = fleet.tasks().length
  // There are two at a time: the next is started before the last is stopped.
  assert.ok(attempts >= 8 && attempts <= 22, `${attempts} in eight minutes`)
})

test('a scale-in is no failure, whatever the health of what goes', async () => {
  const fleet = await steady(1, { desiredCount: 2, healthCheckGracePeriodSeconds: 9000 }, HEALTH)
  await fleet.health(fleet.live(), 'UNHEALTHY')
  await fleet.update({ desiredCount: 0 })
  await fleet.settle()
  const { deployments } = await fleet.describe()
  assert.deepEqual([fleet.live().length, deployments[0].failedTasks], [0, 0])
})

test('a grace period: what is unhealthy in it is left alone', async () => {
  const fleet = await steady(1, { desiredCount: 1, healthCheckGracePeriodSeconds: 300 }, HEALTH)
  await fleet.health(fleet.live(), 'UNHEALTHY')
  await fleet.pass(200)
  assert.equal(fleet.tasks().length, 1)
  await fleet.pass(100)
  assert.equal(fleet.tasks().length, 2)
})

test('a controller\u2019s tasks leave a draining container instance only where others take their place', async () => {
  const fleet = await Fleet.open(1)
  await fleet.define('app:1')
  const deploymentController = { type: 'EXTERNAL' }
  await fleet.house.call('CreateService', {
    serviceName: 'web',
    desiredCount: 2,
    deploymentController,
  })
  await fleet.house.call('CreateTaskSet', {
    cluster: 'default',
    service: 'web',
    taskDefinition: 'web:1',
    scale: { value: 100, unit: 'PERCENT' },
  })
  await fleet.settle()
  await fleet.pass(45)
  const seen = watched(fleet)
  const [first] = fleet.hosts
  await fleet.house.call('UpdateContainerInstancesState', {
    containerInstances: [first?.arn],
    status: 'DRAINING',
  })
  await fleet.pass(60)
  assert.equal(fleet.live().length, 2, 'there is no other place')
  await fleet.join()
  await fleet.pass(60)
  assert.ok(fleet.live().every((task) => fleet.hostOf(task) !== first))
  assert.deepEqual([fleet.live().length, seen.least], [2, 2])
})

test('a draining container instance: its tasks move within the percentages, and it is empty', async () => {
  const fleet = await steady(2)
  const [first] = fleet.hosts
  const seen = watched(fleet)
  await fleet.house.call('UpdateContainerInstancesState', {
    containerInstances: [first?.arn],
    status: 'DRAINING',
  })
  await fleet.pass(60)
  assert.ok(fleet.live().every((task) => fleet.hostOf(task) !== first))
  assert.deepEqual([fleet.live().length, seen.least], [4, 4])
})

test('a host out of reach keeps its tasks: nobody knows that they are gone', async () => {
  const fleet = await steady(2)
  const before = fleet.live().map(({ taskId }) => taskId)
  await fleet.hosts[0]?.disconnect()
  await fleet.pass(3600, 60)
  assert.deepEqual(
    fleet.live().map(({ taskId }) => taskId),
    before,
  )
})

test('a host that the operator counts as lost: its tasks are replaced, and end when it comes back', async () => {
  const fleet = await Fleet.open(2, { lostHostAfterMs: 300_000 })
  await fleet.define('app:1')
  await fleet.service()
  await fleet.pass(45)
  const [gone, left] = fleet.hosts
  await gone?.disconnect()
  await fleet.pass(290)
  assert.ok(fleet.live().some((task) => fleet.hostOf(task) === gone))
  await fleet.pass(20)
  assert.deepEqual(
    fleet.live().map((task) => fleet.hostOf(task)),
    [left, left, left, left],
  )
  assert.ok(
    (await fleet.events()).includes(
      '(service web) has given up 2 tasks on (container-instance ID), which has been out of reach for more than 300 seconds: (task ID) (task ID).',
    ),
  )
  await gone?.connect()
  await fleet.settle()
  for (const { lastStatus, stoppedReason } of fleet.tasks())
    if (lastStatus === 'STOPPED')
      assert.match(stoppedReason ?? '', /^Container instance \w{32} has been out of reach for more/)
  const kept = fleet.tasks().filter(({ lastStatus }) => lastStatus !== 'STOPPED')
  assert.equal(kept.length, 4)
})

test('no room: the event names the nearest host, once, and a host that comes is used at once', async () => {
  const fleet = await Fleet.open(1)
  await fleet.define('app:1', { cpu: 1024 })
  await fleet.service({ desiredCount: 3 })
  await fleet.pass(300, 30)
  assert.equal(fleet.live().length, 2)
  const unable = (await fleet.events()).filter((event) => event.includes('unable to place'))
  assert.deepEqual(unable, [
    '(service web) was unable to place a task because no container instance met all of its requirements. The closest matching (container-instance ID) has insufficient CPU units available. For more information, see the Troubleshooting section of the Amazon ECS Developer Guide.',
  ])
  const told = fleet.house.server.store
    .read((tx) => noticesAfter(tx, 0, 100))
    .map(({ notice }) => notice.detail as Answer)
    .filter(({ eventName }) => eventName === 'SERVICE_TASK_PLACEMENT_FAILURE')
  assert.deepEqual(
    told.map(({ reason, containerInstanceArns }) => [reason, containerInstanceArns]),
    [['RESOURCE:CPU', [fleet.hosts[0]?.arn]]],
  )
  await fleet.join()
  await fleet.settle()
  assert.equal(fleet.live().length, 3)
})

test('trap 5: a deleted service drains, is INACTIVE and still described, and its name is free', async () => {
  const fleet = await steady(1)
  assert.equal(
    await faultOf(fleet.house.call('DeleteService', { service: 'web' })),
    'InvalidParameterException: The service cannot be stopped while it is scaled above 0.',
  )
  const { service } = await fleet.house.call('DeleteService', { service: 'web', force: true })
  assert.equal(service.status, 'DRAINING')
  await fleet.settle()
  assert.equal((await fleet.describe()).status, 'INACTIVE')
  assert.deepEqual((await fleet.house.call('ListServices')).serviceArns, [])
  assert.equal(fleet.live().length, 0)
  await fleet.service({ desiredCount: 1 })
  await fleet.settle()
  assert.deepEqual([(await fleet.describe()).status, fleet.live().length], ['ACTIVE', 1])
})

test('a service of a name that is used again does not wait for what the one before has left', async () => {
  const percent = { minimumHealthyPercent: 0, maximumPercent: 100 }
  const fleet = await steady(1, { desiredCount: 1, deploymentConfiguration: percent })
  const [last] = fleet.live()
  await fleet.house.call('DeleteService', { service: 'web', force: true })
  await fleet.house.clock.move(1000)
  assert.equal((await fleet.describe()).status, 'INACTIVE')
  await fleet.service({ desiredCount: 1, deploymentConfiguration: percent })
  await fleet.house.clock.move(1000)
  const ofLast = fleet.tasks().find(({ taskId }) => taskId === last?.taskId)
  assert.deepEqual([ofLast?.lastStatus, fleet.live().length], ['RUNNING', 1])
})

test('while the operator ends all tasks nothing takes their place; afterwards it does', async () => {
  const policy: Policy = {}
  const fleet = await Fleet.open(2, policy)
  await fleet.define('app:1')
  await fleet.service()
  await fleet.pass(45)
  policy.haltedUntil = fleet.house.clock.now() + 60_000
  for (const { taskId } of fleet.live()) await fleet.house.call('StopTask', { task: taskId })
  await fleet.pass(55)
  assert.equal(fleet.live().length, 0)
  await fleet.pass(10)
  assert.equal(fleet.live().length, 4)
})

test('a protected task is not ended for scale, and the event says so', async () => {
  const fleet = await steady(1, { desiredCount: 2 })
  await fleet.house.call('UpdateTaskProtection', {
    cluster: 'default',
    tasks: fleet.live().map(({ taskId }) => taskId),
    protectionEnabled: true,
    expiresInMinutes: 10,
  })
  await fleet.update({ desiredCount: 1 })
  await fleet.pass(60)
  assert.equal(fleet.live().length, 2)
  assert.ok((await fleet.events()).some((event) => event.includes('protected tasks')))
  await fleet.pass(600, 30)
  assert.equal(fleet.live().length, 1)
})

test('zones: a service evens itself out when a host comes in an empty one, first the new, then the old', async () => {
  const fleet = await steady(1)
  const seen = watched(fleet)
  const before = await fleet.events()
  await fleet.join()
  await fleet.settle()
  assert.equal(fleet.live().length, 5)
  await fleet.pass(200)
  const zones = fleet.live().map(({ availabilityZone }) => availabilityZone)
  assert.deepEqual(zones.toSorted(), ['a', 'a', 'b', 'b'])
  assert.deepEqual([seen.least, seen.most, seen.starts], [4, 5, 2])
  const since = (await fleet.events()).slice(before.length)
  const moved = [
    '(service web) has started 1 tasks in b to AZ Rebalance: (task ID).',
    '(service web) has stopped 1 running tasks in a due to AZ rebalancing: (task ID).',
  ]
  assert.deepEqual(since, [
    '(service web) is not AZ balanced with 4 tasks in a, 0 tasks in b. AZ Rebalancing in progress.',
    ...moved,
    ...moved,
    '(service web) is AZ balanced with 2 tasks in a, 2 tasks in b.',
    '(service web) has reached a steady state.',
  ])
  await fleet.update({ availabilityZoneRebalancing: 'DISABLED', desiredCount: 2 })
  await fleet.pass(60)
  assert.equal(fleet.live().length, 2)
})

test('zones: where the empty one has no room, that is told once, and the service is steady as it is', async () => {
  const fleet = await Fleet.open(2)
  const big = await fleet.define('app:1', { cpu: 2048 })
  await fleet.define('app:1', { cpu: 512 })
  const { tasks: filling } = await fleet.house.call('StartTask', {
    taskDefinition: big,
    containerInstances: [fleet.hosts[1]?.arn],
  })
  await fleet.service({ desiredCount: 2 })
  await fleet.pass(600, 30)
  assert.deepEqual((await fleet.events()).slice(-2), [
    '(service web) is unable to place a task in b because no container instance met all of its requirements.',
    '(service web) has reached a steady state.',
  ])
  await fleet.house.call('StopTask', { task: filling[0].taskArn })
  await fleet.pass(200)
  const zones = fleet.live().map(({ availabilityZone }) => availabilityZone)
  assert.deepEqual(zones.toSorted(), ['a', 'b'])
})

test('task sets of an external controller have their share of the desired count', async () => {
  const fleet = await Fleet.open(2)
  await fleet.define('app:1')
  await fleet.house.call('CreateService', {
    serviceName: 'web',
    desiredCount: 3,
    deploymentController: { type: 'EXTERNAL' },
  })
  const place = { cluster: 'default', service: 'web' }
  const { taskSet } = await fleet.house.call('CreateTaskSet', {
    ...place,
    taskDefinition: 'web:1',
    scale: { value: 34, unit: 'PERCENT' },
  })
  await fleet.settle()
  assert.equal(fleet.live().length, 2, 'rounded up')
  await fleet.house.call('UpdateTaskSet', {
    ...place,
    taskSet: taskSet.id,
    scale: { value: 100, unit: 'PERCENT' },
  })
  await fleet.pass(45)
  assert.equal(fleet.live().length, 3)
  const described = await fleet.house.call('DescribeTaskSets', place)
  assert.deepEqual(
    described.taskSets.map((one: Answer) => [one.computedDesiredCount, one.stabilityStatus]),
    [[3, 'STEADY_STATE']],
  )
})

test('each task set tells its own troubles and steady state, once', async () => {
  const fleet = await Fleet.open(2)
  await fleet.define('app:1')
  await fleet.define('app:1', { memory: 9999 })
  await fleet.house.call('CreateService', {
    serviceName: 'web',
    desiredCount: 1,
    deploymentController: { type: 'EXTERNAL' },
  })
  for (const taskDefinition of ['web:1', 'web:2']) {
    const scale = { value: 100, unit: 'PERCENT' }
    const place = { cluster: 'default', service: 'web' }
    await fleet.house.call('CreateTaskSet', { ...place, taskDefinition, scale })
  }
  await fleet.pass(600, 30)
  const unable =
    '(service web, taskSet ecs-svc/N) was unable to place a task because no container instance met all of its requirements. The closest matching (container-instance ID) has insufficient memory available. For more information, see the Troubleshooting section of the Amazon ECS Developer Guide.'
  assert.deepEqual(await fleet.events(), [
    '(service web, taskSet ecs-svc/N) has started 1 tasks: (task ID).',
    unable,
    '(service web, taskSet ecs-svc/N) has reached a steady state.',
  ])
  const actions = fleet.house.server.store
    .read((tx) => noticesAfter(tx, 0, 100))
    .filter(({ notice }) => notice.detailType === 'ECS Service Action')
    .map(({ notice }) => notice.detail as Answer)
    .map(({ eventName, taskSetArns }) => [eventName, taskSetArns.length])
  assert.deepEqual(actions, [
    ['SERVICE_TASK_PLACEMENT_FAILURE', 1],
    ['TASKSET_STEADY_STATE', 1],
  ])
})

test('a task set that could not start, and is scaled to nothing, is steady and says no more', async () => {
  const fleet = await Fleet.open(1)
  fleet.rules.set('app:1', 'cannot start')
  await fleet.define('app:1')
  const place = { cluster: 'default', service: 'web' }
  await fleet.house.call('CreateService', {
    serviceName: 'web',
    desiredCount: 1,
    deploymentController: { type: 'EXTERNAL' },
  })
  const scale = { value: 100, unit: 'PERCENT' }
  const { taskSet } = await fleet.house.call('CreateTaskSet', {
    ...place,
    taskDefinition: 'web',
    scale,
  })
  await fleet.pass(60)
  await fleet.house.call('UpdateTaskSet', {
    ...place,
    taskSet: taskSet.id,
    scale: { ...scale, value: 0 },
  })
  await fleet.pass(60)
  const told = (await fleet.events()).filter((event) => !event.includes('has started'))
  assert.deepEqual(told, [
    '(service web, taskSet ecs-svc/N) is unable to consistently start tasks successfully. For more information, see the Troubleshooting section of the Amazon ECS Developer Guide.',
    '(service web, taskSet ecs-svc/N) has reached a steady state.',
  ])
})

test('room for a part of what is to come: the rest finds its place where older tasks leave one', async () => {
  const percent = { minimumHealthyPercent: 50, maximumPercent: 200 }
  const fleet = await steady(1, { desiredCount: 2, deploymentConfiguration: percent }, { cpu: 512 })
  await fleet.define('app:2', { cpu: 768 })
  await fleet.update({ taskDefinition: 'web:2' })
  await fleet.settle()
  assert.deepEqual(fleet.revisions(), { 1: 1, 2: 2 })
  await fleet.pass(90)
  assert.deepEqual(fleet.revisions(), { 2: 2 })
})
