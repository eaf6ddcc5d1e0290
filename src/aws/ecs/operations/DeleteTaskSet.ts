import type { DeleteTaskSetRequest, DeleteTaskSetResponse } from '#contract/ecs.ts'
import type { Operation } from '#room/operation.ts'

import { activeCluster, invalidParameter } from '../names/names.ts'
import { inService } from '../names/services.ts'
import { taskSets } from '../records/services.ts'
import { theTaskSetResources } from '../services/access.ts'
import { activeService, theTaskSet } from '../services/find.ts'
import { checkExternal, computedDesired } from '../services/task-sets.ts'
import { toTaskSet } from '../views/task-set.ts'

/** The task set is DRAINING until its tasks are gone, and then no more. */
export const DeleteTaskSet: Operation<DeleteTaskSetRequest, DeleteTaskSetResponse> = {
  access: (tx, input, context) =>
    theTaskSetResources(tx, { ...input, taskSets: [input.taskSet] }, context),
  run(tx, input, { caller, now }) {
    const cluster = activeCluster(tx, caller, input.cluster)
    const service = activeService(tx, caller, cluster, input.service)
    checkExternal(service)
    const found = theTaskSet(tx, caller, service, input.taskSet)
    if (found.status === 'DRAINING') return { taskSet: toTaskSet(service, found) }
    if (input.force !== true && computedDesired(service, found) > 0)
      throw invalidParameter('The task set cannot be stopped while it is scaled above 0.')
    const after = tx.patch(taskSets, inService(service, found.taskSetId), {
      status: 'DRAINING',
      tags: [],
      stabilityStatus: 'STABILIZING',
      stabilityStatusAt: now,
      updatedAt: now,
    })
    return { taskSet: toTaskSet(service, after) }
  },
}
