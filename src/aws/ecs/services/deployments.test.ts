/** What starts a deployment, what is read of it, and how it is stopped and continued. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { type Answer, faultOf, House } from '#server/house.fixture.ts'

import { type ServiceDeployment, serviceDeployments } from '../records/services.ts'
import { create, define, describe, opened, OWN, update } from './services.fixture.ts'

test('a circuit breaker that is on has its threshold filled in', async () => {
  const house = await opened()
  const made = await create(house, {
    deploymentConfiguration: { deploymentCircuitBreaker: { enable: true, rollback: false } },
  })
  assert.deepEqual(made.deploymentConfiguration.deploymentCircuitBreaker, {
    enable: true,
    rollback: false,
    resetOnHealthyTask: true,
    thresholdConfiguration: { type: 'BOUNDED_PERCENT', value: 50 },
  })
  const { serviceDeployments: found } = await house.call('DescribeServiceDeployments', {
    serviceDeploymentArns: [made.currentServiceDeployment],
  })
  assert.deepEqual(found[0].deploymentCircuitBreaker, {
    status: 'MONITORING',
    failureCount: 0,
    threshold: 3,
  })
})

test('trap 19: a part of the deployment configuration is changed alone', async () => {
  const house = await opened()
  await create(house, {
    deploymentConfiguration: {
      deploymentCircuitBreaker: { enable: true, rollback: true },
      maximumPercent: 150,
    },
  })
  const after = await update(house, { deploymentConfiguration: { minimumHealthyPercent: 50 } })
  const { deploymentCircuitBreaker, maximumPercent, minimumHealthyPercent } =
    after.deploymentConfiguration
  assert.equal(deploymentCircuitBreaker.rollback, true)
  assert.deepEqual([maximumPercent, minimumHealthyPercent], [150, 50])
})

test('which changes start a deployment, and which do not', async () => {
  const house = await opened()
  await create(house)
  await define(house)
  const count = async () => (await describe(house)).deployments.length
  const quiet: readonly object[] = [
    { desiredCount: 3 },
    { taskDefinition: 'web:1' },
    { deploymentConfiguration: { maximumPercent: 150 } },
    { availabilityZoneRebalancing: 'DISABLED' },
    { placementConstraints: [{ type: 'distinctInstance' }] },
    { placementStrategy: [{ type: 'random' }] },
    { healthCheckGracePeriodSeconds: 9 },
    { enableECSManagedTags: true },
    { propagateTags: 'TASK_DEFINITION' },
    { enableExecuteCommand: false },
    { loadBalancers: [], serviceRegistries: [], volumeConfigurations: [] },
    { forceNewDeployment: false },
    { deploymentController: { type: 'ECS' } },
    {},
  ]
  const { deployments: before } = await describe(house)
  for (const change of quiet) {
    const after = await update(house, change)
    assert.deepEqual(
      after.deployments.map(({ id }: Answer) => id),
      before.map(({ id }: Answer) => id),
      JSON.stringify(change),
    )
  }
  for (const change of [{ taskDefinition: 'web:2' }, { forceNewDeployment: true }]) {
    await house.clock.move(1000)
    const older = await describe(house)
    const after = await update(house, change)
    assert.notEqual(after.deployments[0].id, older.deployments[0].id, JSON.stringify(change))
    assert.equal(after.deployments[0].status, 'PRIMARY')
    assert.notEqual(after.currentServiceDeployment, older.currentServiceDeployment)
    assert.equal(after.currentServiceRevisions.length, after.deployments.length)
  }
  assert.ok((await count()) >= 2)
  const { taskDefinition } = await describe(house)
  assert.equal(taskDefinition, `${OWN}:task-definition/web:2`)
})

test('an update during an update: one PRIMARY, all older ones ACTIVE, the older way STOPPED', async () => {
  const house = await opened()
  await create(house)
  for (const revision of [2, 3]) {
    await house.clock.move(1000)
    await define(house)
    await update(house, { taskDefinition: `web:${revision}` })
  }
  const { deployments: shown } = await describe(house)
  assert.deepEqual(
    shown.map(({ status, taskDefinition, desiredCount }: Answer) => [
      status,
      taskDefinition.slice(-1),
      desiredCount,
    ]),
    [
      ['PRIMARY', '3', 2],
      ['ACTIVE', '2', 0],
      ['ACTIVE', '1', 0],
    ],
  )
  const { serviceDeployments: listed } = await house.call('ListServiceDeployments', {
    service: 'web',
  })
  assert.deepEqual(
    listed.slice(1).map(({ status }: Answer) => status),
    ['STOPPED', 'STOPPED'],
  )
  const newest = await house.call('ListServiceDeployments', { service: 'web', maxResults: 1 })
  assert.deepEqual(newest.serviceDeployments, listed.slice(0, 1))
  const { nextToken } = newest
  const rest = await house.call('ListServiceDeployments', { service: 'web', nextToken })
  assert.deepEqual(rest.serviceDeployments, listed.slice(1))
  const stopped = await house.call('ListServiceDeployments', {
    service: 'web',
    status: ['STOPPED'],
    createdAt: { before: listed[1].createdAt },
  })
  assert.deepEqual(stopped.serviceDeployments, [listed[2]])
})

test('a revision tells what it runs, a deregistered definition goes on running', async () => {
  const house = await opened()
  const made = await create(house)
  const arn = made.currentServiceRevisions[0].arn
  const { serviceRevisions: found, failures } = await house.call('DescribeServiceRevisions', {
    serviceRevisionArns: [arn, `${arn}0`],
  })
  assert.deepEqual(
    [found[0].taskDefinition, found[0].launchType, found[0].containerImages],
    [
      `${OWN}:task-definition/web:1`,
      'EC2',
      [{ containerName: 'app', image: 'app:1', imageDigest: undefined }],
    ],
  )
  assert.deepEqual(failures, [{ arn: `${arn}0`, reason: 'MISSING' }])
  await house.call('DeregisterTaskDefinition', { taskDefinition: 'web:1' })
  assert.equal(
    await faultOf(update(house, { taskDefinition: 'web:1' })),
    'ClientException: TaskDefinition is inactive',
  )
  await house.call('DeleteTaskDefinitions', { taskDefinitions: ['web:1'] })
  await house.clock.move(1000)
  const { taskDefinition } = await house.call('DescribeTaskDefinition', { taskDefinition: 'web:1' })
  assert.equal(taskDefinition.status, 'DELETE_IN_PROGRESS', 'its service keeps it')
  await update(house, { forceNewDeployment: true })
})

test('stopping a deployment asks for a rollback or an end, once', async () => {
  for (const [stopType, status] of [
    [undefined, 'ROLLBACK_REQUESTED'],
    ['ABORT', 'STOP_REQUESTED'],
  ] as const) {
    const house = await opened()
    const { currentServiceDeployment: arn } = await create(house)
    const stop = (type: string | undefined) =>
      house.call('StopServiceDeployment', { serviceDeploymentArn: arn, stopType: type })
    // A call is made before the scheduler's turn comes.
    const become = (is: ServiceDeployment['status']) =>
      house.server.store.transact((tx) => {
        for (const { key } of tx.scan(serviceDeployments))
          tx.patch(serviceDeployments, key, { status: is })
      })
    const now = () =>
      house.server.store.read((tx) => [...tx.scan(serviceDeployments)][0]?.row.status)
    become('IN_PROGRESS')
    const asked = stop(stopType)
    assert.equal(now(), status)
    await asked
    for (const underWay of [status, 'ROLLBACK_IN_PROGRESS'] as const) {
      become(underWay)
      const again = stop(stopType)
      assert.equal(now(), underWay, 'it continues')
      assert.deepEqual(await again, { serviceDeploymentArn: arn })
    }
    become('SUCCESSFUL')
    assert.match(
      await faultOf(stop(stopType)),
      /^ConflictException: .* its status is SUCCESSFUL\.$/,
    )
  }
})

test('a pause is continued or refused, once', async () => {
  for (const [action, status] of [
    [undefined, 'SUCCEEDED'],
    ['ROLLBACK', 'FAILED'],
  ] as const) {
    const house = await opened()
    const { currentServiceDeployment: arn } = await create(house, {
      deploymentConfiguration: {
        lifecycleHooks: [{ targetType: 'PAUSE', lifecycleStages: ['PRE_SCALE_UP'] }],
      },
    })
    await house.clock.move(1000)
    const hooks = async (): Promise<Answer> =>
      (await house.call('DescribeServiceDeployments', { serviceDeploymentArns: [arn] }))
        .serviceDeployments[0].lifecycleHookDetails
    const [hook] = await hooks()
    assert.deepEqual([hook.targetType, hook.status], ['PAUSE', 'AWAITING_ACTION'])
    const go = (hookId: string) =>
      house.call('ContinueServiceDeployment', { serviceDeploymentArn: arn, hookId, action })
    assert.match(await faultOf(go('none')), /lifecycle hook was not found/)
    await go(hook.hookId)
    assert.equal((await hooks())[0].status, status)
    assert.match(await faultOf(go(hook.hookId)), /is not awaiting an action/)
    if (action === undefined) continue
    await house.clock.move(1000)
    const { serviceDeployments: over } = await house.call('DescribeServiceDeployments', {
      serviceDeploymentArns: [arn],
    })
    assert.deepEqual(
      [over[0].status, over[0].statusReason],
      [
        'ROLLBACK_FAILED',
        'ECS deployment lifecycle hook: a pause was ended by a rollback. There is no completed deployment to roll back to.',
      ],
    )
  }
})

test('a deployment that is over tells what it ended with', async () => {
  const house = await House.open()
  const host = await house.host()
  await define(house)
  await define(house)
  await create(house, { desiredCount: 1, taskDefinition: 'web:1' })
  const settle = async (): Promise<void> => {
    await house.clock.move(1000)
    for (const arn of (await house.call('ListTasks')).taskArns) await host.report(arn, 'RUNNING')
    await house.clock.move(60_000)
    for (const arn of (await house.call('ListTasks', { desiredStatus: 'STOPPED' })).taskArns)
      await host.report(arn, 'STOPPED', [])
    await house.clock.move(1000)
  }
  await settle()
  const { currentServiceDeployment: arn } = await update(house, { taskDefinition: 'web:2' })
  await settle()
  const { serviceDeployments: found } = await house.call('DescribeServiceDeployments', {
    serviceDeploymentArns: [arn],
  })
  const [{ status, sourceServiceRevisions, targetServiceRevision }] = found
  const counts = (share: Answer): number[] => [
    share.requestedTaskCount,
    share.runningTaskCount,
    share.pendingTaskCount,
  ]
  assert.deepEqual(
    [status, sourceServiceRevisions.map(counts), counts(targetServiceRevision)],
    ['SUCCESSFUL', [[0, 0, 0]], [1, 1, 0]],
  )
  const { deployments } = await describe(house)
  assert.deepEqual(
    deployments.map((one: Answer) => [one.status, one.rolloutState, one.runningCount]),
    [['PRIMARY', 'COMPLETED', 1]],
    'one that is INACTIVE is not shown',
  )
})

test('another network starts a deployment, the same one does not', async () => {
  const house = await opened()
  await house.call('RegisterTaskDefinition', {
    family: 'net',
    networkMode: 'awsvpc',
    containerDefinitions: [{ name: 'app', image: 'app:1', cpu: 64, memory: 64 }],
  })
  const network = (subnet: string) => ({
    networkConfiguration: { awsvpcConfiguration: { subnets: [subnet] } },
  })
  const first = await create(house, { taskDefinition: 'net', ...network('subnet-1') })
  const filled = (subnet: string) => ({
    awsvpcConfiguration: { subnets: [subnet], securityGroups: [], assignPublicIp: 'DISABLED' },
  })
  assert.deepEqual(first.networkConfiguration, filled('subnet-1'))
  const same = await update(house, network('subnet-1'))
  assert.equal(same.currentServiceDeployment, first.currentServiceDeployment)
  await house.clock.move(1000)
  const other = await update(house, network('subnet-2'))
  assert.notEqual(other.currentServiceDeployment, first.currentServiceDeployment)
  assert.deepEqual(
    other.deployments.map(({ networkConfiguration }: Answer) => networkConfiguration),
    [filled('subnet-2'), filled('subnet-1')],
  )
})
