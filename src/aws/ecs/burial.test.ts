import assert from 'node:assert/strict'
import { test } from 'node:test'

import { resetAccount } from '#aws/iam/accounts.ts'
import { ACCOUNT, type Answer, House } from '#server/house.fixture.ts'

import { containerInstances, tasks as allTasks } from './records/records.ts'

test('a reset account is empty at once; its tasks are stopped and heard of until their hosts confirm', async () => {
  const house = await House.open()
  const host = await house.host()
  const containerDefinitions = [{ name: 'app', image: 'app:1', memory: 64 }]
  for (let n = 0; n < 60; n++)
    await house.call('RegisterTaskDefinition', { family: `web-${n}`, containerDefinitions })
  const { tasks } = await house.call('RunTask', { taskDefinition: 'web-0', count: 10 })
  await house.server.store.write((tx) => resetAccount(tx, ACCOUNT, house.clock.now()))
  assert.deepEqual((await house.call('ListClusters')).clusterArns, [])
  assert.deepEqual((await house.call('ListTaskDefinitions')).taskDefinitionArns, [])
  await house.clock.move(1_000)
  for (const { taskArn } of tasks as Answer[]) {
    assert.equal(host.payloads(taskArn).at(-1).tasks[0].desiredStatus, 'STOPPED')
    await host.report(taskArn, 'STOPPED', [
      { containerName: 'app', status: 'STOPPED', exitCode: 143 },
    ])
  }
  await house.clock.move(30_000)
  const left = house.server.store.read((tx) => [
    ...tx.scan(allTasks),
    ...tx.scan(containerInstances),
  ])
  assert.deepEqual(left, [], 'nothing is left behind')
  assert.equal(host.closed?.code, 1000)
  const { taskDefinition } = await house.call('RegisterTaskDefinition', {
    family: 'web-0',
    containerDefinitions,
  })
  assert.equal(taskDefinition.revision, 1, 'an empty account begins anew')
})
