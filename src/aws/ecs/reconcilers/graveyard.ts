/**
 * Empties ECS's tables behind a reset account. Tasks are asked to stop and stay until their hosts confirm it; a host's
 * registration stays as long as it has such a task, and then its agent is told that this identity is over.
 */
import { on, type Reconciler } from '#reconcile/reconciler.ts'
import type { Tools } from '#room/room.ts'
import { graves } from '#store/graves.ts'
import type { Read, Table, Write } from '#store/store.ts'

import {
  accountSettings,
  agentSequences,
  clientTokens,
  clusterCounts,
  clusters,
  containerInstances,
  families,
  taskDefinitions,
  tasks,
  tasksByInstance,
} from '../records.ts'
import {
  deployments,
  serviceDeployments,
  serviceEvents,
  serviceRevisions,
  services,
  taskSets,
} from '../services/records.ts'
import { together } from '../tasks/change.ts'
import { stopTask } from '../tasks/stop.ts'

/** A stopped task is up to four records, so a commit stays below the store's limit. */
const ROWS_PER_COMMIT = 40
/** How often to look whether the hosts have confirmed. */
const LOOK_AGAIN_MS = 5_000
const WHY = { stopCode: 'UserInitiated', stoppedReason: 'The account was reset' } as const
/** First of all, so that nothing starts tasks anew while they are stopped. */
const SERVICES: readonly Table<object>[] = [
  services,
  taskSets,
  deployments,
  serviceDeployments,
  serviceRevisions,
  serviceEvents,
]
/** Nothing refers to these but by key. Definitions are kept while a task may still be sent to a host that reconnects. */
const PLAIN: readonly Table<object>[] = [
  accountSettings,
  clientTokens,
  clusterCounts,
  clusters,
  families,
  agentSequences,
]

export const graveyardReconciler = ({ store, clock, ids }: Tools): Reconciler => ({
  name: 'ecs graveyard',
  hears: [on(graves, ({ after }) => (after ? [after.tenant] : []))],
  all: (tx) => [...tx.scan(graves)].map(({ row }) => row.tenant),
  reconcile(tenant) {
    return store.transact((tx) => {
      const prefix = `${tenant}/`
      let changed = 0
      const isFull = (): boolean => changed >= ROWS_PER_COMMIT
      for (const table of SERVICES) changed += remove(tx, table, prefix, ROWS_PER_COMMIT - changed)
      let alive = 0
      together(tx, (all) => {
        for (const { key, row } of tx.scan(tasks, { prefix })) {
          if (isFull()) return
          if (row.lastStatus === 'STOPPED') {
            tx.delete(tasks, key)
            changed++
            continue
          }
          alive++
          if (row.desiredStatus === 'STOPPED') continue
          stopTask(all, row, WHY, { now: clock.now(), id: ids.uuid() })
          changed++
        }
      })
      if (isFull()) return 0
      changed += removeInstances(tx, prefix, ROWS_PER_COMMIT - changed)
      for (const table of PLAIN) changed += remove(tx, table, prefix, ROWS_PER_COMMIT - changed)
      if (alive === 0) changed += remove(tx, taskDefinitions, prefix, ROWS_PER_COMMIT - changed)
      if (isFull()) return 0
      return alive > 0 ? LOOK_AGAIN_MS : undefined
    }).result
  },
})

function removeInstances(tx: Write, prefix: string, limit: number): number {
  let removed = 0
  for (const { key } of tx.scan(containerInstances, { prefix })) {
    if (removed >= limit) break
    if (hasTask(tx, key)) continue
    tx.delete(containerInstances, key)
    removed++
  }
  return removed
}

function hasTask(tx: Read, instanceKey: string): boolean {
  for (const _task of tx.find(tasksByInstance, instanceKey)) return true
  return false
}

function remove(tx: Write, table: Table<object>, prefix: string, limit: number): number {
  let removed = 0
  for (const { key } of tx.scan(table, { prefix })) {
    if (removed >= limit) break
    tx.delete(table, key)
    removed++
  }
  return removed
}
