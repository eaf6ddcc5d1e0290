/** A task set as the API shows it. */
import type * as Api from '#contract/ecs.ts'

import { clusterArn, definitionArn } from '../names/names.ts'
import { serviceArn, SHARE, taskSetArn } from '../names/services.ts'
import type { Service, TaskSet } from '../records/services.ts'
import { computedDesired } from '../services/task-sets.ts'

export function toTaskSet(
  service: Service,
  set: TaskSet,
  include?: ReadonlySet<string>,
): Api.TaskSet {
  return {
    id: `${SHARE}${set.taskSetId}`,
    taskSetArn: taskSetArn(set, set.taskSetId),
    serviceArn: serviceArn(set),
    clusterArn: clusterArn(set, set.clusterName),
    ...(set.startedBy !== undefined && { startedBy: set.startedBy }),
    ...(set.externalId !== undefined && { externalId: set.externalId }),
    status: set.status,
    taskDefinition: definitionArn(set, set.family, set.revision),
    computedDesiredCount: computedDesired(service, set),
    pendingCount: set.pendingCount,
    runningCount: set.runningCount,
    createdAt: new Date(set.createdAt),
    updatedAt: new Date(set.updatedAt),
    launchType: set.launchType,
    ...(set.networkConfiguration && { networkConfiguration: set.networkConfiguration }),
    loadBalancers: [],
    serviceRegistries: [],
    scale: { value: set.scale, unit: 'PERCENT' },
    stabilityStatus: set.stabilityStatus,
    stabilityStatusAt: new Date(set.stabilityStatusAt),
    ...(include?.has('TAGS') && { tags: set.tags }),
  }
}
