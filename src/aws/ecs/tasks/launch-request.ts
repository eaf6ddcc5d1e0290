/** What RunTask and StartTask check alike before anything is placed. */
import type { RunTaskRequest, Tag, TaskOverride } from '#contract/ecs.ts'
import type { Context } from '#room/operation.ts'
import type { Read } from '#store/store.ts'

import { checkOverridable } from '../definitions/container.ts'
import { runnableDefinition } from '../definitions/find.ts'
import { needOf, overridden } from '../definitions/need.ts'
import { checkRoles } from '../definitions/roles.ts'
import { checkSizes } from '../definitions/sizes.ts'
import { isSaid, meant } from '../meant.ts'
import { checkEnum, invalidParameter, unavailable } from '../names/names.ts'
import type { Cluster, Definition } from '../records/records.ts'
import { addTags, keptTags, validateTags } from '../tags.ts'
import type { UnbuiltName } from '../unbuilt.ts'
import { checkNetwork, launchTypeOf } from './compatible.ts'
import type { Launch } from './launch.ts'

const OVERRIDES_MAX = 8192
const STARTED_BY_MAX = 128
const GROUP_MAX = 255

const NO_OVERRIDES: TaskOverride = {}
const NO_TAGS: readonly Tag[] = []

type Request = Omit<RunTaskRequest, 'clientToken' | 'count'>

export function checkedLaunch(
  tx: Read,
  cluster: Cluster,
  input: Request,
  { caller }: Context,
): Launch {
  refuseUnbuilt(input)
  const taskDefinition = runnableDefinition(tx, caller, input.taskDefinition)
  const { overrides = NO_OVERRIDES } = input
  checkOverrides(overrides, taskDefinition.definition)
  const definition = overridden(taskDefinition.definition, overrides)
  // Without overrides it is what registration has taken.
  if (definition !== taskDefinition.definition) checkOverridden(meant(definition))
  const launchType = launchTypeOf(input.launchType, taskDefinition.compatibilities)
  checkNetwork(definition.networkMode, input.networkConfiguration)
  const { startedBy, group = `family:${taskDefinition.family}` } = input
  if (startedBy !== undefined && startedBy.length > STARTED_BY_MAX)
    throw invalidParameter(`startedBy longer than ${STARTED_BY_MAX}.`)
  if (group.length > GROUP_MAX)
    throw invalidParameter(`group must be at most ${GROUP_MAX} characters.`)
  if (input.group !== undefined && /^(service|daemon):/.test(group))
    throw invalidParameter('Invalid namespace for group.')
  return {
    cluster,
    taskDefinition,
    definition,
    overrides,
    need: needOf(definition, group),
    group,
    startedBy,
    tags: tagsOf(input, cluster, taskDefinition.tags),
    launchType,
  }
}

/** Parameters of later releases: refused by name, because nothing would act on them. */
function refuseUnbuilt(input: Request): void {
  const asked: Partial<Record<UnbuiltName, boolean>> = {
    capacityProviderStrategy: isSaid(input.capacityProviderStrategy),
    enableExecuteCommand: input.enableExecuteCommand === true,
    platformVersion: isSaid(input.platformVersion),
    referenceId: isSaid(input.referenceId),
    volumeConfigurations: isSaid(input.volumeConfigurations),
    'overrides.ephemeralStorage': isSaid(input.overrides?.ephemeralStorage),
    'overrides.inferenceAcceleratorOverrides': isSaid(
      input.overrides?.inferenceAcceleratorOverrides,
    ),
  }
  for (const [name, isAsked] of Object.entries(asked))
    if (isAsked) throw unavailable(name as UnbuiltName)
}

function checkOverrides(overrides: TaskOverride, definition: Definition): void {
  if (JSON.stringify(overrides).length > OVERRIDES_MAX)
    throw invalidParameter(`Container Overrides length must be at most ${OVERRIDES_MAX}`)
  const names = new Set<string>()
  for (const { name } of overrides.containerOverrides ?? []) {
    if (!name) throw invalidParameter('Container override must have a name.')
    if (!definition.containerDefinitions.some((container) => container.name === name))
      throw invalidParameter(
        `Override for container named ${name} is not a container in the TaskDefinition.`,
      )
    // Of two, one would act and the other be read back.
    if (names.has(name))
      throw invalidParameter(`There is more than one override for container named ${name}.`)
    names.add(name)
  }
}

/** What overrides made of a definition is held to the rules of registration, in its words. */
function checkOverridden(definition: Definition): void {
  for (const container of definition.containerDefinitions) checkOverridable(container, definition)
  // Tasks of this build run on hosts, also where their definitions could run on Fargate, which has sizes of its own.
  checkSizes(definition, false)
  checkRoles(definition)
}

function tagsOf(input: Request, cluster: Cluster, ofDefinition: readonly Tag[]): readonly Tag[] {
  validateTags(input.tags)
  const { propagateTags } = input
  checkEnum('propagateTags', propagateTags, ['TASK_DEFINITION', 'SERVICE', 'NONE'])
  if (propagateTags === 'SERVICE')
    throw invalidParameter(
      'Invalid value for propagateTags: SERVICE. A task that no service runs has no service to take tags from.',
    )
  const propagated = propagateTags === 'TASK_DEFINITION' ? ofDefinition : []
  const tags = addTags(propagated, input.tags ?? [])
  const managed = input.enableECSManagedTags
    ? [{ key: 'aws:ecs:clusterName', value: cluster.clusterName }]
    : []
  const all = [...keptTags(tags), ...managed]
  return all.length > 0 ? all : NO_TAGS
}
