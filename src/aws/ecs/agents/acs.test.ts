import assert from 'node:assert/strict'
import { test } from 'node:test'

import { type Answer, type Host, House, turn } from '#server/house.fixture.ts'

const RUN = { taskDefinition: 'web' }

async function prepared(): Promise<{ house: House; host: Host }> {
  const house = await House.open()
  const host = await house.host()
  const containerDefinitions = [{ name: 'app', image: 'app:1', memory: 64 }]
  await house.call('RegisterTaskDefinition', { family: 'web', containerDefinitions })
  return { house, host }
}
const run = async (house: House): Promise<string> =>
  (await house.call('RunTask', RUN)).tasks[0].taskArn
const instance = async (house: House, host: Host): Promise<Answer> =>
  (await house.call('DescribeContainerInstances', { containerInstances: [host.arn] }))
    .containerInstances[0]

test('a connection hears a manifest, then what it should run; numbers only grow, also over a restart', async () => {
  const { house, host } = await prepared()
  const taskArn = await run(house)
  await house.call('StopTask', { task: await run(house) })
  const again = await House.open(house.log, house.clock)
  const returned = new (host.constructor as new (...a: Answer[]) => Host)(again, host.arn)
  await returned.connect()
  const [manifest, payload] = returned.heard
  assert.equal(manifest?.type, 'TaskManifestMessage')
  assert.deepEqual(manifest?.message.tasks.map((task: Answer) => task.desiredStatus).toSorted(), [
    'RUNNING',
    'STOPPED',
  ])
  assert.equal(payload?.type, 'PayloadMessage')
  assert.equal(returned.payloads(taskArn).length, 1)
  const numbers = [...host.heard, ...returned.heard]
    .map(({ message }) => message.timeline ?? message.seqNum)
    .filter((number) => number !== undefined)
  assert.deepEqual(
    numbers,
    numbers.toSorted((a, b) => a - b),
  )
  assert.equal(new Set(numbers).size, numbers.length)
})

test('what is not acknowledged is said again, what is acknowledged is not', async () => {
  const { house, host } = await prepared()
  const taskArn = await run(house)
  await house.clock.move(90_000)
  assert.equal(host.payloads(taskArn).length, 2)
  await host.acknowledge(host.payloads(taskArn)[1])
  await house.clock.move(300_000)
  assert.equal(host.payloads(taskArn).length, 2)
  assert.ok(host.heard.filter(({ type }) => type === 'HeartbeatMessage').length > 10)
})

test('surprise 9: a payload with one bad task is not acknowledged: what ran is said again, what ended is not', async () => {
  const { house, host } = await prepared()
  const { tasks } = await house.call('RunTask', { ...RUN, count: 2 })
  const [good, bad] = tasks.map(({ taskArn }: Answer) => taskArn)
  await host.report(good, 'RUNNING', [{ containerName: 'app', status: 'RUNNING' }])
  await host.report(bad, 'STOPPED', [])
  await house.clock.move(90_000)
  assert.equal(host.payloads(good).length, 2)
  assert.equal(host.payloads(bad).length, 1)
})

test('a host that asks may stop only what is desired STOPPED here: never what is unknown or to run', async () => {
  const { house, host } = await prepared()
  const runs = await run(house)
  const stops = await run(house)
  await house.call('StopTask', { task: stops })
  const unknown = runs.replace(/\/[0-9a-f]{32}$/, `/${'f'.repeat(32)}`)
  const stopCandidates = [runs, stops, unknown].map((taskArn) => ({
    taskArn,
    desiredStatus: 'STOPPED',
  }))
  await host.say('TaskStopVerificationMessage', { messageId: 'm1', stopCandidates })
  const ack = host.heard.find(({ type }) => type === 'TaskStopVerificationAck')
  assert.deepEqual(
    ack?.message.stopTasks.map((task: Answer) => task.taskArn),
    [stops],
  )
})

test('agentConnected follows the connection; a newer one takes the place of an older one', async () => {
  const { house, host } = await prepared()
  assert.equal((await instance(house, host)).agentConnected, true)
  const second = new (host.constructor as new (...a: Answer[]) => Host)(house, host.arn)
  await second.connect()
  assert.equal(host.closed?.code, 1000)
  assert.equal((await instance(house, host)).agentConnected, true)
  await second.disconnect()
  assert.equal((await instance(house, host)).agentConnected, false)
  const { failures } = await house.call('RunTask', RUN)
  assert.deepEqual(failures, [{ arn: host.arn, reason: 'AGENT' }])
})

test('after a restart an agent counts as connected for a minute, then no more unless it came back', async () => {
  const { house, host } = await prepared()
  const again = await House.open(house.log, house.clock)
  assert.equal((await again.call('RunTask', RUN)).failures.length, 0, 'a restart refuses no task')
  await again.clock.move(61_000)
  assert.equal((await instance(again, host)).agentConnected, false)
})

test('a deregistered host is let go, refused by name, and its tasks end here', async () => {
  const { house, host } = await prepared()
  const taskArn = await run(house)
  const force = { containerInstance: host.arn, force: true }
  await assert.rejects(
    house.call('DeregisterContainerInstance', { containerInstance: host.arn }),
    /Found running tasks/,
  )
  await house.call('DeregisterContainerInstance', force)
  await turn()
  assert.equal(host.closed?.code, 1000)
  assert.match((await host.connect()) ?? '', /InactiveInstanceException/)
  const [task] = (await house.call('DescribeTasks', { tasks: [taskArn] })).tasks
  assert.deepEqual(
    [task.lastStatus, task.stopCode, task.stoppedReason],
    ['STOPPED', 'UserInitiated', 'Container instance deregistration forced by user'],
  )
})

test('a frame that cannot be read changes nothing and ends nothing', async () => {
  const { house, host } = await prepared()
  const { revision } = house.server.store
  for (const message of [{ messageId: 7 }, { stopCandidates: 'x' }])
    for (const type of ['AckRequest', 'TaskStopVerificationMessage', 'NoSuchMessage'])
      await host.say(type, message)
  assert.equal(house.server.store.revision, revision)
  assert.equal(host.closed, undefined)
})
