import assert from 'node:assert/strict'
import { test } from 'node:test'

import { type Answer, House, turn } from '#server/house.fixture.ts'
import { MemoryLog } from '#store/memory-log.fixture.ts'

/** A house with a host, whose family `web` logs to this group. */
async function prepared(options: Readonly<Record<string, string>> = {}, log = new MemoryLog()) {
  const house = await House.open(log)
  const host = await house.host({
    attributes: [{ name: 'com.amazonaws.ecs.capability.logging-driver.awslogs' }],
  })
  await house.call('RegisterTaskDefinition', {
    family: 'web',
    containerDefinitions: [
      {
        name: 'app',
        image: 'app:1',
        memory: 64,
        logConfiguration: {
          logDriver: 'awslogs',
          options: {
            'awslogs-group': '/web',
            'awslogs-region': 'us-east-1',
            'awslogs-create-group': 'true',
            ...options,
          },
        },
      },
    ],
  })
  const groups = async (region = 'us-east-1'): Promise<string[]> => {
    const { logGroups } = await house.callOf('logs', 'DescribeLogGroups', {}, { region })
    return logGroups.map(({ logGroupName }: Answer) => logGroupName)
  }
  const run = async (): Promise<string> => {
    const { tasks } = await house.call('RunTask', { taskDefinition: 'web' })
    return tasks[0].taskArn
  }
  return { house, host, groups, run }
}

test('the group that a task asks for is made before its host hears of the task', async () => {
  const { host, groups, run } = await prepared()
  let seen: string[] | undefined
  const heard = host.heard.push.bind(host.heard)
  host.heard.push = (...frames) => {
    if (frames.some(({ type }) => type === 'PayloadMessage'))
      void groups().then((all) => (seen = all))
    return heard(...frames)
  }
  const arn = await run()
  await turn()
  assert.equal(host.payloads(arn).length, 1)
  await turn()
  assert.deepEqual(seen, ['/web'])
})

test('a group that is there is as good, and one in another region is made there', async () => {
  const { house, host, groups, run } = await prepared({ 'awslogs-region': 'eu-west-1' })
  await run()
  await turn()
  const again = await run()
  await turn()
  assert.deepEqual([await groups(), await groups('eu-west-1')], [[], ['/web']])
  assert.equal(host.payloads(again).length, 1)
  assert.equal((await house.call('ListTasks')).taskArns.length, 2)
})

test('without the option nothing is made', async () => {
  const { host, groups, run } = await prepared({ 'awslogs-create-group': 'false' })
  const arn = await run()
  await turn()
  assert.deepEqual(await groups(), [])
  assert.equal(host.payloads(arn).length, 1)
})

test('a task whose group cannot be made does not start, and says why', async () => {
  const { house, host, run } = await prepared({ 'awslogs-group': 'no such*name' })
  const arn = await run()
  await turn()
  const { tasks } = await house.call('DescribeTasks', { tasks: [arn] })
  assert.equal(tasks[0].desiredStatus, 'STOPPED')
  assert.equal(tasks[0].stopCode, 'TaskFailedToStart')
  assert.match(
    tasks[0].stoppedReason,
    /^ResourceInitializationError: failed to create log group no such\*name: InvalidParameterException: /,
  )
  assert.equal(
    host.payloads(arn).every(({ tasks: [task] }) => task.desiredStatus === 'STOPPED'),
    true,
  )
})
