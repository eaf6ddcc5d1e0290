import type {
  UpdateServicePrimaryTaskSetRequest,
  UpdateServicePrimaryTaskSetResponse,
} from '#contract/ecs.ts'
import type { Operation } from '#room/operation.ts'

import { activeCluster, invalidParameter } from '../names/names.ts'
import { inService } from '../names/services.ts'
import { taskSets } from '../records/services.ts'
import { theServiceResource } from '../services/access.ts'
import { activeService, taskSetsOf, theTaskSet } from '../services/find.ts'
import { checkExternal } from '../services/task-sets.ts'
import { toTaskSet } from '../views/task-set.ts'

/** The task set that serves; the one that did is ACTIVE from now on. */
export const UpdateServicePrimaryTaskSet: Operation<
  UpdateServicePrimaryTaskSetRequest,
  UpdateServicePrimaryTaskSetResponse
> = {
  access: theServiceResource,
  run(tx, input, { caller, now }) {
    const cluster = activeCluster(tx, caller, input.cluster)
    const service = activeService(tx, caller, cluster, input.service)
    checkExternal(service)
    const found = theTaskSet(tx, caller, service, input.primaryTaskSet)
    if (found.status === 'DRAINING') throw invalidParameter('The task set is draining.')
    if (found.status === 'PRIMARY') return { taskSet: toTaskSet(service, found) }
    for (const set of taskSetsOf(tx, service))
      if (set.status === 'PRIMARY')
        tx.patch(taskSets, inService(service, set.taskSetId), { status: 'ACTIVE', updatedAt: now })
    const after = tx.patch(taskSets, inService(service, found.taskSetId), {
      status: 'PRIMARY',
      updatedAt: now,
    })
    return { taskSet: toTaskSet(service, after) }
  },
}
