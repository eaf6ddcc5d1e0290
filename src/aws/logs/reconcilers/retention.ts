import { on, type Reconciler } from '#reconcile/reconciler.ts'
import type { Tools } from '#room/room.ts'

import { expiry } from '../batch.ts'
import { logGroups } from '../records.ts'
import type { LogStorage } from '../storage.ts'

/** Nobody sees an expired event; this is how long its file may outlive it. */
const LOOK_AGAIN_MS = 3_600_000

/** Deletes what groups keep no longer. */
export const retentionReconciler = ({ store, clock }: Tools, storage: LogStorage): Reconciler => ({
  name: 'logs retention',
  hears: [on(logGroups, ({ key, after }) => (after ? [key] : []))],
  all: (tx) => [...tx.scan(logGroups)].map(({ key }) => key),
  async reconcile(key) {
    const group = store.read((tx) => tx.get(logGroups, key))
    if (group?.retentionInDays === undefined) return undefined
    await storage.expire(group.groupId, expiry(group.retentionInDays, clock.now()))
    return LOOK_AGAIN_MS
  },
})
