import assert from 'node:assert/strict'
import { test } from 'node:test'

import { type Answer, House } from '#server/house.fixture.ts'

import { machineKeys, Teller } from './teller.fixture.ts'

const APP = { name: 'app', image: 'app:1', memory: 64 }

async function prepared() {
  const house = await House.open()
  const host = await house.host()
  const keys = await machineKeys(house)
  const side = { ...APP, name: 'side', essential: false }
  const containerDefinitions = [APP, { ...APP, name: 'other' }, side]
  await house.call('RegisterTaskDefinition', { family: 'web', containerDefinitions })
  const { tasks } = await house.call('RunTask', { taskDefinition: 'web' })
  return {
    house,
    host,
    task: tasks[0].taskArn as string,
    teller: new Teller(house, host.arn, keys),
  }
}

const health = (taskArn: string, statuses: Readonly<Record<string, string>>) => ({
  metadata: { cluster: 'default', containerInstance: 'c', fin: true, messageId: 'm' },
  tasks: [
    {
      taskArn,
      containers: Object.entries(statuses).map(([containerName, healthStatus]) => ({
        containerName,
        healthStatus,
        statusSince: 0,
      })),
    },
  ],
  timestamp: 0,
})
const describe = async (house: House, task: string): Promise<Answer> =>
  (await house.call('DescribeTasks', { tasks: [task] })).tasks[0]

test('a task is as healthy as its essential containers; the same health again changes nothing', async () => {
  const { house, task, teller } = await prepared()
  for (const [statuses, healthStatus] of [
    [{ app: 'HEALTHY' }, 'UNKNOWN'],
    [{ other: 'HEALTHY', side: 'UNHEALTHY' }, 'HEALTHY'],
    [{ app: 'UNHEALTHY' }, 'UNHEALTHY'],
    [{ app: 'HEALTHY' }, 'HEALTHY'],
  ] as const) {
    await teller.say('PublishHealthRequest', health(task, statuses))
    assert.equal(teller.heard.at(-1).type, 'AckPublishHealth')
    assert.equal((await describe(house, task)).healthStatus, healthStatus)
  }
  const { revision } = house.server.store
  await teller.say('PublishHealthRequest', health(task, { app: 'HEALTHY' }))
  assert.equal(house.server.store.revision, revision)
})

test('a host says nothing of the tasks of another', async () => {
  const { house, task, teller } = await prepared()
  const other = await house.host()
  const { tasks } = await house.call('StartTask', {
    taskDefinition: 'web',
    containerInstances: [other.arn],
  })
  const { taskArn } = tasks[0]
  await teller.say('PublishHealthRequest', health(taskArn, { app: 'UNHEALTHY' }))
  const unknown = task.replace(/.{32}$/, 'f'.repeat(32))
  await teller.say('PublishHealthRequest', health(unknown, { app: 'UNHEALTHY' }))
  assert.equal((await describe(house, taskArn)).containers[0].healthStatus, 'UNKNOWN')
  assert.equal(teller.closed, undefined)
})

test('a frame whose signature does not fit, or that is none, ends the connection and changes nothing', async () => {
  for (const tamper of [
    (body: string) => body.replace('UNHEALTHY', 'HEALTHY'),
    (body: string) => `${body} `,
  ]) {
    const { house, task, teller } = await prepared()
    const { revision } = house.server.store
    await teller.say('PublishHealthRequest', health(task, { app: 'UNHEALTHY' }), tamper)
    assert.equal(teller.closed, 1008)
    assert.equal(house.server.store.revision, revision)
    assert.deepEqual(teller.heard, [])
  }
})

test('an instance’s health is described where it is asked for, and heartbeats go on until the close', async () => {
  const { house, host, teller } = await prepared()
  await teller.say('PublishInstanceStatusRequest', {
    metadata: { cluster: 'default', containerInstance: host.arn, requestId: 'r' },
    statuses: [{ type: 'CONTAINER_RUNTIME', status: 'IMPAIRED' }],
    timestamp: 0,
  })
  assert.equal(teller.heard.at(-1).type, 'AckPublishInstanceStatus')
  const { containerInstances } = await house.call('DescribeContainerInstances', {
    containerInstances: [host.arn],
    include: ['CONTAINER_INSTANCE_HEALTH'],
  })
  assert.equal(containerInstances[0].healthStatus.overallStatus, 'IMPAIRED')
  const beats = () => teller.heard.filter(({ type }) => type === 'HeartbeatMessage').length
  await house.clock.move(60_000)
  assert.equal(beats(), 2)
  await teller.say('PublishHealthRequest', {}, () => 'no frame')
  await house.clock.move(60_000)
  assert.equal(beats(), 2)
})
