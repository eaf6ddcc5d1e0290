import { on, type Reconciler } from '#reconcile/reconciler.ts'
import type { Tools } from '#room/room.ts'
import { graves } from '#store/graves.ts'

import { discardGroup } from '../discard.ts'
import { logGroups } from '../records.ts'

/** A group is two records. */
const GROUPS_PER_COMMIT = 50

/** Discards the groups of a reset account. */
export const graveyardReconciler = ({ store }: Tools): Reconciler => ({
  name: 'logs graveyard',
  hears: [on(graves, ({ after }) => (after ? [after.tenant] : []))],
  all: (tx) => [...tx.scan(graves)].map(({ row }) => row.tenant),
  reconcile: (tenant) =>
    store.transact((tx) => {
      let discarded = 0
      for (const { row } of tx.scan(logGroups, { prefix: `${tenant}/` })) {
        if (discarded === GROUPS_PER_COMMIT) return 0
        discardGroup(tx, row)
        discarded++
      }
      return undefined
    }).result,
})
