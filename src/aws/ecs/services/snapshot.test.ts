/** However much one step of the scheduler does, it looks once for the service's deployments, and acts on what it wrote of them. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { Found, Write } from '#store/store.ts'

import { inService, ofService } from '../names/services.ts'
import {
  type Deployment,
  deployments,
  type Service,
  type ServiceDeployment,
  serviceDeployments,
  services,
} from '../records/services.ts'
import { deploymentsOf, serviceDeploymentsOf } from './find.ts'
import { type Fleet, steady } from './fleet.fixture.ts'
import { schedule } from './schedule.ts'

const BREAKER = { deploymentCircuitBreaker: { enable: true, rollback: true } }
const OLDER = '0000000000000000001'

test('a deployment that is done in one step with three stages: its older ones are over', async () => {
  const { after, ways } = step(await steady(1), (tx, service) => {
    const [newest] = deploymentsOf(tx, service) as [Deployment]
    older(tx, newest)
    onItsWay(tx, newest, { stage: 'POST_SCALE_UP' })
  })
  assert.deepEqual(after.map(summary), ['PRIMARY COMPLETED', 'INACTIVE COMPLETED'])
  assert.equal(ways[0]?.status, 'SUCCESSFUL')
  assert.deepEqual(
    ways[0].target,
    { ...ways[0].target, requestedTaskCount: 4, runningTaskCount: 4 },
    'it keeps what it ended with',
  )
})

test('one that fails goes back, and what it goes back to is what the same step runs', async () => {
  const { after, ways } = step(
    await steady(1, { deploymentConfiguration: BREAKER }),
    (tx, service) => {
      const [newest] = deploymentsOf(tx, service) as [Deployment]
      older(tx, newest)
      onItsWay(tx, newest, { deploymentConfiguration: BREAKER })
      tx.patch(deployments, keyOf(newest), { failures: 100, completedAt: undefined })
    },
  )
  assert.deepEqual(after.map(summary), ['ACTIVE FAILED', 'PRIMARY IN_PROGRESS'])
  assert.equal(ways[0]?.status, 'ROLLBACK_IN_PROGRESS')
})

test('a deleted service whose tasks are asked to stop: all its deployments are over', async () => {
  const { after } = step(await steady(1), (tx, service) => {
    older(tx, deploymentsOf(tx, service)[0] as Deployment)
    tx.patch(services, ofService(service), { status: 'DRAINING', desiredCount: 0 })
  })
  assert.deepEqual(
    after.map(({ status }) => status),
    ['INACTIVE', 'INACTIVE'],
  )
})

/** Lets the scheduler make one step of what `made` has made of the service, and forgets it. */
function step(fleet: Fleet, made: (tx: Write, service: Service) => void) {
  const { store } = fleet.house.server
  const { clock } = fleet.house
  return store.rehearse((tx) => {
    const [{ key, row }] = [...tx.scan(services)] as [Found<Service>]
    made(tx, row)
    const ids = { hex: () => 'abc', uuid: () => 'one', random: () => 0 }
    const { counted, scans } = counting(tx)
    schedule(counted, key, { now: clock.now(), ids })
    assert.equal(scans.get(deployments.name), 1, 'scans of deployments')
    return { after: deploymentsOf(tx, row), ways: serviceDeploymentsOf(tx, row) }
  })
}

/** The same transaction, which counts by table what is scanned in it. */
function counting(tx: Write) {
  const scans = new Map<string, number>()
  const counted: Write = {
    get: (table, key) => tx.get(table, key),
    scan(source, scan) {
      scans.set(source.name, (scans.get(source.name) ?? 0) + 1)
      return tx.scan(source, scan)
    },
    find: (index, value) => tx.find(index, value),
    after: (stream, number) => tx.after(stream, number),
    last: (stream) => tx.last(stream),
    view: (view) => tx.view(view),
    put: (table, key, row) => tx.put(table, key, row),
    patch: (table, key, fields) => tx.patch(table, key, fields),
    delete: (table, key) => tx.delete(table, key),
    append: (stream, row) => tx.append(stream, row),
  }
  return { counted, scans }
}

const keyOf = (of: Deployment): string => inService(of, of.deploymentId)
const summary = ({ status, rolloutState }: Deployment): string => `${status} ${rolloutState}`

/** One that was completed before the newest, and is drained. */
function older(tx: Write, newest: Deployment): void {
  const before: Deployment = {
    ...newest,
    deploymentId: OLDER,
    revisionId: OLDER,
    status: 'ACTIVE',
    createdAt: 1,
    completedAt: 1,
    runningCount: 0,
  }
  tx.put(deployments, keyOf(before), before)
}

/** The newest deployment has not come to its end yet. */
function onItsWay(tx: Write, newest: Deployment, fields: Partial<ServiceDeployment>): void {
  tx.patch(deployments, keyOf(newest), { rolloutState: 'IN_PROGRESS' })
  tx.patch(serviceDeployments, inService(newest, newest.serviceDeploymentId), {
    status: 'IN_PROGRESS',
    stage: 'SCALE_UP',
    finishedAt: undefined,
    ...fields,
  })
}
