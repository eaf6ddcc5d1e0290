import type { CreateServiceRequest, CreateServiceResponse } from '#contract/ecs.ts'
import { canonicalJson, fingerprint } from '#kernel/fingerprint.ts'
import { principalArn } from '#kernel/principal.ts'
import type { Context, Operation } from '#room/operation.ts'
import type { Write } from '#store/store.ts'

import { tagging } from '../access.ts'
import { runnableDefinition } from '../definitions/find.ts'
import { SERVICES_PER_CLUSTER_MAX } from '../limits.ts'
import { isSaid } from '../meant.ts'
import { activeCluster, clientException, invalidParameter } from '../names/names.ts'
import { ofService, serviceArn, serviceKey } from '../names/services.ts'
import type { Cluster, TaskDefinition } from '../records/records.ts'
import { type Service, services } from '../records/services.ts'
import { theServiceAndDefinition, theServiceResource } from '../services/access.ts'
import { beginDeployment, newRevision } from '../services/begin.ts'
import { clientToken, notIdempotent, requestHash } from '../services/client-token.ts'
import { forgetEvents } from '../services/events.ts'
import { checkServiceName, countServices, ownerOf } from '../services/find.ts'
import { type Wanted, wantedService } from '../services/request.ts'
import { refuseUnbuilt } from '../services/unbuilt.ts'
import { toService, WITH_TAGS } from '../views/service.ts'

/** The same request again is answered with the same service. The name of an INACTIVE service is free. */
export const CreateService: Operation<CreateServiceRequest, CreateServiceResponse> = {
  access(tx, input, context) {
    checkServiceName(input.serviceName)
    const asked = { ...input, service: input.serviceName }
    return [
      ...theServiceAndDefinition(tx, asked, context),
      ...theServiceResource(tx, asked, context).flatMap(({ resources: [service = ''] }) =>
        tagging(input.tags, 'CreateService', service),
      ),
    ]
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
    const hash = requestHash(cluster, input)
    if (before?.status === 'ACTIVE' && before.requestHash === hash) return answer(before)
    const asked = askedOf(tx, input, context)
    if (before?.status === 'ACTIVE') {
      if (before.meaningHash !== asked.meaningHash) throw notIdempotent('CreateService')
      return answer(before)
    }
    const named = { serviceName: input.serviceName, requestHash: hash }
    const service = create(tx, cluster, named, asked, context)
    token.made(serviceArn(service))
    return answer(service)
  },
}

type Asked = {
  readonly definition: TaskDefinition | undefined
  readonly wanted: Wanted
  readonly meaningHash: string
}

function askedOf(tx: Write, input: CreateServiceRequest, context: Context): Asked {
  refuseUnbuilt(input)
  const definition = definitionOf(tx, input, context)
  const wanted = wantedService(input, definition)
  const { family, revision } = definition ?? {}
  const meaningHash = fingerprint(canonicalJson({ ...wanted, family, revision }))
  return { definition, wanted, meaningHash }
}

function create(
  tx: Write,
  cluster: Cluster,
  { serviceName, requestHash }: Pick<Service, 'serviceName' | 'requestHash'>,
  { definition, wanted, meaningHash }: Asked,
  context: Context,
): Service {
  const { caller, ids, now } = context
  if (countServices(tx, cluster, 'ACTIVE') >= SERVICES_PER_CLUSTER_MAX)
    throw clientException(
      `The maximum number of services in a cluster (${SERVICES_PER_CLUSTER_MAX}) has been exceeded.`,
    )
  const service: Service = {
    ...ownerOf(caller),
    clusterName: cluster.clusterName,
    serviceName,
    serviceId: ids.hex(32),
    status: 'ACTIVE',
    ...wanted,
    createdAt: now,
    createdBy: principalArn(caller.principal),
    requestHash,
    meaningHash,
    isSteady: false,
    toldAt: {},
  }
  forgetEvents(tx, service)
  tx.put(services, ofService(service), service)
  if (definition)
    beginDeployment(tx, service, newRevision(tx, service, definition, context), context)
  return service
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
    if (isSaid(input[name]))
      throw invalidParameter(
        `${name} cannot be specified for services with an EXTERNAL deployment controller.`,
      )
  return undefined
}
