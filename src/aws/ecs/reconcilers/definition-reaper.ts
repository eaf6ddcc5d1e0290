import type { Reconciler } from '#reconcile/reconciler.ts'
/** Drops definitions that are DELETE_IN_PROGRESS once no task uses them. The family's counter stays. */
import type { Tools } from '#room/room.ts'

import { definitionKey, scopeOf } from '../names.ts'
import {
  definitionsToDelete,
  type Task,
  taskDefinitions,
  tasks,
  tasksByDefinition,
} from '../records.ts'

export const definitionReaper = ({ store }: Tools): Reconciler => ({
  name: 'ecs definition reaper',
  *wakes({ table, key, after }) {
    if (table === taskDefinitions.name && after) yield key
    if (table === tasks.name && (after as Task | undefined)?.lastStatus === 'STOPPED') {
      const task = after as Task
      yield definitionKey(task, task.family, task.revision)
    }
  },
  all: (tx) => [...tx.scan(definitionsToDelete)].map(({ key }) => key),
  reconcile(key) {
    store.transact((tx) => {
      const row = tx.get(taskDefinitions, key)
      if (row?.status !== 'DELETE_IN_PROGRESS') return
      for (const _user of tx.find(
        tasksByDefinition,
        `${scopeOf(row)}/${row.family}:${row.revision}`,
      ))
        return
      tx.delete(taskDefinitions, key)
    })
    return undefined
  },
})
