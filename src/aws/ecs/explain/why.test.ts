import assert from 'node:assert/strict'
import { test } from 'node:test'

import { ACCOUNT, REGION } from '#server/house.fixture.ts'

import { Fleet, stayingDaemon, steady } from '../services/fleet.fixture.ts'
import { why, type Why } from './why.ts'

function ask({ house }: Fleet, name = 'web'): Why {
  const ids = { hex: () => 'an-id', uuid: () => 'an-id', random: () => 0 }
  const place = { tenant: ACCOUNT, region: REGION, cluster: 'default' }
  const world = { now: house.clock.now(), ids }
  return house.server.store.rehearse((tx) => why(tx, name, place, world)) as Why
}
const said = (fleet: Fleet): string => ask(fleet).says.join('\n')

test('percentages that let it neither stop nor start are named', async () => {
  const fleet = await steady(2, {
    desiredCount: 2,
    deploymentConfiguration: { minimumHealthyPercent: 75, maximumPercent: 100 },
  })
  assert.doesNotMatch(said(fleet), /its events say/)
  await fleet.update({ forceNewDeployment: true })
  await fleet.pass(60)
  assert.match(
    said(fleet),
    /its events say since \d+ s ago: minimumHealthyPercent and maximumPercent let it neither stop nor start a task/,
  )
})

test('what failed is told with its reason, and no next round where there will be none', async () => {
  const fleet = await Fleet.open(1)
  fleet.rules.set('app:1', 'cannot start')
  await fleet.define('app:1')
  await fleet.service({ desiredCount: 1 })
  await fleet.pass(60)
  assert.match(said(fleet), /tasks failed\n\d+ rounds of launches failed in a row: the next is in /)
  const [newest] = fleet
    .tasks()
    .toSorted((one, other) => (other.stoppedAt ?? 0) - (one.stoppedAt ?? 0))
  const end = `the newest, task ${newest?.taskId}\nstopped `
  assert.ok(said(fleet).includes(end), said(fleet))
  assert.match(said(fleet), /stopped \d+ s ago: Cannot\w+Error/)
  const deploymentCircuitBreaker = { enable: true, rollback: false }
  await fleet.update({ deploymentConfiguration: { deploymentCircuitBreaker } })
  await fleet.pass(600, 30)
  assert.match(said(fleet), /it has failed: nothing is started, and what ends is not replaced/)
  assert.doesNotMatch(said(fleet), /the next is in/)
})

test('a host that drains lacks that alone, and a daemon there waits for the others', async () => {
  const fleet = await stayingDaemon()
  await fleet.settle()
  assert.match(said(fleet), /1 on draining hosts: each leaves when the last of the others/)
  const waiting = await steady(1, { desiredCount: 1 }, { privileged: true })
  await waiting.house.call('UpdateContainerInstancesState', {
    containerInstances: [waiting.hosts[0]?.arn],
    status: 'DRAINING',
  })
  await waiting.pass(30)
  const lacking = ask(waiting).hosts?.map(({ predicates }) =>
    predicates.filter(({ holds }) => !holds).map(({ predicate }) => predicate),
  )
  assert.deepEqual(lacking, [['status']])
})

test('room that is kept for daemons is told, but not to the daemon for which it is kept', async () => {
  const fleet = await Fleet.open(1)
  await fleet.define('app:1', { cpu: 1024 })
  await fleet.service({ serviceName: 'first', desiredCount: 1 })
  await fleet.settle()
  await fleet.define('app:1', { cpu: 1536, portMappings: [{ containerPort: 80, hostPort: 80 }] })
  await fleet.service({
    serviceName: 'daemon',
    schedulingStrategy: 'DAEMON',
    desiredCount: undefined,
  })
  await fleet.service({ desiredCount: 1 })
  await fleet.settle()
  const lacking = (name?: string) =>
    ask(fleet, name).hosts?.flatMap(({ predicates }) =>
      predicates.flatMap(({ predicate, holds, has }) => (holds ? [] : [`${predicate}: ${has}`])),
    )
  assert.deepEqual(lacking(), [
    'cpu: 0 units, and 1024 kept for daemons',
    'ports: 80 kept for daemons',
  ])
  assert.deepEqual(lacking('daemon'), ['cpu: 1024 units'])
})

test('what the percentages let happen is told with its numbers, and which tasks are protected', async () => {
  const fleet = await steady(2, { desiredCount: 4 })
  const [first] = fleet.tasks()
  const taskId = first?.taskId ?? ''
  await fleet.house.call('UpdateTaskProtection', {
    tasks: [taskId],
    protectionEnabled: true,
    expiresInMinutes: 30,
  })
  assert.doesNotMatch(said(fleet), /at most/)
  await fleet.update({ forceNewDeployment: true })
  await fleet.settle()
  assert.match(
    said(fleet),
    /at least 4 are kept healthy and at most 8 run at once: 4 are healthy, 8 have not ended/,
  )
  assert.ok(
    said(fleet).includes(`1 protected, not to be ended for scale: task ${taskId} for 30 min`),
  )
  const young = await Fleet.open(2)
  await young.define('app:1')
  await young.service({
    deploymentConfiguration: { minimumHealthyPercent: 50, maximumPercent: 100 },
  })
  await young.settle()
  await young.update({ forceNewDeployment: true })
  await young.settle()
  assert.match(
    said(young),
    /the next task counts as healthy, or not, in \d+ s/,
    'though it is an older one',
  )
})

test('a daemon names the hosts out of reach that it waits for, and those that it does not', async () => {
  const fleet = await steady(2, { schedulingStrategy: 'DAEMON', desiredCount: undefined })
  const [first] = fleet.hosts
  await first?.disconnect()
  await fleet.update({ forceNewDeployment: true })
  await fleet.settle()
  const id = first?.arn.split('/').at(-1) ?? ''
  assert.ok(said(fleet).includes(`out of reach, and waited for, the first for`), said(fleet))
  assert.ok(said(fleet).includes(id))
  await fleet.pass(180, 20)
  assert.ok(said(fleet).includes(`out of reach, and not waited for: ${id}`), said(fleet))
})

test('a controller’s service that fits on no host shows every host, and a bake says how long it is', async () => {
  const fleet = await Fleet.open(1)
  await fleet.define('app:1', { cpu: 4096 })
  const deploymentController = { type: 'EXTERNAL' }
  await fleet.house.call('CreateService', {
    serviceName: 'web',
    desiredCount: 1,
    deploymentController,
  })
  const set = { cluster: 'default', service: 'web', taskDefinition: 'web:1' }
  await fleet.house.call('CreateTaskSet', { ...set, scale: { value: 100, unit: 'PERCENT' } })
  await fleet.settle()
  assert.equal(ask(fleet).hosts?.length, 1)
  const baking = await steady(1, {
    desiredCount: 1,
    deploymentConfiguration: { bakeTimeInMinutes: 2 },
  })
  assert.match(said(baking), /it bakes for \d+ s more/)
})
