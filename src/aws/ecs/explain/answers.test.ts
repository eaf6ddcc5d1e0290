import assert from 'node:assert/strict'
import { test } from 'node:test'

import { readInput } from '#gateway/checked.ts'
import { OperatorError } from '#room/operator.ts'
import type { Tools } from '#room/room.ts'
import { ACCOUNT, House } from '#server/house.fixture.ts'

import { answerPlan, answerWhy } from './answers.ts'

async function outside() {
  const house = await House.open()
  await house.host()
  await house.call('RegisterTaskDefinition', {
    family: 'web',
    containerDefinitions: [{ name: 'app', image: 'app:1', cpu: 1024, memory: 64 }],
  })
  const { store, guard, operations } = house.server
  let count = 0
  const next = (): string => `planned-${(count += 1)}`
  const ids = { hex: next, uuid: next, random: () => 0 }
  const rehearse: Tools['rehearse'] = (name, input, ...rest) =>
    operations.rehearse({ service: 'ecs', name }, readInput('ecs', name, input), ...rest)
  const { accounts } = guard
  const of = { store, accounts, rehearse, clock: house.clock, ids, policy: {} }
  return { house, of }
}
const CREATE = { serviceName: 'web', taskDefinition: 'web', desiredCount: 3 }

test('a plan says what would start, where, and how far it would come, and keeps nothing of it', async () => {
  const { house, of } = await outside()
  const before = house.server.store.revision
  const plan = answerPlan(of, { operation: 'CreateService', input: CREATE, accountId: ACCOUNT })
  assert.equal(plan.service?.steps[0]?.starts.length, 2)
  assert.equal(plan.service?.end, 'WAITS_FOR_HOSTS')
  assert.match(plan.service?.events.join('\n') ?? '', /has insufficient CPU units available/)
  assert.equal(house.server.store.revision, before)
  assert.deepEqual((await house.call('ListServices')).serviceArns, [])
})

test('what is asked badly gets the text that AWS has for it, or ours', async () => {
  const { house, of } = await outside()
  const refused = (operation: string, input: unknown): string => {
    try {
      answerPlan(of, { operation, input, accountId: ACCOUNT })
    } catch (error) {
      assert.ok(error instanceof OperatorError, String(error))
      return error.message
    }
    return 'it was planned'
  }
  assert.match(refused('CreateService', { ...CREATE, desiredCount: 'three' }), /^Serialization/)
  assert.match(refused('CreateService', { ...CREATE, desireCount: 3 }), /no member desireCount/)
  assert.match(refused('CreateService', []), /^Serialization/)
  assert.match(refused('UpdateService', { service: 'none' }), /^ServiceNotFoundException/)
  assert.match(refused('CreateCluster', {}), /^there is no plan of CreateCluster/)
  assert.match(refused('RunTask', {}), /taskDefinition/)
  const asked = { name: 'none', accountId: ACCOUNT }
  assert.throws(() => answerWhy(of, asked), /there is no task, service or deployment none/)
  assert.throws(() => answerWhy(of, { name: {}, accountId: ACCOUNT }), OperatorError)
  assert.throws(() => answerWhy(of, { name: 'web' }), /there are several accounts/)
  assert.equal(await house.call('ListServices').then(({ serviceArns }) => serviceArns.length), 0)
})

test('why a service waits: every host with what it lacks', async () => {
  const { house, of } = await outside()
  await house.call('CreateService', CREATE)
  await house.clock.move(0)
  const { says, hosts } = answerWhy(of, { name: 'web', accountId: ACCOUNT })
  assert.match(says.join('\n'), /^ACTIVE: 3 wanted/)
  const lacking = hosts?.[0]?.predicates.filter(({ holds }) => !holds)
  assert.deepEqual(lacking, [
    { predicate: 'cpu', holds: false, needs: '1024 units', has: '0 units' },
  ])
})

test("why a service waits: what a host's operator does not allow", async () => {
  const { house, of } = await outside()
  const [arn] = (await house.call('ListContainerInstances')).containerInstanceArns
  const attributes = [{ name: 'berth.host-policy.namespaces', value: 'only' }]
  await house.call('RegisterContainerInstance', { containerInstanceArn: arn, attributes })
  await house.call('RegisterTaskDefinition', {
    family: 'web',
    networkMode: 'host',
    containerDefinitions: [{ name: 'app', image: 'app:1', memory: 64 }],
  })
  await house.call('CreateService', CREATE)
  await house.clock.move(0)
  const { hosts } = answerWhy(of, { name: 'web', accountId: ACCOUNT })
  const lacking = hosts?.[0]?.predicates.find(({ has }) => has.includes('allowed'))
  const network = { needs: 'network', has: 'not allowed on this host' }
  assert.deepEqual(lacking, { predicate: 'networkMode host', holds: false, ...network })
})

test('a task goes to no host whose operator does not allow the registry of its image', async () => {
  const { house, of } = await outside()
  const [arn] = (await house.call('ListContainerInstances')).containerInstanceArns
  const attributes = [
    { name: 'berth.host-policy.registries', value: 'only' },
    { name: 'berth.host-policy.registries.0', value: 'docker.io' },
  ]
  await house.call('RegisterContainerInstance', { containerInstanceArn: arn, attributes })
  const detailOf = async (image: string): Promise<string | undefined> => {
    const containerDefinitions = [{ name: 'app', image, cpu: 64, memory: 64 }]
    await house.call('RegisterTaskDefinition', { family: 'web', containerDefinitions })
    const asked = { operation: 'RunTask', input: { taskDefinition: 'web' } }
    const { answer } = answerPlan(of, { accountId: ACCOUNT, ...asked })
    return (answer as { failures: { detail: string }[] }).failures[0]?.detail
  }
  assert.equal(await detailOf('host:5000/app'), 'image host:5000 (not allowed on this host)')
  assert.notEqual(await detailOf('app'), 'image docker.io (not allowed on this host)')
})

test('what is not in this release is told by the member of the task definition that asks for it', async () => {
  const { house, of } = await outside()
  await house.call('RegisterTaskDefinition', {
    family: 'web',
    taskRoleArn: 'app',
    containerDefinitions: [{ name: 'app', image: 'app:1', cpu: 64, memory: 64 }],
  })
  const asked = { accountId: ACCOUNT }
  const plan = answerPlan(of, { ...asked, operation: 'CreateService', input: CREATE })
  assert.deepEqual([plan.service?.end, plan.service?.unbuilt], ['WAITS_FOR_HOSTS', ['taskRoleArn']])
  const run = answerPlan(of, { ...asked, operation: 'RunTask', input: { taskDefinition: 'web' } })
  const capability = 'com.amazonaws.ecs.capability.task-iam-role'
  const [failure] = (run.answer as { failures: { detail: string }[] }).failures
  assert.equal(failure?.detail, `${capability} (taskRoleArn is not in this release)`)
  await house.call('CreateService', CREATE)
  await house.clock.move(0)
  const { says, hosts } = answerWhy(of, { ...asked, name: 'web' })
  assert.ok(says.includes('its task definition asks for what is not in this release: taskRoleArn'))
  assert.deepEqual(
    hosts?.[0]?.predicates.filter(({ holds }) => !holds),
    [
      {
        predicate: 'taskRoleArn',
        holds: false,
        needs: capability,
        has: 'nothing: not in this release',
      },
    ],
  )
})
