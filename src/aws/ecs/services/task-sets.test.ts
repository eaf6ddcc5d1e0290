/** Task sets, whose scale their external controller says, and protected tasks. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { ACCOUNT, type Answer, faultOf, House } from '#server/house.fixture.ts'

import { tasks } from '../records/records.ts'
import { deployments } from '../records/services.ts'
import { create as createService, define, EXTERNAL, opened } from './services.fixture.ts'
import { computedDesired } from './task-sets.ts'

const OF = { cluster: 'default', service: 'ext' }

async function external(desiredCount = 12): Promise<House> {
  const house = await opened()
  await createService(house, { ...EXTERNAL, serviceName: 'ext', desiredCount })
  return house
}

const create = async (house: House, more: object = {}): Promise<Answer> =>
  (await house.call('CreateTaskSet', { ...OF, taskDefinition: 'web', ...more })).taskSet

test('the share of the desired count is rounded up', () => {
  for (const [desiredCount, scale, expected] of [
    [12, 10, 2],
    [3, 33.4, 2],
    [10, 100, 10],
    [5, 0, 0],
    [5000, 1.1, 55],
  ] as const)
    assert.equal(computedDesired({ desiredCount }, { status: 'ACTIVE', scale }), expected)
  assert.equal(computedDesired({ desiredCount: 5 }, { status: 'DRAINING', scale: 100 }), 0)
})

test('a token makes one task set, and no other', async () => {
  const house = await external()
  const made = await create(house, { clientToken: 't' })
  assert.equal((await create(house, { clientToken: 't' })).id, made.id)
  assert.equal(
    await faultOf(create(house, { clientToken: 't', externalId: 'other' })),
    'InvalidParameterException: Creation of task set was not idempotent.',
  )
})

test('a task set is made, scaled, promoted and deleted', async () => {
  const house = await external()
  const made = await create(house, { externalId: 'blue', tags: [{ key: 'k', value: 'v' }] })
  assert.deepEqual(made, {
    id: made.id,
    taskSetArn: `arn:aws:ecs:us-east-1:${ACCOUNT}:task-set/default/ext/${made.id}`,
    serviceArn: `arn:aws:ecs:us-east-1:${ACCOUNT}:service/default/ext`,
    clusterArn: `arn:aws:ecs:us-east-1:${ACCOUNT}:cluster/default`,
    externalId: 'blue',
    status: 'ACTIVE',
    taskDefinition: `arn:aws:ecs:us-east-1:${ACCOUNT}:task-definition/web:1`,
    computedDesiredCount: 0,
    pendingCount: 0,
    runningCount: 0,
    createdAt: made.createdAt,
    updatedAt: made.createdAt,
    launchType: 'EC2',
    loadBalancers: [],
    serviceRegistries: [],
    scale: { value: 0, unit: 'PERCENT' },
    stabilityStatus: 'STABILIZING',
    stabilityStatusAt: made.createdAt,
    tags: [{ key: 'k', value: 'v' }],
  })
  assert.match(made.id, /^ecs-svc\/\d{19}$/)
  const scaled = await house.call('UpdateTaskSet', {
    ...OF,
    taskSet: made.taskSetArn,
    scale: { value: 10, unit: 'PERCENT' },
  })
  assert.equal(scaled.taskSet.computedDesiredCount, 2)
  await house.clock.move(1000)
  const second = await create(house)
  for (const one of [made, second, second]) {
    const { taskSet } = await house.call('UpdateServicePrimaryTaskSet', {
      ...OF,
      primaryTaskSet: one.id,
    })
    assert.equal(taskSet.status, 'PRIMARY')
  }
  const { services } = await house.call('DescribeServices', { services: ['ext'] })
  const [service] = services
  assert.deepEqual(
    service.taskSets.map(({ id, status }: Answer) => [id, status]),
    [
      [second.id, 'PRIMARY'],
      [made.id, 'ACTIVE'],
    ],
  )
  assert.deepEqual(
    [service.deployments, service.launchType, service.taskDefinition],
    [[], undefined, second.taskDefinition],
  )
  assert.equal(
    await faultOf(house.call('DeleteTaskSet', { ...OF, taskSet: made.id })),
    'InvalidParameterException: The task set cannot be stopped while it is scaled above 0.',
  )
  const { taskSet } = await house.call('DeleteTaskSet', { ...OF, taskSet: made.id, force: true })
  assert.deepEqual([taskSet.status, taskSet.computedDesiredCount], ['DRAINING', 0])
  await house.clock.move(1000)
  const left = await house.call('DescribeTaskSets', { ...OF, taskSets: [made.id, second.id] })
  assert.deepEqual(
    left.taskSets.map(({ id }: Answer) => id),
    [second.id],
  )
  assert.deepEqual(left.failures, [{ arn: made.taskSetArn, reason: 'MISSING' }])
})

test('a service with task sets is deleted by force only', async () => {
  const house = await external(0)
  await create(house)
  const remove = (force: boolean) => house.call('DeleteService', { service: 'ext', force })
  assert.equal(
    await faultOf(remove(false)),
    'InvalidParameterException: The service cannot be stopped while deployments are active.',
  )
  await remove(true)
  await house.clock.move(1000)
  const { services } = await house.call('DescribeServices', { services: ['ext'] })
  assert.deepEqual([services[0].status, services[0].taskSets], ['INACTIVE', []])
  assert.match(
    await faultOf(create(house)),
    /^ServiceNotActiveException: Service was not ACTIVE\.$/,
  )
  assert.match(await faultOf(house.call('DescribeTaskSets', OF)), /^ServiceNotActiveException/)
})

test('the same token is the same task set, and what cannot be is refused', async () => {
  const house = await external()
  const clientToken = 'once'
  const { id } = await create(house, { clientToken })
  assert.equal((await create(house, { clientToken })).id, id)
  const invalid = /^InvalidParameterException: /
  assert.match(await faultOf(create(house, { clientToken, externalId: 'x' })), invalid)
  for (const scale of [{ value: -1 }, { value: 100.1 }, { value: 1, unit: 'X' }]) {
    assert.match(await faultOf(create(house, { scale })), invalid)
    assert.match(await faultOf(house.call('UpdateTaskSet', { ...OF, taskSet: id, scale })), invalid)
  }
  for (const [more, name] of [
    [{ loadBalancers: [{}] }, 'loadBalancers'],
    [{ serviceRegistries: [{}] }, 'serviceRegistries'],
    [{ capacityProviderStrategy: [{ capacityProvider: 'a' }] }, 'capacityProviderStrategy'],
    [{ platformVersion: 'LATEST' }, 'platformVersion'],
  ] as const)
    assert.match(await faultOf(create(house, more)), new RegExp(`release of Berth: ${name}\\.$`))
  const unknown = 'ecs-svc/1'
  for (const [operation, more] of [
    ['UpdateTaskSet', { taskSet: unknown, scale: {} }],
    ['DeleteTaskSet', { taskSet: unknown }],
    ['UpdateServicePrimaryTaskSet', { primaryTaskSet: unknown }],
  ] as const)
    assert.equal(
      await faultOf(house.call(operation, { ...OF, ...more })),
      'TaskSetNotFoundException: The specified task set does not exist.',
    )
  for (let n = 1; n < 5; n++) {
    await house.clock.move(1)
    await create(house)
  }
  assert.equal(
    await faultOf(create(house)),
    'InvalidParameterException: 5 deployments exist on the service. Unable to create new TaskSet since this exceeds the maximum limit.',
  )
  await house.call('CreateService', { serviceName: 'web', taskDefinition: 'web', desiredCount: 0 })
  assert.match(await faultOf(create(house, { service: 'web' })), /EXTERNAL deployment controller/)
})

/** A service with one task, and one that stands alone. */
async function running(): Promise<{ house: House; task: string; alone: string }> {
  const house = await House.open()
  const host = await house.host()
  await define(house)
  await house.call('CreateService', { serviceName: 'web', taskDefinition: 'web', desiredCount: 1 })
  await house.clock.move(1000)
  const [task] = (await house.call('ListTasks', { serviceName: 'web' })).taskArns
  await host.report(task, 'RUNNING')
  const { tasks: started } = await house.call('RunTask', { taskDefinition: 'web' })
  return { house, task, alone: started[0].taskArn }
}

test('ListTasks of a service lists its tasks alone', async () => {
  const { house, task, alone } = await running()
  const list = async (more: object) => (await house.call('ListTasks', more)).taskArns
  assert.deepEqual(await list({ serviceName: 'web' }), [task])
  assert.deepEqual((await list({})).toSorted(), [task, alone].toSorted())
  assert.deepEqual(await list({ serviceName: 'web', desiredStatus: 'STOPPED' }), [])
  await house.call('DeleteService', { service: 'web', force: true })
  await house.clock.move(1000)
  assert.deepEqual(await list({ serviceName: 'web' }), [])
  assert.deepEqual(await list({ serviceName: 'web', desiredStatus: 'STOPPED' }), [task])
})

test('tasks of services are protected for a while, and others never', async () => {
  const { house, task, alone } = await running()
  const protect = (more: object) =>
    house.call('UpdateTaskProtection', {
      cluster: 'default',
      tasks: [task],
      protectionEnabled: true,
      ...more,
    })
  const read = async (): Promise<Answer> =>
    (await house.call('GetTaskProtection', { cluster: 'default', tasks: [task] })).protectedTasks
  assert.deepEqual(await read(), [{ taskArn: task, protectionEnabled: false }])
  const until = (minutes: number) => new Date(house.clock.now() + minutes * 60_000)
  for (const [more, minutes] of [
    [{}, 120],
    [{ expiresInMinutes: 2880 }, 2880],
    [{ expiresInMinutes: 1 }, 1],
  ] as const) {
    const expected = [{ taskArn: task, protectionEnabled: true, expirationDate: until(minutes) }]
    assert.deepEqual(await protect(more), { protectedTasks: expected, failures: [] })
    assert.deepEqual(await read(), expected)
  }
  await house.clock.move(60_000)
  assert.deepEqual(await read(), [{ taskArn: task, protectionEnabled: false }])
  await protect({})
  const off = await protect({ protectionEnabled: false })
  assert.deepEqual(off.protectedTasks, [{ taskArn: task, protectionEnabled: false }])
  const missing = task.replace(/[^/]+$/, 'f'.repeat(32))
  const { failures } = await protect({ tasks: [alone, missing] })
  assert.deepEqual(
    failures.map(({ arn, reason }: Answer) => [arn, reason]),
    [
      [alone, 'TASK_NOT_VALID'],
      [missing, 'MISSING'],
    ],
  )
  for (const more of [
    { expiresInMinutes: 0 },
    { expiresInMinutes: 2881 },
    { tasks: [] },
    { tasks: Array.from({ length: 11 }, () => task) },
  ])
    assert.match(await faultOf(protect(more)), /^InvalidParameterException: /)
})

test('a deployment that protected tasks hold is not held for longer', async () => {
  const { house, task } = await running()
  const protect = () =>
    house.call('UpdateTaskProtection', {
      cluster: 'default',
      tasks: [task],
      protectionEnabled: true,
    })
  await house.server.store.write((tx) => {
    for (const { key } of tx.scan(deployments)) tx.patch(deployments, key, { status: 'ACTIVE' })
  })
  assert.deepEqual((await protect()).failures, [])
  const { failures, protectedTasks } = await protect()
  assert.deepEqual(
    [protectedTasks, failures[0].arn, failures[0].reason],
    [[], task, 'DEPLOYMENT_BLOCKED'],
  )
  const known = house.server.store.read((tx) => [...tx.scan(tasks)].map(({ row }) => row))
  assert.ok(known.some(({ protectedUntil }) => protectedUntil !== undefined))
})
