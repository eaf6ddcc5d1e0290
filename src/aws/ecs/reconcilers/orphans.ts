import type { Reconciler } from '#reconcile/reconciler.ts'
/**
 * Tasks of a container instance that was deregistered by force: ECS lets go of them at once. What still runs on the
 * host is the host's; when its agent comes back it is told that this identity is over.
 */
import type { Tools } from '#room/room.ts'

import { type ContainerInstance, containerInstances, tasksByInstance } from '../records.ts'
import { changeTask } from '../tasks/change.ts'

/** Bounded by what one transaction may change: a task is three records. */
const TASKS_PER_COMMIT = 40

export const orphanReconciler = ({ store, clock, ids }: Tools): Reconciler => ({
  name: 'ecs orphans',
  hears: [containerInstances.name],
  *wakes({ table, key, after }) {
    if (
      table === containerInstances.name &&
      (after as ContainerInstance | undefined)?.status === 'INACTIVE'
    )
      yield key
  },
  *all(tx) {
    for (const { key, row } of tx.scan(containerInstances)) if (row.status === 'INACTIVE') yield key
  },
  reconcile(key) {
    let left = false
    store.transact((tx) => {
      if (tx.get(containerInstances, key)?.status !== 'INACTIVE') return
      let done = 0
      for (const { row } of tx.find(tasksByInstance, key)) {
        if (++done > TASKS_PER_COMMIT) {
          left = true
          return
        }
        const now = clock.now()
        changeTask(
          tx,
          row,
          {
            desiredStatus: 'STOPPED',
            lastStatus: 'STOPPED',
            stopCode: row.stopCode ?? 'UserInitiated',
            stoppedReason: row.stoppedReason ?? 'Container instance deregistration forced by user',
            stoppingAt: row.stoppingAt ?? now,
            stoppedAt: now,
            containers: row.containers.map((container) => ({
              ...container,
              lastStatus: 'STOPPED',
            })),
          },
          { now, id: ids.uuid() },
        )
      }
    })
    return left ? 0 : undefined
  },
})
