import type { CreateServiceRequest, CreateServiceResponse } from '#contract/ecs.ts'
import { canonicalJson, fingerprint } from '#kernel/fingerprint.ts'
import { principalArn } from '#kernel/principal.ts'
import type { Context, Operation } from '#room/room.ts'
import type { Write } from '#store/store.ts'

import { runnableDefinition } from '../definitions/find.ts'
import { SERVICES_PER_CLUSTER_MAX } from '../limits.ts'
import { activeCluster, clientException, invalidParameter } from '../names.ts'
import type { Cluster, TaskDefinition } from '../records.ts'
import { theServiceAndDefinition } from '../services/access.ts'
import { beginDeployment, newRevision } from '../services/begin.ts'
import { clientToken, notIdempotent, requestHash } from '../services/client-token.ts'
import { forgetEvents } from '../services/events.ts'
import { checkServiceName, countServices, ownerOf } from '../services/find.ts'
import { ofService, serviceArn, serviceKey } from '../services/names.ts'
import { type Service, services } from '../services/records.ts'
import { type Wanted, wantedService } from '../services/request.ts'
import { refuseUnbuilt } from '../services/unbuilt.ts'
import { toService, WITH_TAGS } from '../views/service.ts'

/** The same request again is answered with the same service. The name of an INACTIVE service is free. */
export const CreateService: Operation<CreateServiceRequest, CreateServiceResponse> = {
  action: 'ecs:CreateService',
  access(tx, input, context) {
    checkServiceName(input.serviceName)
    return theServiceAndDefinition(tx, { ...input, service: input.serviceName }, context)
  },
  run(tx, input, context) {
    const cluster = activeCluster(tx, context.caller, input.cluster)
    checkServiceName(input.serviceName)
    const key = serviceKey(context.caller, cluster.clusterName, input.serviceName)
    const token = clientToken(tx, cluster, 'CreateService', input, context)
    const before = tx.get(services, key)
    if (before?.status === 'DRAINING')
      throw invalidParameter('Unable to Start a service that is still Draining.')
    const answer = (service: Service) => ({ service: toService(tx, service, WITH_TAGS) })
    const request = requestHash(cluster, input)
    if (before?.status === 'ACTIVE' && before.requestHash === request) return answer(before)
    const asked = { ...wanted(tx, input, context), request }
    if (before?.status === 'ACTIVE') {
      if (before.meaningHash !== asked.meaning) throw notIdempotent()
      return answer(before)
    }
    const service = create(tx, cluster, input.serviceName, asked, context)
    token.made(serviceArn(service))
    return answer(service)
  },
}

type Asked = {
  readonly definition: TaskDefinition | undefined
  readonly wanted: Wanted
  readonly request: string
  readonly meaning: string
}

function wanted(tx: Write, input: CreateServiceRequest, context: Context): Omit<Asked, 'request'> {
  refuseUnbuilt(input)
  const definition = definitionOf(tx, input, context)
  const service = wantedService(input, definition)
  const { family, revision } = definition ?? {}
  const meaning = fingerprint(canonicalJson({ ...service, family, revision }))
  return { definition, wanted: service, meaning }
}

function create(
  tx: Write,
  cluster: Cluster,
  serviceName: string,
  { definition, wanted: service, request, meaning }: Asked,
  context: Context,
): Service {
  const { caller, ids, now } = context
  if (countServices(tx, cluster, 'ACTIVE') >= SERVICES_PER_CLUSTER_MAX)
    throw clientException(
      `The maximum number of services in a cluster (${SERVICES_PER_CLUSTER_MAX}) has been exceeded.`,
    )
  const row: Service = {
    ...ownerOf(caller),
    clusterName: cluster.clusterName,
    serviceName,
    serviceId: ids.hex(32),
    status: 'ACTIVE',
    ...service,
    createdAt: now,
    createdBy: principalArn(caller.principal),
    requestHash: request,
    meaningHash: meaning,
    isSteady: false,
    toldAt: {},
  }
  forgetEvents(tx, row)
  tx.put(services, ofService(row), row)
  if (definition) beginDeployment(tx, row, newRevision(tx, row, definition, context), context)
  return row
}

/** What an external controller runs is said by its task sets, not by the service. */
function definitionOf(
  tx: Write,
  input: CreateServiceRequest,
  { caller }: Context,
): TaskDefinition | undefined {
  if (input.deploymentController?.type !== 'EXTERNAL') {
    if (input.taskDefinition === undefined)
      throw invalidParameter('TaskDefinition can not be blank.')
    return runnableDefinition(tx, caller, input.taskDefinition)
  }
  for (const name of ['taskDefinition', 'launchType', 'networkConfiguration'] as const)
    if (input[name] !== undefined)
      throw invalidParameter(
        `${name} cannot be specified for services with an EXTERNAL deployment controller.`,
      )
  return undefined
}
