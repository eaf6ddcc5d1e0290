/**
 * What of ECS hangs together behind a reset account. Tasks are asked to stop and stay until their hosts confirm it; a host's
 * registration stays as long as it has such a task, and then its agent is told that this identity is over.
 */
import { type Burial, emptied } from '#room/graveyard.ts'
import type { Context } from '#room/operation.ts'
import type { Read, Table, Write } from '#store/store.ts'

import {
  containerInstances,
  hostKeys,
  taskDefinitions,
  tasks,
  tasksByInstance,
} from './records/records.ts'
import { serviceTables } from './records/services.ts'
import { together } from './tasks/change.ts'
import { stopTask } from './tasks/stop.ts'

/** How often to look whether the hosts have confirmed. */
const LOOK_AGAIN_MS = 5_000
const WHY = { stopCode: 'UserInitiated', stoppedReason: 'The account was reset' } as const
/** Tables that are emptied first of all, so that nothing starts tasks anew while they are stopped. */
const SERVICES: readonly Table<object>[] = Object.values(serviceTables)

export const burial: Burial = {
  // Machine keys outlive a reset: their hosts say with them how the last tasks have ended.
  tables: [...SERVICES, tasks, containerInstances, taskDefinitions, hostKeys],
  some(tx, tenant, limit, context) {
    let changed = 0
    for (const table of SERVICES) changed += emptied(tx, table, tenant, limit - changed)
    const ended = endTasks(tx, tenant, limit - changed, context)
    changed += ended.changed
    if (changed >= limit) return { changed }
    changed += removeInstances(tx, tenant, limit - changed)
    // Definitions are kept while a task may still be sent to a host that reconnects.
    if (ended.alive === 0) changed += emptied(tx, taskDefinitions, tenant, limit - changed)
    return { changed, again: ended.alive > 0 ? LOOK_AGAIN_MS : undefined }
  },
}

/** Tasks that have ended are removed, the others told to end; `alive` counts those that were seen to run still. */
function endTasks(
  tx: Write,
  tenant: string,
  limit: number,
  { now, ids }: Pick<Context, 'now' | 'ids'>,
): { readonly changed: number; readonly alive: number } {
  let changed = 0
  let alive = 0
  together(tx, (all) => {
    for (const { key, row } of tx.scan(tasks, { prefix: `${tenant}/` })) {
      if (changed >= limit) return
      if (row.lastStatus === 'STOPPED') {
        tx.delete(tasks, key)
        changed += 1
        continue
      }
      alive += 1
      if (row.desiredStatus === 'STOPPED') continue
      stopTask(all, row, WHY, { now, id: ids.uuid() })
      changed += 1
    }
  })
  return { changed, alive }
}

function removeInstances(tx: Write, tenant: string, limit: number): number {
  let removed = 0
  for (const { key } of tx.scan(containerInstances, { prefix: `${tenant}/` })) {
    if (removed >= limit) break
    if (hasTask(tx, key)) continue
    tx.delete(containerInstances, key)
    removed += 1
  }
  return removed
}

function hasTask(tx: Read, instanceKey: string): boolean {
  for (const _task of tx.find(tasksByInstance, instanceKey)) return true
  return false
}
