/** Drops definitions that are DELETE_IN_PROGRESS once no task and no service uses them. The family's counter stays. */
import { type ChangeOf, on, type Reconciler } from '#reconcile/reconciler.ts'
import type { Tools } from '#room/room.ts'
import { follow, view } from '#store/store.ts'

import { definitionKey, scopeOf } from '../names/names.ts'
import {
  definitionsToDelete,
  type Task,
  taskDefinitions,
  tasks,
  tasksByInstance,
} from '../records/records.ts'
import {
  type Deployment,
  deployments,
  deploymentsByDefinition,
  type TaskSet,
  taskSets,
  taskSetsByDefinition,
} from '../records/services.ts'
import { add } from '../scheduler/hosts.ts'

/** How many tasks that have not ended a definition has; counted from when a definition is first to be gone. */
class Users {
  readonly #counts = new Map<string, number>()

  has(key: string): boolean {
    return this.#counts.has(key)
  }

  changed(before: Task | undefined, after: Task | undefined): void {
    const task = after ?? before
    const by = Number(isUser(after)) - Number(isUser(before))
    if (!task || by === 0) return
    add(this.#counts, usedBy(task), by)
  }
}
const isUser = (task: Task | undefined): boolean =>
  task !== undefined && task.lastStatus !== 'STOPPED'

const users = view((rows) => {
  const all = new Users()
  for (const { row } of rows.scan(tasksByInstance)) all.changed(undefined, row)
  return all
})
follow(tasks, users, (all, _key, before, after) => all.changed(before, after))

const usedBy = (user: Task | Deployment | TaskSet): string =>
  definitionKey(user, user.family, user.revision)

/** The definition of a deployment or task set that has ended. */
const letGo = ({ before, after }: ChangeOf<Deployment | TaskSet>): readonly string[] =>
  before && (!after || (after.status === 'INACTIVE' && before.status !== 'INACTIVE'))
    ? [usedBy(before)]
    : []

export const definitionReaper = ({ store }: Tools): Reconciler => ({
  name: 'ecs definition reaper',
  hears: [
    on(taskDefinitions, ({ key, after }) => (after ? [key] : [])),
    on(tasks, ({ after }) => (after?.lastStatus === 'STOPPED' ? [usedBy(after)] : [])),
    on(deployments, letGo),
    on(taskSets, letGo),
  ],
  all: (tx) => [...tx.scan(definitionsToDelete)].map(({ key }) => key),
  reconcile(key) {
    store.transact((tx) => {
      const row = tx.get(taskDefinitions, key)
      if (row?.status !== 'DELETE_IN_PROGRESS') return
      const used = `${scopeOf(row)}/${row.family}:${row.revision}`
      if (tx.view(users).has(key)) return
      for (const shares of [deploymentsByDefinition, taskSetsByDefinition])
        for (const _share of tx.find<object>(shares, used)) return
      tx.delete(taskDefinitions, key)
    })
    return undefined
  },
})
