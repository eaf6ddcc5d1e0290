import { type Task, tasks } from '#aws/ecs/records/records.ts'
import { services } from '#aws/ecs/records/services.ts'

import { holds, type MakeCheck } from './check.ts'
import { leaves, missedOn } from './places.ts'
import { hostOf, serviceOf } from './service-tasks.ts'

/** Where a daemon belongs and is not, what is placed leaves it its room; who names the host himself may take it. */
export const daemonsFirst: MakeCheck = ({ oracle }) => ({
  name: 'daemons are the first to start',
  commit(changes) {
    for (const { table, key, before, after } of changes) {
      if (table !== tasks.name || before || !after) continue
      const task = after as Task
      const service = oracle.get(services, serviceOf(task) ?? '')
      const isNamed = task.startedBy === undefined
      const host = hostOf(oracle, task)
      if (isNamed || service?.schedulingStrategy === 'DAEMON' || !host) continue
      holds(
        leaves(task.reserved, host, missedOn(oracle, host)),
        `${key} takes the room of a daemon on ${host.containerInstanceId}`,
      )
    }
  },
})
