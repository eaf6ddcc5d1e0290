/** Resources and condition keys of requests about services, from the Service Authorization Reference. */
import type { Caller } from '#kernel/principal.ts'
import type { Context, Question } from '#room/operation.ts'
import type { Read } from '#store/store.ts'

import { inCluster } from '../access.ts'
import { meantDefinition } from '../definitions/find.ts'
import { clusterName, definitionArn } from '../names/names.ts'
import {
  serviceArn,
  serviceDeploymentArn,
  type ServicePlace,
  serviceRevisionArn,
  taskSetArn,
} from '../names/services.ts'
import { ownerOf, partIn, serviceNameIn, taskSetIdIn } from './find.ts'

type Questions = readonly Question[]
type InCluster = { readonly cluster?: string | undefined }
type OfService = InCluster & { readonly service: string }

/** The service is the resource. */
export const theServiceResource = (
  _tx: Read,
  { cluster, service }: OfService,
  { caller }: Context,
): Questions => [
  {
    resources: [serviceArn(placeOf(caller, cluster, service))],
    conditions: inCluster(caller, cluster),
  },
]

/** Services that are named together. */
export const theServiceResources = (
  _tx: Read,
  { cluster, services }: InCluster & { readonly services: readonly string[] },
  { caller }: Context,
): Questions => [
  {
    resources: services.map((service) => serviceArn(placeOf(caller, cluster, service))),
    conditions: inCluster(caller, cluster),
  },
]

/** A service and what it is to run: the latest revision is resolved before the question is asked. */
export function theServiceAndDefinition(
  tx: Read,
  input: OfService & {
    readonly taskDefinition?: string | undefined
    readonly enableExecuteCommand?: boolean | undefined
  },
  { caller }: Context,
): Questions {
  const { cluster, service, taskDefinition, enableExecuteCommand } = input
  return [
    {
      resources: [serviceArn(placeOf(caller, cluster, service))],
      conditions: {
        ...inCluster(caller, cluster),
        ...definitionCondition(tx, caller, taskDefinition),
        ...(enableExecuteCommand !== undefined && {
          'ecs:enable-execute-command': String(enableExecuteCommand),
        }),
      },
    },
  ]
}

/** Task sets of a service: those named, or any where none is. */
export const theTaskSetResources = (
  tx: Read,
  input: OfService & {
    readonly taskSets: readonly string[] | undefined
    readonly taskDefinition?: string | undefined
  },
  { caller }: Context,
): Questions => {
  const place = placeOf(caller, input.cluster, input.service)
  const named = input.taskSets?.map((one) => taskSetArn(place, taskSetIdIn(caller, place, one)))
  return [
    {
      resources: named?.length ? named : [taskSetArn(place, '*')],
      conditions: {
        ...inCluster(caller, input.cluster),
        'ecs:service': serviceArn(place),
        ...definitionCondition(tx, caller, input.taskDefinition),
      },
    },
  ]
}

/** Service deployments or service revisions, by ARN. */
export function theParts(
  caller: Caller,
  arns: readonly string[],
  type: 'service-deployment' | 'service-revision',
): Questions {
  const arnOf = type === 'service-deployment' ? serviceDeploymentArn : serviceRevisionArn
  const resources = arns.map((arn) => {
    const { of, id } = partIn(caller, arn, type)
    return arnOf(of, id)
  })
  return [{ resources }]
}

function placeOf(caller: Caller, cluster: string | undefined, service: string): ServicePlace {
  const name = clusterName(caller, cluster)
  return {
    ...ownerOf(caller),
    clusterName: name,
    serviceName: serviceNameIn(caller, name, service),
  }
}

function definitionCondition(
  tx: Read,
  caller: Caller,
  identifier: string | undefined,
): Readonly<Record<string, string>> {
  if (identifier === undefined) return {}
  const { family, revision } = meantDefinition(tx, caller, identifier)
  return { 'ecs:task-definition': definitionArn(caller, family, revision) }
}
