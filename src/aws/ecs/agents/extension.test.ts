import assert from 'node:assert/strict'
import { test } from 'node:test'

import { type Answer, type Host, House, turn } from '#server/house.fixture.ts'
import { HEALTH_TASKS_MAX } from '#wire/limits.ts'

async function prepared() {
  const house = await House.open()
  const host = await house.host()
  await house.call('RegisterTaskDefinition', {
    family: 'web',
    containerDefinitions: [{ name: 'app', image: 'app:1', memory: 64 }],
  })
  const { tasks } = await house.call('RunTask', { taskDefinition: 'web', count: 3 })
  return { house, host, arns: tasks.map(({ taskArn }: Answer) => taskArn) as string[] }
}

const describe = async (house: House, arns: readonly string[]): Promise<Answer[]> =>
  (await house.call('DescribeTasks', { tasks: arns })).tasks
const last = (host: Host, type: string): Answer =>
  host.heard.findLast((frame) => frame.type === type)?.message
const change = (task: string, status: string, more: object = {}) => ({
  task,
  status,
  reason: '',
  containers: [{ containerName: 'app', status, ...more }],
})

test('a batch is taken change by change, and answered when it is durable', async () => {
  const { house, host, arns } = await prepared()
  const unknown = arns[0]!.replace(/[0-9a-f]{32}$/, 'f'.repeat(32))
  await host.say('BerthStateChanges', {
    messageId: 'b-1',
    changes: [
      change(arns[0]!, 'RUNNING'),
      change(unknown, 'RUNNING'),
      change(arns[1]!, 'STOPPED', { exitCode: 3 }),
      change(arns[0]!, 'STOPPED', { exitCode: 0 }),
    ],
  })
  await turn()
  const { messageId, results } = last(host, 'BerthStateChangesAck')
  assert.equal(messageId, 'b-1')
  assert.deepEqual(
    results.map(({ code }: Answer) => code),
    [undefined, 'InvalidParameterException', undefined, undefined],
  )
  const [first, second, third] = await describe(house, arns)
  assert.deepEqual(
    [first, second, third].map(({ lastStatus }) => lastStatus),
    ['STOPPED', 'STOPPED', 'PENDING'],
  )
  assert.ok(first.startedAt)
  assert.equal(second.containers[0].exitCode, 3)
})

test('a host tells nothing of the tasks of another', async () => {
  const { house, host, arns } = await prepared()
  const other = await house.host({ cluster: 'other' })
  const as = {
    principal: {
      type: 'host',
      accountId: '111122223333',
      hostId: 'h',
      containerInstanceArn: other.arn,
    },
  } as const
  const stranger = new (host.constructor as new (...a: Answer[]) => Host)(house, other.arn, as)
  await stranger.connect()
  await stranger.say('BerthStateChanges', {
    messageId: 'b',
    changes: [change(arns[0]!, 'STOPPED')],
  })
  await turn()
  assert.equal(last(stranger, 'BerthStateChangesAck').results[0].code, 'AccessDeniedException')
  await stranger.say('BerthHealth', {
    tasks: [{ taskArn: arns[0], containers: [{ containerName: 'app', healthStatus: 'HEALTHY' }] }],
  })
  const [task] = await describe(house, arns.slice(0, 1))
  assert.deepEqual([task.lastStatus, task.healthStatus], ['PENDING', 'UNKNOWN'])
})

test('health that comes at once is the task’s health', async () => {
  const { house, host, arns } = await prepared()
  for (const healthStatus of ['HEALTHY', 'UNHEALTHY']) {
    await host.say('BerthHealth', {
      tasks: [{ taskArn: arns[0], containers: [{ containerName: 'app', healthStatus }] }],
    })
    const [task] = await describe(house, arns.slice(0, 1))
    assert.equal(task.healthStatus, healthStatus)
  }
})

test('topics: only who says hello hears them, whole, when they are new to it, and when they change', async () => {
  const { house, host } = await prepared()
  const topics = () => host.heard.filter(({ type }) => type.startsWith('Berth'))
  const tags = (value: string) =>
    house.call('TagResource', { resourceArn: host.arn, tags: [{ key: 'team', value }] })
  await tags('red')
  await turn()
  assert.deepEqual(topics(), [], 'a host of the public protocol hears nothing of it')
  await host.say('BerthHello', { topics: [] })
  await turn()
  assert.deepEqual(
    topics().map(({ type }) => type),
    ['BerthWelcome', 'BerthTopic'],
  )
  const told = last(host, 'BerthTopic')
  assert.deepEqual(told.content, { status: 'ACTIVE', tags: [{ key: 'team', value: 'red' }] })
  // Its tasks change the host's record, and not the topic.
  await house.call('RunTask', { taskDefinition: 'web' })
  await turn()
  assert.equal(topics().length, 2)
  await tags('blue')
  await turn()
  assert.deepEqual(last(host, 'BerthTopic').content.tags, [{ key: 'team', value: 'blue' }])
  const { name, revision } = last(host, 'BerthTopic')
  await host.disconnect()
  await host.connect()
  const before = topics().length
  await host.say('BerthHello', { topics: [{ name, revision }] })
  await turn()
  assert.equal(topics().length, before + 1, 'what it has is not told again')
})

const health = (taskArn: string, healthStatus: string) => ({
  taskArn,
  containers: [{ containerName: 'app', healthStatus }],
})

test('of a task that is named again and again in one frame of health the last word counts', async () => {
  const { house, host, arns } = await prepared()
  const tasks = Array.from({ length: HEALTH_TASKS_MAX }, (_, at) =>
    health(arns[0]!, at % 2 ? 'HEALTHY' : 'UNHEALTHY'),
  )
  const before = house.server.store.revision
  await host.say('BerthHealth', { tasks })
  const [task] = await describe(house, arns.slice(0, 1))
  assert.equal(task.healthStatus, 'HEALTHY')
  assert.equal(task.version, 2, 'one change')
  assert.equal(house.server.store.revision, before + 1)
  await host.say('BerthHealth', { tasks: [...tasks, health(arns[1]!, 'HEALTHY')] })
  const [, second] = await describe(house, arns)
  assert.equal(second.healthStatus, 'UNKNOWN', 'a frame with more tasks is none')
})

test('the longest that a host may report fits a commit, by frame and by call', async () => {
  const { house, host } = await prepared()
  const names = Array.from({ length: 10 }, (_, at) => `${at}${'a'.repeat(254)}`)
  await house.call('RegisterTaskDefinition', {
    family: 'large',
    containerDefinitions: names.map((name) => ({ name, image: 'app:1', memory: 64 })),
  })
  const { tasks } = await house.call('RunTask', { taskDefinition: 'large', count: 2 })
  // Each of these is six characters in JSON.
  const long = '\u0001'.repeat(2000)
  const text = long.slice(0, 100)
  const binding = {
    bindIP: text,
    containerPort: 65_535,
    hostPort: 65_535,
    containerPortRange: text,
    hostPortRange: text,
    protocol: 'tcp',
  }
  const containers = (bindings: number) =>
    names.map((containerName) => ({
      containerName,
      status: 'STOPPED',
      runtimeId: long,
      imageDigest: long,
      reason: long,
      exitCode: 2 ** 31 - 1,
      networkBindings: Array.from({ length: bindings }, () => binding),
    }))
  const [byFrame, byCall] = tasks.map(({ taskArn }: Answer) => taskArn) as [string, string]
  await host.say('BerthStateChanges', {
    messageId: 'long',
    changes: [{ task: byFrame, status: 'STOPPED', reason: long, containers: containers(100) }],
  })
  await turn()
  assert.deepEqual(last(host, 'BerthStateChangesAck').results, [{}])
  await host.report(byCall, 'STOPPED', containers(1000))
  for (const task of await describe(house, [byFrame, byCall])) {
    assert.equal(task.lastStatus, 'STOPPED')
    for (const { networkBindings } of task.containers) {
      assert.equal(networkBindings.length, 100)
      assert.equal(networkBindings[0].bindIP.length, 45)
    }
  }
})
