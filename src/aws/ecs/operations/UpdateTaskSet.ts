import type { UpdateTaskSetRequest, UpdateTaskSetResponse } from '#contract/ecs.ts'
import type { Operation } from '#room/operation.ts'

import { activeCluster, invalidParameter } from '../names/names.ts'
import { inService } from '../names/services.ts'
import { taskSets } from '../records/services.ts'
import { theTaskSetResources } from '../services/access.ts'
import { activeService, theTaskSet } from '../services/find.ts'
import { checkExternal, checkScale } from '../services/task-sets.ts'
import { toTaskSet } from '../views/task-set.ts'

/** Its scale is all that can be changed. */
export const UpdateTaskSet: Operation<UpdateTaskSetRequest, UpdateTaskSetResponse> = {
  access: (tx, input, context) =>
    theTaskSetResources(tx, { ...input, taskSets: [input.taskSet] }, context),
  run(tx, input, { caller, now }) {
    const cluster = activeCluster(tx, caller, input.cluster)
    const service = activeService(tx, caller, cluster, input.service)
    checkExternal(service)
    const found = theTaskSet(tx, caller, service, input.taskSet)
    if (found.status === 'DRAINING') throw invalidParameter('The task set is draining.')
    const after = tx.patch(taskSets, inService(service, found.taskSetId), {
      scale: checkScale(input.scale),
      stabilityStatus: 'STABILIZING',
      stabilityStatusAt: now,
      updatedAt: now,
    })
    return { taskSet: toTaskSet(service, after) }
  },
}
