import type {
  DescribeTaskSetsRequest,
  DescribeTaskSetsResponse,
  Failure,
  TaskSet,
} from '#contract/ecs.ts'
import type { Operation } from '#room/operation.ts'

import { DESCRIBE_MAX } from '../limits.ts'
import { activeCluster, fault, included, invalidParameter } from '../names/names.ts'
import { taskSetArn } from '../names/services.ts'
import { theTaskSetResources } from '../services/access.ts'
import { findTaskSet, taskSetIdIn, taskSetsOf, theService } from '../services/find.ts'
import { checkExternal } from '../services/task-sets.ts'
import { toTaskSet } from '../views/task-set.ts'

/** All of the service where none is named. */
export const DescribeTaskSets: Operation<DescribeTaskSetsRequest, DescribeTaskSetsResponse> = {
  access: (tx, input, context) =>
    theTaskSetResources(tx, { ...input, taskSets: input.taskSets }, context),
  run(tx, input, { caller }) {
    const cluster = activeCluster(tx, caller, input.cluster)
    const service = theService(tx, caller, cluster, input.service)
    if (service.status === 'INACTIVE')
      throw fault<'DescribeTaskSets'>('ServiceNotActiveException', 'Service was not ACTIVE.')
    checkExternal(service)
    const { taskSets: named = [] } = input
    const include = included(input.include)
    if (named.length > DESCRIBE_MAX)
      throw invalidParameter(`Task sets cannot be greater than ${DESCRIBE_MAX} items.`)
    if (named.length === 0)
      return {
        taskSets: taskSetsOf(tx, service).map((set) => toTaskSet(service, set, include)),
        failures: [],
      }
    const found: TaskSet[] = []
    const failures: Failure[] = []
    for (const id of new Set(named.map((one) => taskSetIdIn(caller, service, one)))) {
      const set = findTaskSet(tx, caller, service, id)
      if (set) found.push(toTaskSet(service, set, include))
      else failures.push({ arn: taskSetArn(service, id), reason: 'MISSING' })
    }
    return { taskSets: found, failures }
  },
}
