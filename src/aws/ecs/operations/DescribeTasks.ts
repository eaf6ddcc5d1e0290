import type { DescribeTasksRequest, DescribeTasksResponse, Failure, Task } from '#contract/ecs.ts'
import type { Operation } from '#room/operation.ts'

import { inCluster, named } from '../access.ts'
import { DESCRIBE_MAX } from '../limits.ts'
import { activeCluster, clusterArn, included, invalidParameter } from '../names/names.ts'
import { findTask } from '../tasks/find.ts'
import { toTask } from '../tasks/view.ts'

export const DescribeTasks: Operation<DescribeTasksRequest, DescribeTasksResponse> = {
  access: (_tx, input, { caller }) => [
    {
      resources: named(caller, input.cluster, input.tasks, 'task'),
      conditions: inCluster(caller, input.cluster),
    },
  ],
  run(tx, input, { caller }) {
    const { clusterName } = activeCluster(tx, caller, input.cluster)
    if (input.tasks.length === 0) throw invalidParameter('Tasks cannot be empty.')
    if (input.tasks.length > DESCRIBE_MAX)
      throw invalidParameter(`Tasks cannot be greater than ${DESCRIBE_MAX} items.`)
    const withTags = included(input.include).has('TAGS')
    const found: Task[] = []
    const failures: Failure[] = []
    const prefix = clusterArn(caller, clusterName).replace(':cluster/', ':task/')
    for (const identifier of new Set(input.tasks)) {
      const task = findTask(tx, caller, clusterName, identifier)
      if (!task)
        failures.push({
          arn: identifier.startsWith('arn:') ? identifier : `${prefix}/${identifier}`,
          reason: 'MISSING',
        })
      else found.push(withTags ? { ...toTask(task), tags: task.tags } : toTask(task))
    }
    return { tasks: found, failures }
  },
}
