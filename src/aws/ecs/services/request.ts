/** What a request makes of a service: checked as AWS checks it, and every default filled in. */
import type {
  CreateServiceRequest,
  NetworkConfiguration,
  PlacementConstraint,
  PlacementStrategy,
  UpdateServiceRequest,
} from '#contract/ecs.ts'

import { TASKS_PER_SERVICE_MAX } from '../limits.ts'
import { checkEnum, checkWhole, invalidParameter, unavailable } from '../names/names.ts'
import type { TaskDefinition } from '../records/records.ts'
import type { Service } from '../records/services.ts'
import { placementStrategies, constraintsOf } from '../scheduler/request.ts'
import { keptTags, validateTags } from '../tags.ts'
import { checkNetwork, launchTypeOf } from '../tasks/compatible.ts'
import { filledConfiguration } from './deployment-configuration.ts'
import { checkRebalancing, rebalancingConflict } from './rebalancing.ts'

const GRACE_PERIOD_MAX_SECONDS = 2_147_483_647
const SUBNETS_MAX = 16
const SECURITY_GROUPS_MAX = 5

/** What users say of a service. */
export type Wanted = Pick<
  Service,
  | 'availabilityZoneRebalancing'
  | 'deploymentConfiguration'
  | 'deploymentController'
  | 'desiredCount'
  | 'enableECSManagedTags'
  | 'healthCheckGracePeriodSeconds'
  | 'launchType'
  | 'networkConfiguration'
  | 'placementConstraints'
  | 'placementStrategy'
  | 'propagateTags'
  | 'schedulingStrategy'
  | 'tags'
>

/** `definition` is absent for a service whose task sets say what runs. */
export function wantedService(
  input: CreateServiceRequest,
  definition: TaskDefinition | undefined,
): Wanted {
  const { schedulingStrategy = 'REPLICA', propagateTags = 'NONE' } = input
  checkEnum('schedulingStrategy', schedulingStrategy, ['REPLICA', 'DAEMON'])
  const deploymentController = controllerOf(input)
  const kind = { schedulingStrategy, deploymentController }
  if (schedulingStrategy === 'DAEMON' && deploymentController === 'EXTERNAL')
    throw invalidParameter(
      'The daemon scheduling strategy does not support the EXTERNAL deployment controller. Change the deployment controller and try again',
    )
  const networkConfiguration = filledNetwork(input.networkConfiguration)
  if (definition) checkNetwork(definition.definition.networkMode, networkConfiguration)
  checkEnums({ ...input, propagateTags })
  validateTags(input.tags)
  const service = {
    ...kind,
    desiredCount: desiredCountOf(input, kind),
    launchType: definition ? launchTypeOf(input.launchType, definition.compatibilities) : 'EC2',
    deploymentConfiguration: filledConfiguration(input.deploymentConfiguration ?? {}, kind),
    placementConstraints: constraints(input.placementConstraints, definition) ?? [],
    placementStrategy: strategies(input.placementStrategy, kind) ?? [],
    networkConfiguration,
    healthCheckGracePeriodSeconds: gracePeriod(input) ?? 0,
    enableECSManagedTags: input.enableECSManagedTags ?? false,
    propagateTags,
    tags: keptTags(input.tags),
  } as const
  // On a service that cannot be rebalanced AWS leaves it off unless it was asked for.
  const byDefault = rebalancingConflict(service) === undefined ? 'ENABLED' : 'DISABLED'
  const wanted = {
    ...service,
    availabilityZoneRebalancing: input.availabilityZoneRebalancing ?? byDefault,
  }
  checkRebalancing(wanted, 'created')
  return wanted
}

/** `definition` is what the service is to run from now on; absent as above. */
export function changedService(
  before: Service,
  input: UpdateServiceRequest,
  definition: TaskDefinition | undefined,
): Service {
  checkEnums(input)
  if (
    input.deploymentController !== undefined &&
    controllerOf(input) !== before.deploymentController
  )
    throw unavailable('deploymentController')
  const networkConfiguration = input.networkConfiguration
    ? filledNetwork(input.networkConfiguration)
    : before.networkConfiguration
  const placementConstraints = input.placementConstraints ?? before.placementConstraints
  if (definition) {
    checkNetwork(definition.definition.networkMode, networkConfiguration)
    launchTypeOf(before.launchType, definition.compatibilities)
  }
  const after: Service = {
    ...before,
    desiredCount:
      input.desiredCount === undefined ? before.desiredCount : desiredCountOf(input, before),
    deploymentConfiguration: filledConfiguration(
      input.deploymentConfiguration ?? {},
      before,
      before.deploymentConfiguration,
    ),
    availabilityZoneRebalancing:
      input.availabilityZoneRebalancing ?? before.availabilityZoneRebalancing,
    placementConstraints: constraints(placementConstraints, definition) ?? [],
    placementStrategy: strategies(input.placementStrategy, before) ?? before.placementStrategy,
    networkConfiguration,
    healthCheckGracePeriodSeconds: gracePeriod(input) ?? before.healthCheckGracePeriodSeconds,
    enableECSManagedTags: input.enableECSManagedTags ?? before.enableECSManagedTags,
    propagateTags: input.propagateTags ?? before.propagateTags,
  }
  checkRebalancing(after, 'updated')
  return after
}

/** CodeDeploy is another AWS service, which is not built. */
function controllerOf({
  deploymentController,
}: Pick<CreateServiceRequest, 'deploymentController'>): 'ECS' | 'EXTERNAL' {
  const type = deploymentController?.type ?? 'ECS'
  checkEnum('deploymentController.type', type, ['CODE_DEPLOY', 'ECS', 'EXTERNAL'])
  if (type === 'CODE_DEPLOY') throw unavailable('deploymentController.type CODE_DEPLOY')
  return type
}

type Kind = Pick<Service, 'schedulingStrategy' | 'deploymentController'>

function desiredCountOf(
  { desiredCount }: Pick<CreateServiceRequest, 'desiredCount'>,
  { schedulingStrategy, deploymentController }: Kind,
): number {
  if (schedulingStrategy === 'DAEMON') {
    if (desiredCount !== undefined)
      throw invalidParameter(
        'The daemon scheduling strategy does not support a desired count for services. Remove the desired count value and try again',
      )
    return 0
  }
  if (desiredCount === undefined) {
    if (deploymentController === 'EXTERNAL') return 0
    throw invalidParameter(
      'The replica scheduling strategy requires a desired count for services. Add the desired count value and try again',
    )
  }
  checkWhole('desiredCount', desiredCount, 0, TASKS_PER_SERVICE_MAX)
  return desiredCount
}

function constraints(
  given: readonly PlacementConstraint[] | undefined,
  definition: TaskDefinition | undefined,
): readonly PlacementConstraint[] | undefined {
  constraintsOf(definition?.definition.placementConstraints, given)
  return given
}

function strategies(
  given: readonly PlacementStrategy[] | undefined,
  { schedulingStrategy }: Kind,
): readonly PlacementStrategy[] | undefined {
  if (given?.length && schedulingStrategy === 'DAEMON')
    throw invalidParameter(
      'The daemon scheduling strategy does not support placement strategies. Remove the placement strategies and try again',
    )
  return given && placementStrategies(given)
}

function gracePeriod({
  healthCheckGracePeriodSeconds: seconds,
}: Pick<CreateServiceRequest, 'healthCheckGracePeriodSeconds'>): number | undefined {
  if (seconds !== undefined)
    checkWhole('healthCheckGracePeriodSeconds', seconds, 0, GRACE_PERIOD_MAX_SECONDS)
  return seconds
}

function checkEnums(
  input: Pick<CreateServiceRequest, 'availabilityZoneRebalancing' | 'propagateTags'>,
): void {
  checkEnum('availabilityZoneRebalancing', input.availabilityZoneRebalancing, [
    'ENABLED',
    'DISABLED',
  ])
  checkEnum('propagateTags', input.propagateTags, ['TASK_DEFINITION', 'SERVICE', 'NONE'])
}

/** Nothing for a configuration without a network: so one is removed. */
export function filledNetwork(
  given: NetworkConfiguration | undefined,
): NetworkConfiguration | undefined {
  const network = given?.awsvpcConfiguration
  if (!network) return undefined
  const { subnets, securityGroups = [], assignPublicIp = 'DISABLED' } = network
  if (subnets.length > SUBNETS_MAX)
    throw invalidParameter(`subnets can have at most ${SUBNETS_MAX} items.`)
  if (subnets.length === 0) throw invalidParameter('subnets can not be empty.')
  if (securityGroups.length > SECURITY_GROUPS_MAX)
    throw invalidParameter(`securityGroups can have at most ${SECURITY_GROUPS_MAX} items.`)
  checkEnum('assignPublicIp', assignPublicIp, ['ENABLED', 'DISABLED'])
  if (assignPublicIp === 'ENABLED')
    throw invalidParameter('Assign public IP is not supported for this launch type.')
  return { awsvpcConfiguration: { subnets, securityGroups, assignPublicIp } }
}
