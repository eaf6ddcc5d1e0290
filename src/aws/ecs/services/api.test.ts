/** What users ask of services and read of them. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { resetAccount } from '#aws/iam/accounts.ts'
import { ACCOUNT, type Answer, faultOf, House, turn } from '#server/house.fixture.ts'

import {
  deployments,
  serviceDeployments,
  serviceEvents,
  serviceRevisions,
  services,
  taskSets,
} from '../records/services.ts'
import { create, define, describe, EXTERNAL, opened, OWN, update } from './services.fixture.ts'

/** What is shown of a service that says nothing but its name, definition and count. */
const DEFAULTS = {
  clusterArn: `${OWN}:cluster/default`,
  loadBalancers: [],
  serviceRegistries: [],
  status: 'ACTIVE',
  runningCount: 0,
  pendingCount: 0,
  launchType: 'EC2',
  deploymentConfiguration: {
    deploymentCircuitBreaker: { enable: false, rollback: false },
    maximumPercent: 200,
    minimumHealthyPercent: 100,
    strategy: 'ROLLING',
    bakeTimeInMinutes: 0,
  },
  events: [],
  placementConstraints: [],
  placementStrategy: [],
  healthCheckGracePeriodSeconds: 0,
  schedulingStrategy: 'REPLICA',
  deploymentController: { type: 'ECS' },
  createdBy: `arn:aws:iam::${ACCOUNT}:root`,
  enableECSManagedTags: false,
  propagateTags: 'NONE',
  enableExecuteCommand: false,
  availabilityZoneRebalancing: 'ENABLED',
  resourceManagementType: 'CUSTOMER',
}

test('trap 3: a new service reads back with every default, the same from every operation', async () => {
  const house = await opened()
  const made = await create(house, { tags: [{ key: 'k', value: 'v' }] })
  const [
    {
      createdAt,
      deployments: [deployment],
    },
  ] = [made]
  assert.match(made.currentServiceDeployment, /:service-deployment\/default\/web\/[0-9a-f]{21}$/)
  assert.match(deployment.id, /^ecs-svc\/\d{19}$/)
  const [{ arn: revision }] = made.currentServiceRevisions
  assert.match(revision, /:service-revision\/default\/web\/\d{19}$/)
  assert.deepEqual(made, {
    ...DEFAULTS,
    serviceArn: `${OWN}:service/default/web`,
    serviceName: 'web',
    desiredCount: 2,
    taskDefinition: `${OWN}:task-definition/web:1`,
    createdAt,
    deployments: [
      {
        id: deployment.id,
        status: 'PRIMARY',
        taskDefinition: `${OWN}:task-definition/web:1`,
        desiredCount: 2,
        pendingCount: 0,
        runningCount: 0,
        failedTasks: 0,
        createdAt,
        updatedAt: createdAt,
        launchType: 'EC2',
        rolloutState: 'IN_PROGRESS',
        rolloutStateReason: `ECS deployment ${deployment.id} in progress.`,
      },
    ],
    currentServiceDeployment: made.currentServiceDeployment,
    currentServiceRevisions: [
      { arn: revision, requestedTaskCount: 2, runningTaskCount: 0, pendingTaskCount: 0 },
    ],
    tags: [{ key: 'k', value: 'v' }],
  })
  await turn()
  const read = await describe(house, 'web', { include: ['TAGS'] })
  // The scheduler may have told something by now: all else is as it was.
  assert.deepEqual({ ...read, events: [] }, made)
  assert.equal((await describe(house)).tags, undefined)
})

test('what was written is what is read', async () => {
  const house = await opened()
  const written = {
    deploymentConfiguration: {
      deploymentCircuitBreaker: {
        enable: true,
        rollback: true,
        resetOnHealthyTask: false,
        thresholdConfiguration: { type: 'COUNT', value: 7 },
      },
      maximumPercent: 150,
      minimumHealthyPercent: 50,
      strategy: 'ROLLING',
      bakeTimeInMinutes: 3,
      alarms: { alarmNames: ['a'], rollback: false, enable: false },
      lifecycleHooks: [
        {
          targetType: 'PAUSE',
          lifecycleStages: ['PRE_SCALE_UP', 'POST_SCALE_UP'],
          timeoutConfiguration: { timeoutInMinutes: 5, action: 'CONTINUE' },
        },
      ],
      earlySuccessCriteria: { enable: false },
    },
    placementConstraints: [{ type: 'memberOf', expression: 'attribute:stack == prod' }],
    placementStrategy: [{ type: 'spread', field: 'attribute:ecs.availability-zone' }],
    healthCheckGracePeriodSeconds: 30,
    enableECSManagedTags: true,
    propagateTags: 'SERVICE',
    availabilityZoneRebalancing: 'DISABLED',
    desiredCount: 1,
  }
  const made = await create(house, written)
  for (const [name, value] of Object.entries(written)) assert.deepEqual(made[name], value, name)
  await create(house, { serviceName: 'other' })
  const { desiredCount: _, ...changes } = written
  const after = await update(house, { service: 'other', ...changes })
  for (const [name, value] of Object.entries(changes)) assert.deepEqual(after[name], value, name)
})

test('what a daemon has of its own', async () => {
  const house = await opened()
  const made = await create(house, { schedulingStrategy: 'DAEMON', desiredCount: undefined })
  const { maximumPercent, minimumHealthyPercent } = made.deploymentConfiguration
  assert.deepEqual([maximumPercent, minimumHealthyPercent], [100, 0])
  assert.equal(made.availabilityZoneRebalancing, 'DISABLED')
  assert.equal(made.desiredCount, 0)
})

test('the same request again is the same service, another is refused', async () => {
  const house = await opened()
  const clientToken = 'once'
  const first = await create(house, { clientToken })
  const again = [{ clientToken }, { cluster: `${OWN}:cluster/default` }]
  for (const more of again) {
    const { events: _, ...same } = await create(house, more)
    assert.deepEqual({ ...same, events: [] }, first)
  }
  const notIdempotent = 'InvalidParameterException: Creation of service was not idempotent.'
  assert.equal(await faultOf(create(house, { desiredCount: 3 })), notIdempotent)
  assert.equal(
    await faultOf(create(house, { serviceName: 'other', clientToken })),
    notIdempotent,
    'a token is for one request',
  )
  for (const same of [
    { taskDefinition: `${OWN}:task-definition/web:1`, schedulingStrategy: 'REPLICA' },
    { deploymentConfiguration: { maximumPercent: 200 }, propagateTags: 'NONE', tags: [] },
  ])
    assert.deepEqual((await create(house, same)).createdAt, first.createdAt, 'it means the same')
  assert.match(await faultOf(create(house, { schedulingStrategy: 'FOO' })), /schedulingStrategy/)
  // A change of the service does not make the first request another one.
  await update(house, { desiredCount: 5 })
  assert.equal((await create(house, { clientToken })).desiredCount, 5)
})

test('trap 5: a deleted service drains, then is INACTIVE and still described, and its name is free', async () => {
  const house = await opened()
  const { createdAt } = await create(house, { tags: [{ key: 'k', value: 'v' }] })
  const remove = (more: object = {}) => house.call('DeleteService', { service: 'web', ...more })
  assert.equal(
    await faultOf(remove()),
    'InvalidParameterException: The service cannot be stopped while it is scaled above 0.',
  )
  const { service } = await remove({ force: true })
  assert.deepEqual([service.status, service.desiredCount, service.tags], ['DRAINING', 0, undefined])
  assert.deepEqual((await describe(house, 'web', { include: ['TAGS'] })).tags, [])
  // A call is made before the scheduler's turn comes.
  const become = (status: 'DRAINING' | 'INACTIVE') =>
    house.server.store.transact((tx) =>
      tx.patch(services, `${ACCOUNT}/us-east-1/default/web`, { status }),
    )
  become('DRAINING')
  assert.deepEqual((await house.call('ListServices')).serviceArns, [])
  become('DRAINING')
  assert.equal(
    await faultOf(create(house)),
    'InvalidParameterException: Unable to Start a service that is still Draining.',
  )
  for (const status of ['DRAINING', 'INACTIVE'] as const) {
    become(status)
    assert.equal(
      await faultOf(update(house, { desiredCount: 1 })),
      'ServiceNotActiveException: Service was not ACTIVE.',
    )
    become(status)
    const { status: shown, taskDefinition } = await describe(house)
    assert.deepEqual([shown, taskDefinition], [status, `${OWN}:task-definition/web:1`])
  }
  assert.equal(await faultOf(remove()), 'ServiceNotFoundException: Service not found.')
  await house.clock.move(1000)
  const again = await create(house)
  assert.notDeepEqual(again.createdAt, createdAt)
  assert.deepEqual(again.events, [])
  assert.equal(again.deployments.length, 1)
})

test('a service is not deleted while an older deployment still has tasks, unless it is forced', async () => {
  const house = await House.open()
  const host = await house.host()
  await define(house)
  await create(house, { desiredCount: 1, deploymentConfiguration: { minimumHealthyPercent: 100 } })
  await house.clock.move(1000)
  await host.report((await house.call('ListTasks')).taskArns[0], 'RUNNING')
  await update(house, { desiredCount: 0, forceNewDeployment: true })
  await house.server.store.write((tx) => {
    for (const { key, row } of tx.scan(deployments))
      if (row.status === 'ACTIVE') tx.patch(deployments, key, { runningCount: 1 })
  })
  assert.equal(
    await faultOf(house.call('DeleteService', { service: 'web' })),
    'InvalidParameterException: The service cannot be stopped while deployments are active.',
  )
})

test('lists are of the ACTIVE, ten a page, and filtered', async () => {
  const house = await opened()
  for (let n = 0; n < 11; n++)
    await create(house, { serviceName: `s-${String(n).padStart(2, '0')}` })
  await create(house, { serviceName: 'd', schedulingStrategy: 'DAEMON', desiredCount: undefined })
  const first = await house.call('ListServices')
  assert.equal(first.serviceArns.length, 10)
  const { serviceArns } = await house.call('ListServices', { nextToken: first.nextToken })
  assert.deepEqual(
    serviceArns.map((arn: string) => arn.split('/').at(-1)),
    ['s-09', 's-10'],
  )
  const of = async (filter: object) => (await house.call('ListServices', filter)).serviceArns.length
  assert.equal(await of({ schedulingStrategy: 'DAEMON' }), 1)
  assert.equal(await of({ launchType: 'EXTERNAL' }), 0)
  assert.equal(await of({ resourceManagementType: 'ECS' }), 0)
  assert.match(
    await faultOf(house.call('ListServicesByNamespace', { namespace: 'n' })),
    /^NamespaceNotFoundException/,
  )
  const { clusters } = await house.call('DescribeClusters', { include: ['STATISTICS'] })
  assert.equal(clusters[0].activeServicesCount, 12)
  const active = clusters[0].statistics.find(({ name }: Answer) => name === 'activeEC2ServiceCount')
  assert.equal(active.value, '12')
})

test('what is not there is told, and what is another cluster’s refused', async () => {
  const house = await opened()
  await create(house)
  const missing = await house.call('DescribeServices', { services: ['web', 'none'] })
  assert.equal(missing.services.length, 1)
  assert.deepEqual(missing.failures, [{ arn: `${OWN}:service/none`, reason: 'MISSING' }])
  for (const arn of [`${OWN}:service/none`, `${OWN}:service/default/none`])
    assert.deepEqual((await house.call('DescribeServices', { services: [arn] })).failures, [
      { arn, reason: 'MISSING' },
    ])
  const foreign = `${OWN}:service/other/web`
  assert.equal(
    await faultOf(house.call('DescribeServices', { services: [foreign] })),
    'InvalidParameterException: Invalid identifier: Identifier is for other. Your cluster is default',
  )
  assert.equal((await describe(house, `${OWN}:service/web`)).serviceName, 'web')
  for (const operation of ['UpdateService', 'DeleteService', 'ListServiceDeployments'])
    assert.equal(
      await faultOf(house.call(operation, { service: 'none' })),
      'ServiceNotFoundException: Service not found.',
    )
  assert.equal(
    await faultOf(house.call('ListTasks', { serviceName: 'none' })),
    'ServiceNotFoundException: Service not found.',
  )
  const arn = `${OWN}:service-deployment/default/web/${'0'.repeat(21)}`
  for (const operation of ['StopServiceDeployment', 'ContinueServiceDeployment'])
    assert.match(
      await faultOf(house.call(operation, { serviceDeploymentArn: arn, hookId: 'h' })),
      /^ServiceDeploymentNotFoundException/,
    )
  for (const services of [[], Array.from({ length: 11 }, (_, n) => `s${n}`)])
    assert.match(
      await faultOf(house.call('DescribeServices', { services })),
      /^InvalidParameterException: Services cannot be/,
    )
})

test('a cluster with services is not deleted', async () => {
  const house = await opened()
  await create(house)
  assert.equal(
    await faultOf(house.call('DeleteCluster', { cluster: 'default' })),
    'ClusterContainsServicesException: The Cluster cannot be deleted while Services are active.',
  )
})

test('tags of services and task sets, which end with them', async () => {
  const house = await opened()
  const { serviceArn } = await create(house)
  await create(house, { ...EXTERNAL, serviceName: 'ext' })
  const ofExternal = { cluster: 'default', service: 'ext' }
  const { taskSet } = await house.call('CreateTaskSet', { ...ofExternal, taskDefinition: 'web' })
  for (const resourceArn of [serviceArn, taskSet.taskSetArn]) {
    await house.call('TagResource', { resourceArn, tags: [{ key: 'k', value: 'v' }] })
    const { tags } = await house.call('ListTagsForResource', { resourceArn })
    assert.deepEqual(tags, [{ key: 'k', value: 'v' }])
    await house.call('UntagResource', { resourceArn, tagKeys: ['k'] })
    assert.deepEqual((await house.call('ListTagsForResource', { resourceArn })).tags, [])
  }
  const resourceArn = serviceArn.replace('/default', '')
  assert.equal(
    await faultOf(house.call('ListTagsForResource', { resourceArn })),
    'InvalidParameterException: Long arn format must be used for tagging operations',
  )
  await house.call('DeleteService', { service: 'web', force: true })
  await house.call('DeleteTaskSet', { ...ofExternal, taskSet: taskSet.id })
  for (const resourceArn of [serviceArn, taskSet.taskSetArn])
    assert.match(
      await faultOf(house.call('ListTagsForResource', { resourceArn })),
      /resource could not be found/,
    )
})

test('events are shown newest first', async () => {
  const house = await opened()
  await create(house, { desiredCount: 0 })
  await house.server.store.write((tx) => {
    for (const n of [1, 2])
      tx.put(serviceEvents, `${ACCOUNT}/us-east-1/default/web/90000000${n}`, {
        id: `id-${n}`,
        createdAt: n,
        message: `${n}`,
      })
  })
  const { events } = await describe(house)
  assert.deepEqual(
    events.slice(0, 2).map(({ message }: Answer) => message),
    ['2', '1'],
  )
})

test('a reset account has no services, and nothing of them is left', async () => {
  const house = await opened()
  await create(house)
  await create(house, { ...EXTERNAL, serviceName: 'ext' })
  await house.call('CreateTaskSet', { cluster: 'default', service: 'ext', taskDefinition: 'web' })
  await house.server.store.write((tx) => resetAccount(tx, ACCOUNT, house.clock.now()))
  await house.clock.move(30_000)
  const left = house.server.store.read((tx) =>
    [services, deployments, serviceDeployments, serviceRevisions, taskSets, serviceEvents].flatMap(
      (table) => [...tx.scan<object>(table)].map(({ key }) => key),
    ),
  )
  assert.deepEqual(left, [])
})
