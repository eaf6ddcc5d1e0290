import type { Clock } from '#kernel/clock.ts'
import type { Store, TimeIndex } from '#store/store.ts'

import type { Reconciler } from './reconciler.ts'

const SWEEP_EVERY_MS = 60_000
const ROWS_PER_COMMIT = 100
/** The only key: a sweep is of the whole table. */
const SWEEP = 'sweep'

type Sweep<Row> = {
  /** What is swept, such as `ecs tasks`. */
  readonly name: string
  /** Rows that it does not have are kept. */
  readonly byTime: TimeIndex<Row>
  readonly keptMs: number
}

/** Drops rows whose time is long enough ago: within a minute of when it is, and many of them in steps. */
export const sweeper = <Row extends object>(
  { store, clock }: { readonly store: Store; readonly clock: Clock },
  { name, byTime, keptMs }: Sweep<Row>,
): Reconciler => ({
  name: `${name} sweeper`,
  hears: [],
  all: () => [SWEEP],
  reconcile() {
    const keptFrom = clock.now() - keptMs
    return store.transact((tx) => {
      let dropped = 0
      for (const { key, row } of tx.scan(byTime)) {
        if ((byTime.at(row) ?? Infinity) > keptFrom) break
        if (dropped === ROWS_PER_COMMIT) return 0
        tx.delete(byTime.table, key)
        dropped++
      }
      return SWEEP_EVERY_MS
    }).result
  },
})
