import { on, type Reconciler } from '#reconcile/reconciler.ts'
import type { Tools } from '#room/room.ts'

import { discards, logStreams } from '../records.ts'
import type { LogStorage } from '../storage.ts'

const ROWS_PER_COMMIT = 100

/** Frees what deleted streams and groups took up: their events first, then the records that nothing leads to any more. */
export const discardReconciler = ({ store }: Tools, storage: LogStorage): Reconciler => ({
  name: 'logs discards',
  hears: [on(discards, ({ key, after }) => (after ? [key] : []))],
  all: (tx) => [...tx.scan(discards)].map(({ key }) => key),
  async reconcile(key) {
    const discard = store.read((tx) => tx.get(discards, key))
    if (!discard) return undefined
    await storage.delete(discard)
    return store.transact((tx) => {
      const { streamsPrefix: prefix } = discard
      let deleted = 0
      for (const found of prefix === undefined ? [] : tx.scan(logStreams, { prefix })) {
        if (deleted === ROWS_PER_COMMIT) return 0
        tx.delete(logStreams, found.key)
        deleted++
      }
      tx.delete(discards, key)
      return undefined
    }).result
  },
})
