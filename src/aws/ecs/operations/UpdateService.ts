import type { UpdateServiceRequest, UpdateServiceResponse } from '#contract/ecs.ts'
import { canonicalJson } from '#kernel/fingerprint.ts'
import type { Context, Operation } from '#room/operation.ts'
import type { Read } from '#store/store.ts'

import { runnableDefinition } from '../definitions/find.ts'
import { isSaid } from '../meant.ts'
import { activeCluster, definitionKey, invalidParameter } from '../names/names.ts'
import { ofService } from '../names/services.ts'
import { type TaskDefinition, taskDefinitions } from '../records/records.ts'
import { services } from '../records/services.ts'
import { theServiceAndDefinition } from '../services/access.ts'
import { beginDeployment, newRevision } from '../services/begin.ts'
import { activeService, primaryOf } from '../services/find.ts'
import { changedService } from '../services/request.ts'
import { refuseUnbuilt } from '../services/unbuilt.ts'
import { toService, WITH_TAGS } from '../views/service.ts'

/**
 * What is not given stays as it is. Another task definition or network begins a deployment, and so does
 * `forceNewDeployment`; nothing else does.
 */
export const UpdateService: Operation<UpdateServiceRequest, UpdateServiceResponse> = {
  access: theServiceAndDefinition,
  run(tx, input, context) {
    const cluster = activeCluster(tx, context.caller, input.cluster)
    const before = activeService(tx, context.caller, cluster, input.service)
    refuseUnbuilt(input)
    if (before.deploymentController === 'EXTERNAL') refuseDeployment(input)
    const running = primaryOf(tx, before)
    const wanted = definitionOf(tx, input, running, context)
    const after = changedService(before, input, wanted?.found)
    if (canonicalJson(after) !== canonicalJson(before)) tx.put(services, ofService(before), after)
    const isOther =
      wanted?.revision !== running?.revision ||
      wanted?.family !== running?.family ||
      canonicalJson(after.networkConfiguration) !== canonicalJson(before.networkConfiguration)
    if (wanted && (isOther || input.forceNewDeployment === true))
      beginDeployment(tx, after, newRevision(tx, after, wanted, context), context)
    return { service: toService(tx, after, WITH_TAGS) }
  },
}

type Running = { readonly family: string; readonly revision: number }

/** What the service is to run; one that runs already may have been deregistered since. */
function definitionOf(
  tx: Read,
  { taskDefinition }: UpdateServiceRequest,
  running: Running | undefined,
  { caller }: Context,
): (Running & { readonly found: TaskDefinition | undefined }) | undefined {
  if (taskDefinition !== undefined) {
    const found = runnableDefinition(tx, caller, taskDefinition)
    return { family: found.family, revision: found.revision, found }
  }
  if (!running) return undefined
  const { family, revision } = running
  return {
    family,
    revision,
    found: tx.get(taskDefinitions, definitionKey(caller, family, revision)),
  }
}

/** Deployments of an external controller are its task sets. */
function refuseDeployment(input: UpdateServiceRequest): void {
  const asked: Readonly<Record<string, boolean>> = {
    'update task definition': input.taskDefinition !== undefined,
    'update network parameters': isSaid(input.networkConfiguration),
    'force a new deployment': input.forceNewDeployment === true,
  }
  for (const [what, isAsked] of Object.entries(asked))
    if (isAsked)
      throw invalidParameter(
        `Unable to ${what} on services with an EXTERNAL deployment controller. Use task sets to trigger a new deployment.`,
      )
}
