import type { GetTaskProtectionRequest, GetTaskProtectionResponse } from '#contract/ecs.ts'
import type { Operation } from '#room/operation.ts'

import { inCluster, named } from '../access.ts'
import { DESCRIBE_MAX } from '../limits.ts'
import { activeCluster, invalidParameter } from '../names/names.ts'
import { protectable, toProtectedTask } from '../services/protection.ts'

export const GetTaskProtection: Operation<GetTaskProtectionRequest, GetTaskProtectionResponse> = {
  access: (_tx, input, { caller }) => [
    {
      resources: named(caller, input.cluster, input.tasks ?? [], 'task'),
      conditions: inCluster(caller, input.cluster),
    },
  ],
  run(tx, input, { caller, now }) {
    const { clusterName } = activeCluster(tx, caller, input.cluster)
    const { tasks: asked = [] } = input
    if (asked.length === 0) throw invalidParameter('Tasks cannot be empty.')
    if (asked.length > DESCRIBE_MAX)
      throw invalidParameter(`Tasks cannot be greater than ${DESCRIBE_MAX} items.`)
    const { found, missing } = protectable(tx, caller, clusterName, asked)
    return {
      protectedTasks: found.map(({ task }) => toProtectedTask(task, now)),
      failures: missing,
    }
  },
}
