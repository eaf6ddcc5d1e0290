/**
 * Empties the tables of all rooms behind a reset account, whose records are seen by nobody any more. A room says how those
 * go that more hangs on than their table; all others begin with the tenant, and go by that.
 */
import type { Clock } from '#kernel/clock.ts'
import type { Ids } from '#kernel/ids.ts'
import { on, type Reconciler } from '#reconcile/reconciler.ts'
import { graves } from '#store/graves.ts'
import type { Store, Table, Write } from '#store/store.ts'

import type { Context } from './operation.ts'

/** How a room lets go of what more hangs on. */
export type Burial = {
  /** Emptied by `some` alone. */
  readonly tables: readonly Table<object>[]
  /**
   * Removes some rows, or begins what must be before; `changed` says how many rows it touched, at most `limit`, and
   * `again` in how many milliseconds to look again where something is waited for.
   */
  readonly some: (
    tx: Write,
    tenant: string,
    limit: number,
    context: Pick<Context, 'now' | 'ids'>,
  ) => { readonly changed: number; readonly again?: number | undefined }
}

type Buried = {
  readonly records?: Readonly<Record<string, Table<object>>>
  readonly burial?: Burial
}

/** What a room touches with one row may be several, so a commit stays far below the store's limit. */
const ROWS_PER_COMMIT = 40

export function graveyard(
  { store, clock, ids }: { readonly store: Store; readonly clock: Clock; readonly ids: Ids },
  rooms: readonly Buried[],
): Reconciler {
  return {
    name: 'graveyard',
    hears: [on(graves, ({ after }) => (after ? [after.tenant] : []))],
    all: (tx) => [...tx.scan(graves)].map(({ row }) => row.tenant),
    reconcile: (tenant) =>
      store.transact((tx) => {
        const context = { now: clock.now(), ids }
        let left = ROWS_PER_COMMIT
        let again: number | undefined
        for (const { records = {}, burial } of rooms) {
          const some = burial?.some(tx, tenant, left, context)
          left -= some?.changed ?? 0
          if (some?.again !== undefined) again = Math.min(again ?? Infinity, some.again)
          if (left <= 0) return 0
          for (const table of Object.values(records)) {
            if (burial?.tables.includes(table)) continue
            left -= emptied(tx, table, tenant, left)
            if (left <= 0) return 0
          }
        }
        return again
      }).result,
  }
}

/** Removes rows of the tenant, at most `limit`; says how many. */
export function emptied(tx: Write, table: Table<object>, tenant: string, limit: number): number {
  let removed = 0
  for (const { key } of tx.scan(table, { prefix: `${tenant}/` })) {
    if (removed >= limit) break
    tx.delete(table, key)
    removed += 1
  }
  return removed
}
