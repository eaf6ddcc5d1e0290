import type { CreateTaskSetRequest, CreateTaskSetResponse } from '#contract/ecs.ts'
import type { Context, Operation } from '#room/operation.ts'
import { ownerOf } from '#room/owned.ts'
import type { Write } from '#store/store.ts'

import { tagging } from '../access.ts'
import { runnableDefinition } from '../definitions/find.ts'
import { TASK_SETS_PER_SERVICE_MAX } from '../limits.ts'
import { activeCluster, invalidParameter } from '../names/names.ts'
import { inService, taskSetArn } from '../names/services.ts'
import { type Service, type TaskSet, taskSets } from '../records/services.ts'
import { theTaskSetResources } from '../services/access.ts'
import { newRevision, newShareId } from '../services/begin.ts'
import { clientToken } from '../services/client-token.ts'
import { activeService, findTaskSet, taskSetsOf } from '../services/find.ts'
import { filledNetwork } from '../services/request.ts'
import { checkExternal, checkScale } from '../services/task-sets.ts'
import { refuseUnbuilt } from '../services/unbuilt.ts'
import { keptTags, validateTags } from '../tags.ts'
import { checkNetwork, launchTypeOf } from '../tasks/compatible.ts'
import { WITH_TAGS } from '../views/service.ts'
import { toTaskSet } from '../views/task-set.ts'

const EXTERNAL_ID_MAX = 255

/** Without a scale it starts nothing: its controller raises it. */
export const CreateTaskSet: Operation<CreateTaskSetRequest, CreateTaskSetResponse> = {
  access(tx, input, context) {
    const questions = theTaskSetResources(tx, { ...input, taskSets: [] }, context)
    const [taskSet = ''] = questions.flatMap(({ resources }) => resources)
    return [...questions, ...tagging(input.tags, 'CreateTaskSet', taskSet)]
  },
  run(tx, input, context) {
    const { caller } = context
    const cluster = activeCluster(tx, caller, input.cluster)
    const service = activeService(tx, caller, cluster, input.service)
    checkExternal(service)
    const token = clientToken(tx, cluster, 'CreateTaskSet', input, context)
    const before = token.arn === undefined ? undefined : findTaskSet(tx, caller, service, token.arn)
    if (before) return { taskSet: toTaskSet(service, before, WITH_TAGS) }
    refuseUnbuilt(input)
    if (taskSetsOf(tx, service).length >= TASK_SETS_PER_SERVICE_MAX)
      throw invalidParameter(
        `${TASK_SETS_PER_SERVICE_MAX} deployments exist on the service. Unable to create new TaskSet since this exceeds the maximum limit.`,
      )
    const taskSet = create(tx, service, input, context)
    token.made(taskSetArn(taskSet, taskSet.taskSetId))
    return { taskSet: toTaskSet(service, taskSet, WITH_TAGS) }
  },
}

function create(
  tx: Write,
  service: Service,
  input: CreateTaskSetRequest,
  context: Context,
): TaskSet {
  const { caller, now } = context
  const definition = runnableDefinition(tx, caller, input.taskDefinition)
  const launchType = launchTypeOf(input.launchType, definition.compatibilities)
  const networkConfiguration = filledNetwork(input.networkConfiguration)
  checkNetwork(definition.definition.networkMode, networkConfiguration)
  if ((input.externalId?.length ?? 0) > EXTERNAL_ID_MAX)
    throw invalidParameter(`externalId must be at most ${EXTERNAL_ID_MAX} characters.`)
  validateTags(input.tags)
  const scale = checkScale(input.scale)
  const runs = { launchType, networkConfiguration }
  const revision = newRevision(tx, { ...service, ...runs }, definition, context)
  const taskSet: TaskSet = {
    ...ownerOf(caller),
    clusterName: service.clusterName,
    serviceName: service.serviceName,
    serviceId: service.serviceId,
    taskSetId: newShareId(context),
    revisionId: revision.revisionId,
    family: definition.family,
    revision: definition.revision,
    status: 'ACTIVE',
    ...(input.externalId !== undefined && { externalId: input.externalId }),
    scale,
    ...runs,
    tags: keptTags(input.tags),
    stabilityStatus: 'STABILIZING',
    stabilityStatusAt: now,
    toldAt: {},
    pendingCount: 0,
    runningCount: 0,
    createdAt: now,
    updatedAt: now,
  }
  tx.put(taskSets, inService(service, taskSet.taskSetId), taskSet)
  return taskSet
}
