import type { Reconciler } from '#reconcile/reconciler.ts'
/** Forgets tasks an hour after their end, and client tokens a day after their use. */
import type { Tools } from '#room/room.ts'

import { CLIENT_TOKEN_KEPT_MS, STOPPED_TASK_KEPT_MS } from '../limits.ts'
import { clientTokens, tasks, tasksByStop, tokensByAge } from '../records.ts'

const SWEEP_EVERY_MS = 60_000
const ROWS_PER_COMMIT = 100
const SWEEP = 'sweep'

export const taskReaper = ({ store, clock }: Tools): Reconciler => ({
  name: 'ecs task reaper',
  hears: [],
  all: () => [SWEEP],
  reconcile() {
    const now = clock.now()
    const isFull = store.transact((tx) => {
      let dropped = 0
      for (const { key, row } of tx.scan(tasksByStop)) {
        if ((row.stoppedAt ?? now) > now - STOPPED_TASK_KEPT_MS || dropped === ROWS_PER_COMMIT)
          break
        tx.delete(tasks, key)
        dropped++
      }
      for (const { key, row } of tx.scan(tokensByAge)) {
        if (row.at > now - CLIENT_TOKEN_KEPT_MS || dropped === ROWS_PER_COMMIT) break
        tx.delete(clientTokens, key)
        dropped++
      }
      return dropped === ROWS_PER_COMMIT
    }).result
    return isFull ? 0 : SWEEP_EVERY_MS
  },
})
