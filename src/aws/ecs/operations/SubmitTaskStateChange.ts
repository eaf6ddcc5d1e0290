import type { SubmitTaskStateChangeRequest, SubmitTaskStateChangeResponse } from '#contract/ecs.ts'
import type { Operation } from '#room/operation.ts'

import { invalidParameter } from '../names/names.ts'
import { applyReport } from '../tasks/report.ts'
import { reportedTask, theReportingHost } from '../tasks/reported-task.ts'

export const SubmitTaskStateChange: Operation<
  SubmitTaskStateChangeRequest,
  SubmitTaskStateChangeResponse
> = {
  access: theReportingHost,
  run(tx, input, { caller, now, ids }) {
    const task = reportedTask(tx, caller, input)
    if (input.attachments?.length)
      throw invalidParameter('The task has no attachment that could change its state.')
    applyReport(tx, task, input, { now, id: ids.uuid() })
    return { acknowledgment: task.taskId }
  },
}
