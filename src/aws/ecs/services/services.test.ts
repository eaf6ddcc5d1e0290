/** The scheduler, with hosts that are played by the test: time is moved, and the bounds are checked at every commit. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { type Answer, faultOf } from '#server/house.fixture.ts'

import { type Task, tasks } from '../records.ts'
import { Fleet } from './fleet.fixture.ts'

const HEALTH = { healthCheck: { command: ['CMD', 'true'] } }
const BREAKER = { deploymentCircuitBreaker: { enable: true, rollback: true } }

/** A service that has come to its steady state. */
async function steady(hosts: number, service: object = {}, container: object = {}): Promise<Fleet> {
  const fleet = await Fleet.open(hosts)
  await fleet.define('app:1', container)
  await fleet.service(service)
  await fleet.settle()
  await fleet.pass(45)
  return fleet
}

/** The least tasks RUNNING and the most that had not ended, at any commit from now on. */
function watched(fleet: Fleet): { least: number; most: number; starts: number } {
  const seen = { least: Infinity, most: 0, starts: 0 }
  fleet.house.server.store.watch(({ changes }) => {
    if (!changes.some(({ table }) => table === tasks.name)) return
    seen.starts += changes.filter(({ table, before }) => table === tasks.name && !before).length
    const all = fleet.tasks()
    const running = all.filter(
      ({ lastStatus, desiredStatus }) => lastStatus === 'RUNNING' && desiredStatus === 'RUNNING',
    )
    seen.least = Math.min(seen.least, running.length)
    seen.most = Math.max(seen.most, all.filter(({ lastStatus }) => lastStatus !== 'STOPPED').length)
  })
  return seen
}

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

test('rolling update of four with min 50 and max 100: two at a time, then steady', async () => {
  const percent = { minimumHealthyPercent: 50, maximumPercent: 100 }
  const fleet = await steady(2, { deploymentConfiguration: percent })
  await fleet.define('app:2')
  const seen = watched(fleet)
  await fleet.update({ taskDefinition: 'web:2' })
  await fleet.settle()
  assert.deepEqual(fleet.revisions(), { 1: 2, 2: 2 })
  await fleet.pass(45)
  assert.deepEqual(fleet.revisions(), { 2: 4 })
  const during = await fleet.describe()
  assert.equal(during.deployments.length, 2, 'the old deployment stays until the new one is done')
  await fleet.pass(45)
  const { deployments } = await fleet.describe()
  assert.deepEqual([deployments.length, deployments[0].rolloutState], [1, 'COMPLETED'])
  assert.deepEqual([seen.least, seen.most, seen.starts], [2, 4, 4])
})

test('with min 100 and max 200 all new ones start first, and no old one stops before they are healthy', async () => {
  const fleet = await steady(2)
  await fleet.define('app:2')
  const seen = watched(fleet)
  await fleet.update({ taskDefinition: 'web:2' })
  await fleet.settle()
  assert.deepEqual(fleet.revisions(), { 1: 4, 2: 4 })
  await fleet.pass(45)
  assert.deepEqual(fleet.revisions(), { 2: 4 })
  assert.deepEqual([seen.least, seen.most], [4, 8])
  await fleet.pass(5)
  assert.equal((await fleet.describe()).deployments.length, 1)
})

test('an update during an update: the newest wins, and all older ones drain', async () => {
  const fleet = await steady(2)
  for (const revision of [2, 3]) {
    await fleet.define(`app:${revision}`)
    await fleet.update({ taskDefinition: `web:${revision}` })
    await fleet.settle()
  }
  const { deployments } = await fleet.describe()
  assert.deepEqual(
    deployments.map(({ status }: Answer) => status),
    ['PRIMARY', 'ACTIVE', 'ACTIVE'],
  )
  await fleet.pass(60)
  assert.deepEqual(fleet.revisions(), { 3: 4 })
  const listed = await fleet.house.call('ListServiceDeployments', { service: 'web' })
  const statuses = listed.serviceDeployments.map(({ status }: Answer) => status)
  assert.deepEqual(statuses.toSorted(), ['STOPPED', 'SUCCESSFUL', 'SUCCESSFUL'])
})

test('percentages that let nothing move say so in an event', async () => {
  const percent = { minimumHealthyPercent: 100, maximumPercent: 124 }
  const fleet = await steady(2, { deploymentConfiguration: percent })
  await fleet.define('app:2')
  await fleet.update({ taskDefinition: 'web:2' })
  await fleet.pass(60)
  assert.deepEqual(fleet.revisions(), { 1: 4 })
  const stuck = (await fleet.events()).filter((event) => event.includes('unable to stop or start'))
  assert.deepEqual(stuck, [
    '(service web) was unable to stop or start tasks during a deployment because of the service deployment configuration. Update the minimumHealthyPercent or maximumPercent value and try again.',
  ])
  await fleet.update({ deploymentConfiguration: { maximumPercent: 200 } })
  await fleet.pass(60)
  assert.deepEqual(fleet.revisions(), { 2: 4 })
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

test('the circuit breaker fails a deployment and rolls it back to the one that was completed, tasks untouched', async () => {
  const fleet = await steady(2, { deploymentConfiguration: BREAKER })
  const before = fleet.live().map(({ taskId }) => taskId)
  fleet.rules.set('broken:2', 'cannot start')
  await fleet.define('broken:2')
  await fleet.update({ taskDefinition: 'web:2' })
  await fleet.pass(120)
  const { deployments } = await fleet.describe()
  assert.deepEqual(
    deployments.map(({ status, rolloutState }: Answer) => [status, rolloutState]),
    [['PRIMARY', 'COMPLETED']],
  )
  assert.ok(deployments[0].taskDefinition.endsWith('web:1'))
  assert.deepEqual(
    fleet
      .live()
      .map(({ taskId }) => taskId)
      .toSorted(),
    before.toSorted(),
  )
  const { serviceDeployments } = await fleet.house.call('ListServiceDeployments', {
    service: 'web',
  })
  assert.equal(serviceDeployments[0].status, 'ROLLBACK_SUCCESSFUL')
  const told = await fleet.house.call('DescribeServiceDeployments', {
    serviceDeploymentArns: [serviceDeployments[0].serviceDeploymentArn],
  })
  const [one] = told.serviceDeployments
  assert.deepEqual(
    [one.deploymentCircuitBreaker.status, one.deploymentCircuitBreaker.threshold],
    ['TRIGGERED', 3],
  )
  assert.equal(one.rollback.reason, 'ECS deployment circuit breaker: tasks failed to start.')
})

test('without anything to go back to a failed deployment stalls', async () => {
  const fleet = await Fleet.open(1)
  fleet.rules.set('broken:1', 'cannot start')
  await fleet.define('broken:1')
  await fleet.service({ desiredCount: 2, deploymentConfiguration: BREAKER })
  await fleet.pass(300)
  const { deployments } = await fleet.describe()
  assert.deepEqual(
    [deployments[0].rolloutState, deployments[0].rolloutStateReason],
    ['FAILED', 'ECS deployment circuit breaker: tasks failed to start.'],
  )
  const attempts = fleet.tasks().length
  await fleet.pass(600, 60)
  assert.equal(fleet.tasks().length, attempts, 'nothing is started any more')
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

test('a grace period: what is unhealthy in it is left alone', async () => {
  const fleet = await steady(1, { desiredCount: 1, healthCheckGracePeriodSeconds: 300 }, HEALTH)
  await fleet.health(fleet.live(), 'UNHEALTHY')
  await fleet.pass(200)
  assert.equal(fleet.tasks().length, 1)
  await fleet.pass(100)
  assert.equal(fleet.tasks().length, 2)
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
  await gone?.connect()
  await fleet.settle()
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

test('trap 9: a restart in the middle of a deployment touches no task and the deployment goes on', async () => {
  const fleet = await steady(2)
  await fleet.define('app:2')
  await fleet.update({ taskDefinition: 'web:2' })
  await fleet.settle()
  const before = JSON.stringify(fleet.tasks())
  await fleet.restart()
  await fleet.settle()
  assert.equal(JSON.stringify(fleet.tasks()), before)
  await fleet.pass(60)
  assert.deepEqual(fleet.revisions(), { 2: 4 })
  assert.equal(fleet.tasks().length, 8, 'nothing was started twice')
})

test('trap 16: scaling during a deployment sets the count once', async () => {
  const fleet = await steady(2)
  await fleet.define('app:2')
  await fleet.update({ taskDefinition: 'web:2' })
  await fleet.settle()
  await fleet.update({ desiredCount: 6 })
  await fleet.pass(120)
  assert.deepEqual(fleet.revisions(), { 2: 6 })
})

test('a daemon runs on every container instance, also on one that comes later', async () => {
  const fleet = await Fleet.open(3)
  await fleet.define('app:1')
  const daemon = { schedulingStrategy: 'DAEMON', desiredCount: undefined }
  await fleet.service(daemon)
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

test('a pause waits for whoever is asked, and its answer goes on or back', async () => {
  const pause = {
    lifecycleHooks: [{ targetType: 'PAUSE', lifecycleStages: ['PRE_SCALE_UP'] }],
  }
  const fleet = await steady(2)
  await fleet.define('app:2')
  await fleet.update({ taskDefinition: 'web:2', deploymentConfiguration: pause })
  await fleet.pass(60)
  assert.deepEqual(fleet.revisions(), { 1: 4 })
  await fleet.end(fleet.live()[0] as Task)
  await fleet.settle()
  assert.deepEqual(fleet.revisions(), { 1: 4 }, 'what runs is kept up while it waits')
  const { serviceDeployments } = await fleet.house.call('ListServiceDeployments', {
    service: 'web',
  })
  const { serviceDeploymentArn } = serviceDeployments[0]
  const told = await fleet.house.call('DescribeServiceDeployments', {
    serviceDeploymentArns: [serviceDeploymentArn],
  })
  const [hook] = told.serviceDeployments[0].lifecycleHookDetails
  assert.equal(hook.status, 'AWAITING_ACTION')
  await fleet.house.call('ContinueServiceDeployment', { serviceDeploymentArn, hookId: hook.hookId })
  await fleet.pass(60)
  assert.deepEqual(fleet.revisions(), { 2: 4 })
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

test('one image a revision: later tasks run what the tag meant for the first', async () => {
  const fleet = await steady(1, { desiredCount: 1 })
  const [first] = fleet.live() as [Task]
  const container = { containerName: 'app', status: 'RUNNING', imageDigest: 'sha256:abc' }
  await fleet.hostOf(first).report(taskArnOf(first), 'RUNNING', [container])
  await fleet.update({ desiredCount: 2 })
  await fleet.settle()
  const second = fleet.live().find(({ taskId }) => taskId !== first.taskId) as Task
  const [payload] = fleet.hostOf(second).payloads(taskArnOf(second))
  assert.equal(payload.tasks[0].containers[0].image, 'app@sha256:abc')
})

const taskArnOf = ({ region, accountId, clusterName, taskId }: Task): string =>
  `arn:aws:ecs:${region}:${accountId}:task/${clusterName}/${taskId}`

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
