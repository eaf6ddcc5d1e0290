/**
 * Makes the log groups that a task asks for before its host hears of the task: a machine key may write logs and makes no
 * groups. A task whose group cannot be made does not start.
 */
import { Fault } from '#kernel/fault.ts'
import { on, type Reconciler } from '#reconcile/reconciler.ts'
import type { Tools } from '#room/room.ts'

import { type WantedGroup, wantedGroups } from '../definitions/log-groups.ts'
import { definitionKey, taskArn } from '../names/names.ts'
import { type Task, taskDefinitions, tasks, tasksThatAwait } from '../records/records.ts'
import { together } from '../tasks/change.ts'
import { stopTask } from '../tasks/stop.ts'

const SERVICE = 'ecs.amazonaws.com'

export const logGroupMaker = (tools: Tools): Reconciler => {
  const { store, clock, ids } = tools
  return {
    name: 'ecs log groups',
    hears: [on(tasks, ({ key, after }) => (after?.awaits === undefined ? [] : [key]))],
    *all(tx) {
      for (const { key } of tx.scan(tasksThatAwait)) yield key
    },
    async reconcile(key) {
      const found = store.read((tx) => {
        const task = tx.get(tasks, key)
        if (task?.awaits === undefined) return undefined
        const row = tx.get(taskDefinitions, definitionKey(task, task.family, task.revision))
        return { task, wanted: row ? wantedGroups(row.definition) : [] }
      })
      if (!found) return
      const failure = await made(tools, found.task, found.wanted)
      await store.write((tx) =>
        together(tx, (all) => {
          const task = tx.get(tasks, key)
          if (task?.awaits === undefined) return
          const ready = tx.patch(tasks, key, { awaits: undefined })
          if (failure === undefined) return
          const stoppedReason = `ResourceInitializationError: ${failure}`
          const why = { stopCode: 'TaskFailedToStart', stoppedReason } as const
          stopTask(all, ready, why, { now: clock.now(), id: ids.uuid() })
        }),
      )
    },
  }
}

/** Why one cannot be made, in the words of the room that refused it. */
async function made(
  { call }: Tools,
  task: Task,
  wanted: readonly WantedGroup[],
): Promise<string | undefined> {
  const { accountId, tenant } = task
  for (const { region = task.region, logGroupName } of wanted)
    try {
      const principal = { type: 'service', accountId, service: SERVICE } as const
      const as = { principal, tenant, region, sourceArn: taskArn(task) }
      await call(as, 'logs', 'CreateLogGroup', { logGroupName })
    } catch (error) {
      if (!(error instanceof Fault)) throw error
      if (error.code !== 'ResourceAlreadyExistsException')
        return `failed to create log group ${logGroupName}: ${error.code}: ${error.message}`
    }
  return undefined
}
