import type { Reconciler } from '#reconcile/reconciler.ts'
/** Drops definitions that are DELETE_IN_PROGRESS once no task and no service uses them. The family's counter stays. */
import type { Tools } from '#room/room.ts'

import { definitionKey, scopeOf } from '../names.ts'
import {
  definitionsToDelete,
  type Task,
  taskDefinitions,
  tasks,
  tasksByDefinition,
} from '../records.ts'
import {
  type Deployment,
  deployments,
  deploymentsByDefinition,
  type TaskSet,
  taskSets,
  taskSetsByDefinition,
} from '../services/records.ts'

export const definitionReaper = ({ store }: Tools): Reconciler => ({
  name: 'ecs definition reaper',
  *wakes({ table, key, before, after }) {
    if (table === taskDefinitions.name && after) yield key
    if (table === tasks.name && (after as Task | undefined)?.lastStatus === 'STOPPED') {
      const task = after as Task
      yield definitionKey(task, task.family, task.revision)
    }
    if (table === deployments.name || table === taskSets.name) {
      const [was, is] = [before, after] as [(Deployment | TaskSet)?, Deployment?]
      if (was && (!is || (is.status === 'INACTIVE' && was.status !== 'INACTIVE')))
        yield definitionKey(was, was.family, was.revision)
    }
  },
  all: (tx) => [...tx.scan(definitionsToDelete)].map(({ key }) => key),
  reconcile(key) {
    store.transact((tx) => {
      const row = tx.get(taskDefinitions, key)
      if (row?.status !== 'DELETE_IN_PROGRESS') return
      const used = `${scopeOf(row)}/${row.family}:${row.revision}`
      for (const users of [tasksByDefinition, deploymentsByDefinition, taskSetsByDefinition])
        for (const _user of tx.find<object>(users, used)) return
      tx.delete(taskDefinitions, key)
    })
    return undefined
  },
})
