/**
 * After a restart of the server every agent that was connected still counts as connected for a while, so that a
 * restart refuses no task; one that does not come back in that time is disconnected.
 */
import type { Reconciler } from '#reconcile/reconciler.ts'
import type { Tools } from '#room/room.ts'

import type { AgentHub } from '../agents/hub.ts'
import { changeInstance } from '../instances/change.ts'
import { containerInstances } from '../records/records.ts'

/** Agents come back within seconds; their longest back-off is two minutes. */
const GRACE_MS = 60_000

export function silenceReconciler({ store, clock, ids }: Tools, hub: AgentHub): Reconciler {
  const startedAt = clock.now()
  return {
    name: 'ecs agent silence',
    hears: [],
    *all(tx) {
      for (const { key, row } of tx.scan(containerInstances)) if (row.agentConnected) yield key
    },
    reconcile(key) {
      // It was the connection of the server before this one.
      if (!hub.get(key))
        store.transact((tx) => {
          if (tx.get(containerInstances, key)?.agentHolds)
            tx.patch(containerInstances, key, { agentHolds: false })
        })
      const left = startedAt + GRACE_MS - clock.now()
      if (left > 0) return left
      store.transact((tx) => {
        const instance = tx.get(containerInstances, key)
        if (instance?.agentConnected && !hub.get(key))
          changeInstance(
            tx,
            instance,
            { agentConnected: false },
            { now: clock.now(), id: ids.uuid() },
          )
      })
      return undefined
    },
  }
}
