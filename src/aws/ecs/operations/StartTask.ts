import type { Failure, StartTaskRequest, StartTaskResponse, Task } from '#contract/ecs.ts'
import type { Operation } from '#room/operation.ts'

import { theDefinition } from '../access.ts'
import { RUN_TASK_MAX } from '../limits.ts'
import { activeCluster, containerInstanceKey, idIn, invalidParameter } from '../names/names.ts'
import { containerInstances } from '../records/records.ts'
import { Groups, InstanceHost } from '../scheduler/hosts.ts'
import { refuse } from '../scheduler/place.ts'
import { together } from '../tasks/change.ts'
import { checkedLaunch } from '../tasks/launch-request.ts'
import { launch } from '../tasks/launch.ts'
import { toTask } from '../tasks/view.ts'

/** The custom scheduler's call: the caller chose the hosts, so no constraint or strategy is asked. */
export const StartTask: Operation<StartTaskRequest, StartTaskResponse> = {
  access: (tx, input, context) => theDefinition(tx, input, context, 'StartTask'),
  run(tx, input, context) {
    const { caller } = context
    const cluster = activeCluster(tx, caller, input.cluster)
    if (input.containerInstances.length === 0)
      throw invalidParameter('Container instance cannot be empty.')
    if (input.containerInstances.length > RUN_TASK_MAX)
      throw invalidParameter(`StartTask takes at most ${RUN_TASK_MAX} container instances.`)
    const what = checkedLaunch(tx, cluster, input, context)
    const started: Task[] = []
    const failures: Failure[] = []
    for (const identifier of input.containerInstances) {
      const id = idIn(caller, cluster.clusterName, identifier, 'container-instance')
      const instance =
        id && tx.get(containerInstances, containerInstanceKey(cluster, cluster.clusterName, id))
      if (!instance) {
        failures.push({ arn: identifier, reason: 'MISSING' })
        continue
      }
      const host = new InstanceHost(instance, new Groups(tx, instance))
      const refusal = refuse(what.need, host)
      if (refusal) failures.push({ arn: host.arn, ...refusal })
      else {
        const task = together(tx, (all) => launch(all, what, instance, context))
        started.push({ ...toTask(task), tags: task.tags })
      }
    }
    return { tasks: started, failures }
  },
}
