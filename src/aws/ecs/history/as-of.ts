/** A service as it was: its records are taken back in a transaction that is never kept, and shown as they are shown ever. */
import type * as Api from '#contract/ecs.ts'
import type { Caller } from '#kernel/principal.ts'
import type { Store, Write } from '#store/store.ts'

import { groupOf, serviceKey } from '../names/services.ts'
import { tasksByService } from '../records/records.ts'
import { services } from '../records/services.ts'
import { toTask } from '../tasks/view.ts'
import { toService, WITH_TAGS } from '../views/service.ts'
import type { Gap, History, Past } from './history.ts'
import { TABLES, undone } from './undo.ts'

export type AsOf = {
  readonly asOf: Date
  /** As DescribeServices would have shown it. */
  readonly service: Api.Service
  /** Those that had not ended, as DescribeTasks would have shown them. */
  readonly tasks: readonly Api.Task[]
  /** Times since then of which changes may be missing: what they changed is shown as it was after them. */
  readonly gaps: readonly { readonly from: Date; readonly until: Date }[]
}

/** Nothing where there was no such service. */
export function asOf(
  outside: { readonly store: Store; readonly history: History },
  caller: Caller,
  { cluster, service, moment }: { readonly cluster: string; service: string; moment: number },
): Promise<AsOf | undefined> {
  const key = serviceKey(caller, cluster, service)
  return outside.history.since(key, moment, (past) =>
    outside.store.rehearse((tx): AsOf | undefined => {
      takeBack(tx, past)
      const row = tx.get(services, key)
      if (!row) return undefined
      const group = serviceKey(caller, cluster, groupOf(service))
      return {
        asOf: new Date(moment),
        service: toService(tx, row, WITH_TAGS),
        tasks: [...tx.find(tasksByService, group)].map((found) => toTask(found.row)),
        gaps: past.gaps.map(({ from, until }: Gap) => ({
          from: new Date(from),
          until: new Date(until),
        })),
      }
    }),
  )
}

/** Makes of the records what they were before the changes. */
export function takeBack(tx: Write, { undos }: Past): void {
  for (const undo of undos) {
    const table = TABLES.get(undo.table)
    if (!table) continue
    const before = undone(tx.get(table, undo.key), undo)
    if (before) tx.put(table, undo.key, before)
    else tx.delete(table, undo.key)
  }
}
