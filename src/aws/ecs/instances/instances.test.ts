import assert from 'node:assert/strict'
import { test } from 'node:test'

import { ACCOUNT, type Answer, faultOf, House, REGION, turn } from '#server/house.fixture.ts'

const APP = { name: 'app', image: 'app:1', memory: 64 }
const describe = async (house: House, arn: string, include: string[] = []): Promise<Answer> =>
  (await house.call('DescribeContainerInstances', { containerInstances: [arn], include }))
    .containerInstances[0]

test('a host keeps its identity, its own attributes and its tasks’ reservations when it registers again', async () => {
  const house = await House.open()
  const host = await house.host({ attributes: [{ name: 'ecs.os-type', value: 'linux' }] })
  await house.call('RegisterTaskDefinition', { family: 'web', containerDefinitions: [APP] })
  await house.call('RunTask', { taskDefinition: 'web' })
  await house.call('PutAttributes', {
    attributes: [{ name: 'stack', value: 'prod', targetId: host.arn }],
  })
  const before = await describe(house, host.arn)
  const { containerInstance } = await house.call('RegisterContainerInstance', {
    containerInstanceArn: host.arn,
    totalResources: [
      { name: 'CPU', integerValue: 2048 },
      { name: 'MEMORY', integerValue: 8192 },
    ],
    attributes: [{ name: 'ecs.capability.full-sync' }, { name: 'ecs.os-type', value: 'linux' }],
  })
  assert.equal(containerInstance.containerInstanceArn, host.arn)
  const names = containerInstance.attributes.map(({ name }: Answer) => name)
  assert.ok(names.includes('stack') && names.includes('ecs.availability-zone'))
  assert.ok(
    !names.includes('ecs.capability.container-ordering'),
    'capabilities are what the agent says now',
  )
  const memory = (of: Answer, which: string): number =>
    of[which].find(({ name }: Answer) => name === 'MEMORY').integerValue
  assert.deepEqual(
    [
      memory(containerInstance, 'registeredResources'),
      memory(containerInstance, 'remainingResources'),
    ],
    [8192, 8128],
  )
  assert.equal(containerInstance.runningTasksCount + containerInstance.pendingTasksCount, 1)
  assert.ok(containerInstance.version > before.version)
})

test('clusters count their hosts and tasks, and are deleted only when they have none', async () => {
  const house = await House.open()
  const host = await house.host()
  await house.call('RegisterTaskDefinition', { family: 'web', containerDefinitions: [APP] })
  const { tasks } = await house.call('RunTask', { taskDefinition: 'web' })
  const counts = async (): Promise<unknown[]> => {
    const [cluster] = (await house.call('DescribeClusters')).clusters
    return [
      cluster.registeredContainerInstancesCount,
      cluster.runningTasksCount,
      cluster.pendingTasksCount,
    ]
  }
  assert.deepEqual(await counts(), [1, 0, 1])
  await host.report(tasks[0].taskArn, 'RUNNING')
  assert.deepEqual(await counts(), [1, 1, 0])
  const remove = () => faultOf(house.call('DeleteCluster', { cluster: 'default' }))
  assert.match(await remove(), /^ClusterContainsContainerInstancesException/)
  await host.report(tasks[0].taskArn, 'STOPPED')
  await house.call('DeregisterContainerInstance', { containerInstance: host.arn })
  assert.deepEqual(await counts(), [0, 0, 0])
  assert.equal(await remove(), 'no fault')
  assert.equal(await remove(), 'ClusterNotFoundException: The referenced cluster was inactive.')
  assert.equal((await house.call('DescribeClusters')).clusters[0].status, 'INACTIVE')
  assert.equal(
    await faultOf(house.call('ListTasks', { cluster: 'none' })),
    'ClusterNotFoundException: Cluster not found.',
  )
})

test('attributes: limits, what is reserved, lists in pages, deletion', async () => {
  const house = await House.open()
  const host = await house.host()
  const put = (name: string, value?: string) =>
    house.call('PutAttributes', {
      attributes: [{ name, ...(value !== undefined && { value }), targetId: host.arn }],
    })
  for (let n = 0; n < 10; n++) await put(`custom.${n}`, String(n))
  assert.match(await faultOf(put('one.more', 'x')), /^AttributeLimitExceededException/)
  assert.match(await faultOf(put('ecs.os-type', 'dos')), /reserved/)
  assert.match(await faultOf(put('bad name', 'x')), /Invalid attribute name/)
  assert.match(await faultOf(put('custom.1', ' edge ')), /Invalid value/)
  // What a host registers has the same form, and may be ECS's own.
  const register = (name: string, value: string) =>
    house.call('RegisterContainerInstance', { attributes: [{ name, value }] })
  assert.match(await faultOf(register('a b', 'c')), /Invalid attribute name: a b/)
  assert.match(await faultOf(register('a', ' c')), /Invalid value for attribute a/)
  assert.equal((await house.call('ListContainerInstances')).containerInstanceArns.length, 1)
  const missing = { name: 'a', targetId: host.arn.replace(/.$/, 'f') }
  assert.match(
    await faultOf(house.call('PutAttributes', { attributes: [missing] })),
    /^TargetNotFoundException/,
  )
  const names: string[] = []
  let nextToken: string | undefined
  do {
    const page: Answer = await house.call('ListAttributes', {
      targetType: 'container-instance',
      maxResults: 3,
      nextToken,
    })
    names.push(...page.attributes.map(({ name }: Answer) => name))
    nextToken = page.nextToken
  } while (nextToken !== undefined)
  assert.deepEqual(names, names.toSorted())
  assert.equal(new Set(names).size, names.length)
  assert.ok(names.includes('custom.9'))
  const found = await house.call('ListAttributes', {
    targetType: 'container-instance',
    attributeName: 'custom.3',
    attributeValue: '3',
  })
  assert.deepEqual(found.attributes, [
    { name: 'custom.3', value: '3', targetType: 'container-instance', targetId: host.arn },
  ])
  await house.call('DeleteAttributes', { attributes: [{ name: 'custom.3', targetId: host.arn }] })
  assert.equal(
    (await describe(house, host.arn)).attributes.some(({ name }: Answer) => name === 'custom.3'),
    false,
  )
})

test('container instances list by status and by the query language', async () => {
  const house = await House.open()
  const a = await house.host({ attributes: [{ name: 'stack', value: 'a' }] })
  const b = await house.host({ attributes: [{ name: 'stack', value: 'b' }] })
  const list = async (more: object): Promise<string[]> =>
    (await house.call('ListContainerInstances', more)).containerInstanceArns
  assert.deepEqual(await list({ filter: 'attribute:stack == b' }), [b.arn])
  await house.call('UpdateContainerInstancesState', {
    containerInstances: [a.arn],
    status: 'DRAINING',
  })
  assert.deepEqual(await list({ status: 'DRAINING' }), [a.arn])
  assert.deepEqual((await list({})).toSorted(), [a.arn, b.arn].toSorted())
  const { failures } = await house.call('UpdateContainerInstancesState', {
    containerInstances: ['0'.repeat(32)],
    status: 'ACTIVE',
  })
  assert.equal(failures[0].reason, 'MISSING')
})

test('tags: on every kind of resource, with their limits', async () => {
  const house = await House.open()
  const host = await house.host()
  const { taskDefinition } = await house.call('RegisterTaskDefinition', {
    family: 'web',
    containerDefinitions: [APP],
  })
  const { tasks } = await house.call('RunTask', {
    taskDefinition: 'web',
    enableECSManagedTags: true,
  })
  const [cluster] = (await house.call('ListClusters')).clusterArns
  assert.deepEqual(
    (await house.call('ListTagsForResource', { resourceArn: tasks[0].taskArn })).tags,
    [{ key: 'aws:ecs:clusterName', value: 'default' }],
  )
  for (const resourceArn of [
    host.arn,
    taskDefinition.taskDefinitionArn,
    tasks[0].taskArn,
    cluster,
  ]) {
    await house.call('TagResource', { resourceArn, tags: [{ key: 'k', value: 'v' }, { key: 'l' }] })
    await house.call('UntagResource', { resourceArn, tagKeys: ['l'] })
    const { tags } = await house.call('ListTagsForResource', { resourceArn })
    assert.deepEqual(tags.at(-1), { key: 'k', value: 'v' })
  }
  // What ECS gives by itself does not count.
  const all = Array.from({ length: 50 }, (_, n) => ({ key: `k${n}` }))
  const { tasks: full } = await house.call('RunTask', {
    taskDefinition: 'web',
    enableECSManagedTags: true,
    tags: all,
  })
  const resourceArn = full[0].taskArn
  await house.call('TagResource', { resourceArn, tags: [{ key: 'k0', value: 'v' }] })
  assert.match(
    await faultOf(house.call('TagResource', { resourceArn, tags: [{ key: 'more' }] })),
    /maximum number of tags/,
  )
  const bad = (tags: object[]) =>
    faultOf(house.call('CreateCluster', { clusterName: 'never', tags }))
  assert.match(await bad([{ key: 'AWS:x', value: 'v' }]), /reserved/)
  assert.match(await bad([{ key: 'a?', value: 'v' }]), /invalid characters/)
  assert.match(
    await bad(Array.from({ length: 51 }, (_, n) => ({ key: `k${n}` }))),
    /maximum number of tags/,
  )
  assert.match(await bad([{ key: 'k' }, { key: 'k' }]), /Duplicate tag keys/)
  assert.equal(
    (await house.call('ListClusters')).clusterArns.length,
    1,
    'a creation with bad tags creates nothing',
  )
})

test('account settings: what holds, for whom, and back again', async () => {
  const house = await House.open()
  const effective = async (): Promise<Answer[]> =>
    (await house.call('ListAccountSettings', { effectiveSettings: true })).settings
  assert.deepEqual(
    (await effective()).map(({ name, value }) => `${name}=${value}`),
    [
      'containerInsights=disabled',
      'containerInstanceLongArnFormat=enabled',
      'serviceLongArnFormat=enabled',
      'taskLongArnFormat=enabled',
    ],
  )
  const put = { name: 'taskLongArnFormat', value: 'enabled' }
  await house.call('PutAccountSetting', put)
  await house.call('PutAccountSettingDefault', put)
  assert.equal((await house.call('ListAccountSettings')).settings.length, 1)
  assert.match(
    await faultOf(house.call('PutAccountSetting', { ...put, value: 'disabled' })),
    /cannot be disabled/,
  )
  await house.call('DeleteAccountSetting', { name: put.name })
  assert.deepEqual((await house.call('ListAccountSettings')).settings, [])
})

test('a machine key is good for agent-facing operations on its own container instance, and for nothing else', async () => {
  const house = await House.open()
  const own = await house.host()
  const other = await house.host()
  await house.call('RegisterTaskDefinition', { family: 'web', containerDefinitions: [APP] })
  const { tasks } = await house.call('RunTask', {
    taskDefinition: 'web',
    count: 2,
    placementStrategy: [{ type: 'spread', field: 'instanceId' }],
  })
  const key = {
    type: 'host',
    accountId: ACCOUNT,
    hostId: 'h',
    containerInstanceArn: own.arn,
  } as const
  const as = { principal: key }
  const on = (arn: string): string =>
    tasks.find((task: Answer) => task.containerInstanceArn === arn).taskArn
  const report = (task: string) =>
    house.call('SubmitTaskStateChange', { task, status: 'RUNNING' }, as)
  assert.equal(await faultOf(report(on(own.arn))), 'no fault')
  const denied = `AccessDeniedException: User: arn:aws:iam::${ACCOUNT}:host/h is not authorized to perform: `
  assert.equal(
    await faultOf(report(on(other.arn))),
    `${denied}ecs:SubmitTaskStateChange on resource: ${other.arn} because no identity-based policy allows the ecs:SubmitTaskStateChange action`,
  )
  for (const [operation, input] of [
    ['ListTasks', {}],
    ['RunTask', { taskDefinition: 'web' }],
    ['DescribeContainerInstances', { containerInstances: [own.arn] }],
    ['UpdateContainerInstancesState', { containerInstances: [other.arn], status: 'DRAINING' }],
    ['DeregisterContainerInstance', { containerInstance: other.arn, force: true }],
  ] as const)
    assert.ok((await faultOf(house.call(operation, input, as))).startsWith(denied), operation)
  assert.equal(
    await faultOf(
      house.call(
        'UpdateContainerInstancesState',
        { containerInstances: [own.arn], status: 'DRAINING' },
        as,
      ),
    ),
    'no fault',
  )
  const refused = house
    .conversation('/acs/ws')
    .open(`/acs/ws?containerInstanceArn=${other.arn}`, house.caller(as))
  assert.ok(typeof refused === 'object' && refused.status === 403)
})

test('an identifier of another region, account, type or form is refused', async () => {
  const house = await House.open()
  await house.call('CreateCluster')
  const arn = `arn:aws:ecs:${REGION}:${ACCOUNT}:cluster/default`
  for (const [cluster, text] of [
    [arn.replace(REGION, 'eu-west-1'), /Identifier is for eu-west-1\. Your region is us-east-1/],
    [arn.replace(ACCOUNT, '999999999999'), /Identifier is for 999999999999/],
    [arn.replace(':cluster/', ':task/'), /Unexpected resource type task/],
    ['a/b', /Invalid cluster identifier/],
    ['arn:x', /Invalid identifier/],
  ] as const)
    assert.match(await faultOf(house.call('ListTasks', { cluster })), text)
  assert.match(
    await faultOf(house.call('StopTask', { task: 'short' })),
    /taskId length should be one of \[32,36\]/,
  )
  await turn()
})

test('a machine that registers without saying which container instance it is is the one that it was', async () => {
  const house = await House.open()
  await house.call('CreateCluster', { clusterName: 'default' })
  await house.call('CreateCluster', { clusterName: 'other' })
  const host = { type: 'host', accountId: ACCOUNT, hostId: 'h' } as const
  const register = async (cluster: string, containerInstanceArn?: string): Promise<string> => {
    const as = { principal: { ...host, containerInstanceArn } }
    const { containerInstance } = await house.call('RegisterContainerInstance', { cluster }, as)
    return containerInstance.containerInstanceArn
  }
  const first = await register('default')
  assert.equal(await register('default', first), first, 'an answer that was lost')
  // One key is one container instance: its machine is in no second cluster or region.
  const { revision } = house.server.store
  await house.call('CreateCluster', { clusterName: 'default' }, { region: 'eu-west-1' })
  for (const [cluster, region] of [
    ['other', REGION],
    ['default', 'eu-west-1'],
  ] as const)
    assert.match(
      await faultOf(
        house.call('RegisterContainerInstance', { cluster }, { principal: host, region }),
      ),
      new RegExp(`^ClientException: The machine key of host h is good for ${first}, which is`),
    )
  assert.equal(house.server.store.revision, revision + 1, 'nothing but the cluster was made')
  await house.call('DeregisterContainerInstance', { containerInstance: first, force: true })
  const elsewhere = await register('other', first)
  assert.notEqual(elsewhere, first)
  assert.equal(await register('other', elsewhere), elsewhere)
})
