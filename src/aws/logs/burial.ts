/** Discards the groups of a reset account: what is in files is freed after their records. */
import type { Burial } from '#room/graveyard.ts'

import { discardGroup } from './discard.ts'
import { discards, logGroups, logStreams } from './records.ts'

export const burial: Burial = {
  tables: [logGroups, logStreams, discards],
  some(tx, tenant, limit) {
    let changed = 0
    for (const { row } of tx.scan(logGroups, { prefix: `${tenant}/` })) {
      if (changed >= limit) break
      discardGroup(tx, row)
      changed += 1
    }
    return { changed }
  },
}
