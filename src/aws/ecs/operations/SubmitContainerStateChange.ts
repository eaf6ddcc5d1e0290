import type {
  SubmitContainerStateChangeRequest,
  SubmitContainerStateChangeResponse,
} from '#contract/ecs.ts'
import type { Operation } from '#room/operation.ts'

import { applyReport } from '../tasks/report.ts'
import { reportedTask, theReportingHost } from '../tasks/reported-task.ts'

/** One container's change; the task's own status stays what it is. */
export const SubmitContainerStateChange: Operation<
  SubmitContainerStateChangeRequest,
  SubmitContainerStateChangeResponse
> = {
  access: theReportingHost,
  run(tx, input, { caller, now, ids }) {
    const task = reportedTask(tx, caller, input)
    const { containerName, runtimeId, status, exitCode, reason, networkBindings } = input
    const containers = [{ containerName, runtimeId, status, exitCode, reason, networkBindings }]
    applyReport(tx, task, { containers }, { now, id: ids.uuid() })
    return { acknowledgment: task.taskId }
  },
}
