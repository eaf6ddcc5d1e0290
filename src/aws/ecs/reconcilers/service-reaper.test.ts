import assert from 'node:assert/strict'
import { test } from 'node:test'

import { type Answer, type House, turn } from '#server/house.fixture.ts'

import { INACTIVE_SERVICE_KEPT_MS } from '../limits.ts'
import {
  deployments,
  serviceDeployments,
  serviceEvents,
  serviceRevisions,
  services,
} from '../records/services.ts'
import { create, describe, opened, update } from '../services/services.fixture.ts'

const PARTS = [deployments, serviceDeployments, serviceRevisions] as const
const count = (house: House): number[] =>
  house.server.store.read((tx) => PARTS.map((table) => [...tx.scan<object>(table)].length))

test('a deleted service is described for a day, and then nothing is left of it', async () => {
  const house = await opened()
  await create(house)
  await house.call('DeleteService', { service: 'web', force: true })
  await turn()
  await house.clock.move(INACTIVE_SERVICE_KEPT_MS - 1000)
  assert.equal((await describe(house)).status, 'INACTIVE')
  await house.clock.move(2000)
  const left = house.server.store.read((tx) =>
    [...PARTS, serviceEvents, services].flatMap((table) => [...tx.scan<object>(table)]),
  )
  assert.deepEqual(left, [])
})

test('of many deployments the newest hundred are known, and the one to go back to', async () => {
  const house = await opened()
  await create(house, { desiredCount: 0 })
  await house.clock.move(1000)
  const [first] = (await describe(house)).deployments
  assert.equal(first.rolloutState, 'COMPLETED')
  // From now on nothing completes: no host is there.
  await update(house, { desiredCount: 1 })
  for (let n = 0; n < 110; n++) {
    await house.clock.move(1000)
    await update(house, { forceNewDeployment: true })
    // One that a newer has taken the place of, and that has no tasks left, is over.
    await house.server.store.write((tx) => {
      for (const { key, row } of tx.scan(deployments))
        if (row.status === 'ACTIVE') tx.patch(deployments, key, { status: 'INACTIVE' })
    })
  }
  await house.clock.move(1000)
  // The oldest that is listed came from a revision that is known for its sake.
  assert.deepEqual(count(house), [101, 101, 102])
  const known = house.server.store.read((tx) => [...tx.scan(deployments)].map(({ row }) => row))
  assert.ok(known.some(({ deploymentId }) => first.id === `ecs-svc/${deploymentId}`))
  const { serviceDeployments: listed } = await house.call('ListServiceDeployments', {
    service: 'web',
    maxResults: 100,
  })
  const arns = listed.map(({ serviceDeploymentArn }: Answer) => serviceDeploymentArn)
  assert.equal(new Set(arns).size, 100)
})

test('of a service whose name is used again nothing is left', async () => {
  const house = await opened()
  await create(house)
  await house.call('DeleteService', { service: 'web', force: true })
  await house.clock.move(1000)
  const { currentServiceDeployment } = await create(house)
  await house.clock.move(1000)
  assert.deepEqual(count(house), [1, 1, 1])
  assert.equal((await describe(house)).currentServiceDeployment, currentServiceDeployment)
})
