import type { SubmitTaskStateChangeRequest, SubmitTaskStateChangeResponse } from '#contract/ecs.ts'
import type { Operation } from '#room/room.ts'

import { inCluster } from '../access.ts'
import { containerInstanceArn, invalidParameter } from '../names.ts'
import { applyReport } from '../tasks/report.ts'
import { reportedTask } from '../tasks/reported-task.ts'

/** The resource is the host that the task is on: a machine reports of its own tasks only. */
export const SubmitTaskStateChange: Operation<
  SubmitTaskStateChangeRequest,
  SubmitTaskStateChangeResponse
> = {
  action: 'ecs:SubmitTaskStateChange',
  agentFacing: true,
  access: (tx, input, { caller }) => ({
    resources: [containerInstanceArn(reportedTask(tx, caller, input))],
    conditions: inCluster(caller, input.cluster),
  }),
  run(tx, input, { caller, now, ids }) {
    const task = reportedTask(tx, caller, input)
    if (input.attachments?.length)
      throw invalidParameter('The task has no attachment that could change its state.')
    applyReport(tx, task, input, { now, id: ids.uuid() })
    return { acknowledgment: task.taskId }
  },
}
