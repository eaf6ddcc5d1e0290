import type { StopTaskRequest, StopTaskResponse } from '#contract/ecs.ts'
import type { Operation } from '#room/operation.ts'

import { inCluster, named } from '../access.ts'
import { activeCluster, invalidParameter, ofTask } from '../names/names.ts'
import { tasks } from '../records/records.ts'
import { together } from '../tasks/change.ts'
import { findTask } from '../tasks/find.ts'
import { stopTask } from '../tasks/stop.ts'
import { toTask } from '../tasks/view.ts'

/** Stopping a stopped task is a success that does nothing. A stopped task's tags are gone. */
export const StopTask: Operation<StopTaskRequest, StopTaskResponse> = {
  access: (_tx, input, { caller }) => [
    {
      resources: named(caller, input.cluster, [input.task], 'task'),
      conditions: inCluster(caller, input.cluster),
    },
  ],
  run(tx, input, { caller, now, ids }) {
    const cluster = activeCluster(tx, caller, input.cluster)
    const task = findTask(tx, caller, cluster.clusterName, input.task)
    if (!task) throw invalidParameter('The referenced task was not found.')
    const stoppedReason = input.reason || 'Task stopped by user'
    const why = { stopCode: 'UserInitiated', stoppedReason } as const
    const after = together(tx, (all) => stopTask(all, task, why, { now, id: ids.uuid() }))
    if (after.tags.length > 0) tx.patch(tasks, ofTask(after), { tags: [] })
    return { task: toTask(after) }
  },
}
