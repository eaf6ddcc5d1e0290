import assert from 'node:assert/strict'
import { test } from 'node:test'

import { type Answer, type Host, House, turn } from '#server/house.fixture.ts'

const HOSTS = 5

async function prepared() {
  const house = await House.open()
  const hosts: Host[] = []
  for (let n = 0; n < HOSTS; n++) hosts.push(await house.host())
  await house.call('RegisterTaskDefinition', {
    family: 'web',
    containerDefinitions: [{ name: 'app', image: 'app:1', memory: 64 }],
  })
  const { tasks } = await house.call('StartTask', {
    taskDefinition: 'web',
    containerInstances: hosts.map(({ arn }) => arn),
  })
  const arns = tasks.map(({ taskArn }: Answer) => taskArn) as string[]
  return { house, hosts, arns }
}

const running = (task: string, more: object = {}): object => ({
  messageId: `of-${task}`,
  changes: [
    {
      task,
      status: 'RUNNING',
      reason: '',
      containers: [{ containerName: 'app', status: 'RUNNING', ...more }],
    },
  ],
})
const answers = (host: Host): Answer[] =>
  host.heard.filter(({ type }) => type === 'BerthStateChangesAck').map(({ message }) => message)

test('what hosts report while a report becomes durable is one commit, and each host hears of its own', async () => {
  const { house, hosts, arns } = await prepared()
  const { store } = house.server
  const before = store.revision
  const said = hosts.map((host, at) => host.say('BerthStateChanges', running(arns[at] as string)))
  await Promise.all(said)
  assert.equal(store.revision, before + 2, 'the first alone, then all others together')
  for (const [at, host] of hosts.entries())
    assert.deepEqual(answers(host), [{ messageId: `of-${arns[at]}`, results: [{}] }])
  const [cluster] = (await house.call('DescribeClusters', {})).clusters
  assert.deepEqual([cluster.runningTasksCount, cluster.pendingTasksCount], [HOSTS, 0])
  const instances = await house.call('DescribeContainerInstances', {
    containerInstances: hosts.map(({ arn }) => arn),
  })
  for (const { runningTasksCount, pendingTasksCount } of instances.containerInstances)
    assert.deepEqual([runningTasksCount, pendingTasksCount], [1, 0])
})

test('a task that begins and ends in what is taken together has done both, and gives back what it held', async () => {
  const { house, hosts, arns } = await prepared()
  const [host] = hosts as [Host]
  const [task] = arns as [string]
  const ends = { task, status: 'STOPPED', reason: '', containers: [] }
  const { changes } = running(task) as { changes: object[] }
  await host.say('BerthStateChanges', {
    messageId: 'both',
    changes: [...changes, ends, ...changes],
  })
  const [described] = (await house.call('DescribeTasks', { tasks: [task] })).tasks
  assert.equal(described.lastStatus, 'STOPPED')
  assert.ok(described.startedAt)
  const [instance] = (
    await house.call('DescribeContainerInstances', { containerInstances: [host.arn] })
  ).containerInstances
  assert.deepEqual([instance.runningTasksCount, instance.pendingTasksCount], [0, 0])
  assert.deepEqual(instance.remainingResources, instance.registeredResources)
})

test('a host that goes on reporting without waiting for answers is let go', async () => {
  const { hosts, arns } = await prepared()
  const [host, other] = hosts as [Host, Host]
  const said: Promise<void>[] = []
  for (let n = 0; n < 20; n++) said.push(host.say('BerthStateChanges', running(arns[0] as string)))
  await Promise.all(said)
  assert.equal(host.closed?.code, 1011)
  await other.say('BerthStateChanges', running(arns[1] as string))
  await turn()
  assert.equal(answers(other).length, 1)
})
