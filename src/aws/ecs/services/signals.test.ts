/** What alarms and load balancers will say, played through their ports: nothing can configure them yet. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { ofService } from '../names/services.ts'
import type { Task } from '../records/records.ts'
import { deployments, type Service, serviceDeployments, services } from '../records/services.ts'
import { steady } from './fleet.fixture.ts'
import { schedule } from './schedule.ts'
import type { Signals } from './world.ts'

const QUIET: Signals = { alarms: () => [], target: () => undefined }

async function playing() {
  const fleet = await steady(2)
  const { store } = fleet.house.server
  const key = store.read((tx) => [...tx.scan(services)][0]?.key ?? '')
  let count = 0
  const next = (): string => `signal-${(count += 1)}`
  const ids = {
    hex: (digits: number) => String((count += 1)).padStart(digits, '1'),
    uuid: next,
    random: () => 0,
  }
  const look = (signals: Partial<Signals>): void =>
    void store.transact((tx) => {
      const now = fleet.house.clock.now()
      schedule(tx, key, { now, ids, signals: { ...QUIET, ...signals } })
    })
  return { fleet, store, look }
}

test('an alarm that comes during a deployment fails it; one that was there before is not listened to', async () => {
  const { fleet, store, look } = await playing()
  const alarms = { alarmNames: ['old', 'new'], enable: true, rollback: true }
  store.transact((tx) => {
    const [service] = [...tx.scan(services)].map(({ row }) => row) as [Service]
    const { deploymentConfiguration: before } = service
    const deploymentConfiguration = { ...before, alarms }
    tx.patch(services, ofService(service), { deploymentConfiguration, desiredCount: 5 })
    // As an update leaves it, before the scheduler has seen it.
    for (const { key, row } of tx.scan(serviceDeployments))
      if (row.status === 'SUCCESSFUL')
        tx.patch(serviceDeployments, key, {
          status: 'PENDING',
          stage: 'RECONCILE_SERVICE',
          startedAt: undefined,
          deploymentConfiguration,
          alarms: { status: 'MONITORING', ignored: [], triggered: [] },
        })
    for (const { key } of tx.scan(deployments))
      tx.patch(deployments, key, { rolloutState: 'IN_PROGRESS', completedAt: undefined })
  })
  const one = () => store.read((tx) => [...tx.scan(serviceDeployments)][0]?.row)
  look({ alarms: () => ['old'] })
  assert.deepEqual(one()?.alarms.ignored, ['old'])
  look({ alarms: () => ['old', 'new'] })
  assert.deepEqual([one()?.alarms.status, one()?.alarms.triggered], ['TRIGGERED', ['new']])
  await fleet.settle()
})

test('a task whose target is unhealthy is replaced, and one whose target is not known is waited for', async () => {
  const { fleet, look } = await playing()
  const [sick] = fleet.live() as [Task]
  look({ target: ({ taskId }) => (taskId === sick.taskId ? 'UNHEALTHY' : 'HEALTHY') })
  assert.equal(fleet.live().length, 5, 'its replacement is started first')
  look({ target: () => 'UNKNOWN' })
  assert.ok(fleet.live().some(({ taskId }) => taskId === sick.taskId))
})
