/** Rolling deployments from their beginning to their end, with hosts that are played by the test. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { Answer } from '#server/house.fixture.ts'

import { taskArn } from '../names/names.ts'
import type { Task } from '../records/records.ts'
import { Fleet, steady, watched } from './fleet.fixture.ts'

const BREAKER = { deploymentCircuitBreaker: { enable: true, rollback: true } }

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
  const one = await fleet.newest()
  assert.equal(one.status, 'ROLLBACK_SUCCESSFUL')
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
  const { serviceDeploymentArn, lifecycleHookDetails } = await fleet.newest()
  const [hook] = lifecycleHookDetails
  assert.equal(hook.status, 'AWAITING_ACTION')
  await fleet.house.call('ContinueServiceDeployment', { serviceDeploymentArn, hookId: hook.hookId })
  await fleet.pass(60)
  assert.deepEqual(fleet.revisions(), { 2: 4 })
})

test('a pause that is taken out of the configuration is over, and none stays open when the deployment is', async () => {
  const pause = { lifecycleHooks: [{ targetType: 'PAUSE', lifecycleStages: ['PRE_SCALE_UP'] }] }
  const fleet = await steady(2)
  const hooks = async (): Promise<Answer> => {
    const { status, lifecycleHookDetails = [] } = await fleet.newest()
    return [status, ...lifecycleHookDetails.map((hook: Answer) => hook.status)]
  }
  await fleet.define('app:2')
  await fleet.update({ taskDefinition: 'web:2', deploymentConfiguration: pause })
  await fleet.pass(5)
  assert.deepEqual(await hooks(), ['IN_PROGRESS', 'AWAITING_ACTION'])
  await fleet.update({ deploymentConfiguration: { lifecycleHooks: [] } })
  await fleet.pass(60)
  assert.deepEqual([fleet.revisions(), await hooks()], [{ 2: 4 }, ['SUCCESSFUL']])
  await fleet.update({ taskDefinition: 'web:1', deploymentConfiguration: pause })
  await fleet.pass(5)
  const { currentServiceDeployment: serviceDeploymentArn } = await fleet.describe()
  await fleet.house.call('StopServiceDeployment', { serviceDeploymentArn, stopType: 'ABORT' })
  await fleet.pass(5)
  assert.deepEqual(await hooks(), ['STOPPED', 'FAILED'])
})

test('a deployment whose tasks ended while it was paused is completed when they are made good', async () => {
  const pause = { lifecycleHooks: [{ targetType: 'PAUSE', lifecycleStages: ['POST_SCALE_UP'] }] }
  const fleet = await steady(2)
  await fleet.define('app:2')
  await fleet.update({ taskDefinition: 'web:2', deploymentConfiguration: pause })
  await fleet.pass(60)
  const { serviceDeploymentArn, lifecycleHookDetails } = await fleet.newest()
  const [{ hookId }] = lifecycleHookDetails
  await fleet.end(fleet.live()[0] as Task)
  await fleet.house.call('ContinueServiceDeployment', { serviceDeploymentArn, hookId })
  await fleet.pass(5)
  const rolloutState = async () => (await fleet.describe()).deployments[0].rolloutState
  assert.equal(await rolloutState(), 'IN_PROGRESS')
  await fleet.pass(45)
  assert.equal(await rolloutState(), 'COMPLETED')
})

test('what a circuit breaker has told stays told, whatever is changed while the service goes back', async () => {
  const fleet = await steady(2, { deploymentConfiguration: BREAKER })
  const [old] = fleet.live()
  fleet.rules.set('broken:2', 'cannot start')
  // It goes back only once all that it had runs again.
  fleet.rules.set('app:1', 'hangs')
  await fleet.define('broken:2')
  await fleet.update({ taskDefinition: 'web:2' })
  const breaker = async (): Promise<Answer> => {
    const { status, deploymentCircuitBreaker } = await fleet.newest()
    return [status, deploymentCircuitBreaker.status]
  }
  await fleet.end(old as Task)
  await fleet.pass(120)
  assert.deepEqual(await breaker(), ['ROLLBACK_IN_PROGRESS', 'TRIGGERED'])
  await fleet.update({ deploymentConfiguration: { minimumHealthyPercent: 50 } })
  fleet.rules.set('app:1', 'runs')
  await fleet.pass(60)
  assert.deepEqual(await breaker(), ['ROLLBACK_SUCCESSFUL', 'TRIGGERED'])
})

test('one image a revision: later tasks run what the tag meant for the first', async () => {
  const fleet = await steady(1, { desiredCount: 1 })
  const [first] = fleet.live() as [Task]
  const container = { containerName: 'app', status: 'RUNNING', imageDigest: 'sha256:abc' }
  await fleet.hostOf(first).report(taskArn(first), 'RUNNING', [container])
  await fleet.update({ desiredCount: 2 })
  await fleet.settle()
  const second = fleet.live().find(({ taskId }) => taskId !== first.taskId) as Task
  const [payload] = fleet.hostOf(second).payloads(taskArn(second))
  assert.equal(payload.tasks[0].containers[0].image, 'app@sha256:abc')
})

test('what a service was going back to is kept up while a newer deployment is paused', async () => {
  const fleet = await steady(2)
  await fleet.define('app:2')
  await fleet.update({ taskDefinition: 'web:2' })
  await fleet.pass(120)
  await fleet.define('app:3')
  const [open] = await openDeployments(fleet, { taskDefinition: 'web:3' })
  await fleet.settle()
  await fleet.house.call('StopServiceDeployment', { ...open, stopType: 'ROLLBACK' })
  await fleet.update({ taskDefinition: 'web:3', deploymentConfiguration: HELD })
  await fleet.pass(60)
  await fleet.end(fleet.live().find(({ revision }) => revision === 2) as Task)
  await fleet.pass(60)
  assert.deepEqual(fleet.revisions(), { 2: 4 })
})

test('a service whose deployment failed is not steady, though all its tasks are up', async () => {
  const pause = {
    targetType: 'PAUSE',
    lifecycleStages: ['POST_SCALE_UP'],
    timeoutConfiguration: { timeoutInMinutes: 2, action: 'ROLLBACK' },
  }
  const deploymentConfiguration = { lifecycleHooks: [pause] }
  const strategies = [
    { desiredCount: 2 },
    { schedulingStrategy: 'DAEMON', desiredCount: undefined },
  ]
  for (const strategy of strategies) {
    const fleet = await Fleet.open(2)
    await fleet.define('app:1')
    await fleet.service({ ...strategy, deploymentConfiguration })
    await fleet.settle()
    await fleet.define('app:2')
    await fleet.update({ taskDefinition: 'web:2' })
    await fleet.pass(240, 10)
    assert.deepEqual(fleet.revisions(), { 2: 2 })
    const { deployments } = await fleet.describe()
    assert.deepEqual(
      deployments.map(({ status, rolloutState }: Answer) => [status, rolloutState]),
      [
        ['PRIMARY', 'FAILED'],
        ['ACTIVE', 'IN_PROGRESS'],
      ],
    )
    assert.match((await fleet.events()).at(-1) ?? '', /deployment failed/)
  }
})

const HELD = { lifecycleHooks: [{ targetType: 'PAUSE', lifecycleStages: ['PRE_SCALE_UP'] }] }

test('a pause before the first deployment starts nothing, and one after a failure leaves what runs alone', async () => {
  const fleet = await Fleet.open(2)
  await fleet.define('app:1')
  await fleet.service({ deploymentConfiguration: HELD, desiredCount: 2 })
  await fleet.pass(120, 30)
  assert.equal(fleet.tasks().length, 0)
  const other = await steady(2, { desiredCount: 2 })
  fleet.rules.set('broken:2', 'cannot start')
  const [stopped] = await openDeployments(other, { forceNewDeployment: true })
  await other.house.call('StopServiceDeployment', { ...stopped, stopType: 'ABORT' })
  await other.settle()
  assert.ok((await other.events()).at(-1)?.includes('it was stopped by the user'))
})

async function openDeployments(fleet: Fleet, update: object): Promise<Answer[]> {
  await fleet.update(update)
  const { serviceDeployments } = await fleet.house.call('ListServiceDeployments', {
    service: 'web',
    status: ['IN_PROGRESS', 'PENDING'],
  })
  return serviceDeployments.map(({ serviceDeploymentArn }: Answer) => ({ serviceDeploymentArn }))
}

test('a failed deployment starts nothing, and the service can be scaled in and deleted all the same', async () => {
  const fleet = await steady(2)
  fleet.rules.set('broken:2', 'cannot start')
  await fleet.define('broken:2')
  const [open] = await openDeployments(fleet, { taskDefinition: 'web:2' })
  await fleet.house.call('StopServiceDeployment', { ...open, stopType: 'ABORT' })
  await fleet.settle()
  assert.deepEqual(fleet.revisions(), { 1: 4 })
  await fleet.update({ desiredCount: 1 })
  await fleet.settle()
  assert.deepEqual(fleet.revisions(), { 1: 1 })
  await fleet.update({ desiredCount: 0 })
  await fleet.settle()
  assert.equal(fleet.live().length, 0)
  await fleet.house.call('DeleteService', { service: 'web' })
  await fleet.settle()
  assert.equal((await fleet.describe()).status, 'INACTIVE')
})

test('a circuit breaker that is switched on while a deployment hangs acts on it', async () => {
  const fleet = await steady(2)
  fleet.rules.set('broken:2', 'cannot start')
  await fleet.define('broken:2')
  await fleet.update({ taskDefinition: 'web:2' })
  await fleet.pass(60)
  assert.equal((await fleet.describe()).deployments[0].rolloutState, 'IN_PROGRESS')
  await fleet.update({ deploymentConfiguration: BREAKER })
  await fleet.pass(60)
  const { deployments } = await fleet.describe()
  assert.deepEqual([deployments.length, deployments[0].rolloutState], [1, 'COMPLETED'])
  assert.ok(deployments[0].taskDefinition.endsWith('web:1'))
})

test('what a deployment was about to start when it failed is not pending for ever', async () => {
  const fleet = await Fleet.open(2)
  await fleet.define('broken')
  fleet.rules.set('broken', 'cannot start')
  await fleet.service({
    deploymentConfiguration: {
      deploymentCircuitBreaker: {
        enable: true,
        rollback: false,
        thresholdConfiguration: { type: 'COUNT', value: 2 },
      },
    },
  })
  await fleet.pass(60)
  const { serviceDeployments: listed } = await fleet.house.call('ListServiceDeployments', {
    service: 'web',
  })
  const arns = listed.map((one: Answer) => one.serviceDeploymentArn)
  const { serviceDeployments: found } = await fleet.house.call('DescribeServiceDeployments', {
    serviceDeploymentArns: arns,
  })
  const [{ status, targetServiceRevision }] = found
  assert.deepEqual([status, targetServiceRevision.pendingTaskCount], ['STOPPED', 0])
})
