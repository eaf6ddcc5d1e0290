/**
 * Tasks of a container instance that was deregistered by force: ECS lets go of them at once. What still runs on the
 * host is the host's; when its agent comes back it is told that this identity is over.
 */
import { on, type Reconciler } from '#reconcile/reconciler.ts'
import type { Tools } from '#room/room.ts'

import { containerInstances, type Task, tasksByInstance } from '../records/records.ts'
import { together } from '../tasks/change.ts'

/** Bounded by what one transaction may change: a task is three records. */
const TASKS_PER_COMMIT = 40

export const orphanReconciler = ({ store, clock, ids }: Tools): Reconciler => ({
  name: 'ecs orphans',
  hears: [on(containerInstances, ({ key, after }) => (after?.status === 'INACTIVE' ? [key] : []))],
  *all(tx) {
    for (const { key, row } of tx.scan(containerInstances)) if (row.status === 'INACTIVE') yield key
  },
  reconcile(key) {
    return store.transact((tx) => {
      if (tx.get(containerInstances, key)?.status !== 'INACTIVE') return undefined
      return together(tx, (all) => {
        let done = 0
        for (const { row } of tx.find(tasksByInstance, key)) {
          if (++done > TASKS_PER_COMMIT) return 0
          const now = clock.now()
          all.change(row, letGo(row, now), { now, id: ids.uuid() })
        }
        return undefined
      })
    }).result
  },
})

const letGo = (task: Task, now: number): Partial<Task> => ({
  desiredStatus: 'STOPPED',
  lastStatus: 'STOPPED',
  stopCode: task.stopCode ?? 'UserInitiated',
  stoppedReason: task.stoppedReason ?? 'Container instance deregistration forced by user',
  stoppingAt: task.stoppingAt ?? now,
  stoppedAt: now,
  containers: task.containers.map((container) => ({ ...container, lastStatus: 'STOPPED' })),
})
