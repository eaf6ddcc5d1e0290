import { capability, type HostPolicy, isOfGuard } from '#wire/host-policy.ts'
import { unboundedOption } from '#wire/log-bounds.ts'
import { forgingOption } from '#wire/log-options.ts'
import type { AcsContainer, AcsTask } from '#wire/task.ts'

import { awslogsConfig } from './container-logs.ts'
import { dockerName, jsonObject } from './create.ts'
import { dependencyProblem } from './dependencies.ts'
import { hostProblem, loggingOf } from './host-use.ts'
import { withPause } from './pause.ts'
import type { KnownContainer, KnownTask } from './task.ts'
import { ownVolumes } from './volumes.ts'

/** A task that was just heard of. `hex` gives a fresh ending for each name on the engine. */
export function accept(task: AcsTask, seqNum: number, hex: () => string): KnownTask {
  const { roleCredentials, executionRoleCredentials: _execution, ...sent } = task
  const definition = withPause(sent)
  const containers = (definition.containers ?? []).map(
    ({ name }): readonly [string, KnownContainer] => [
      name,
      {
        status: 'NONE',
        dockerName: dockerName(definition, name, hex()),
        endpointId: hex() + hex(),
      },
    ],
  )
  return {
    arn: task.arn,
    definition,
    desired: task.desiredStatus,
    admitted: false,
    seqNum,
    containers: Object.fromEntries(containers),
    volumes: ownVolumes(definition, hex),
    credentialsId: roleCredentials?.credentialsId,
    reported: { status: 'NONE', containers: {} },
  }
}

/** A task that does not run here at all: it is only reported, as stopped for that reason. */
export function refuse(arn: string, seqNum: number, problem: string): KnownTask {
  return {
    arn,
    definition: { arn, desiredStatus: 'STOPPED' },
    desired: 'STOPPED',
    admitted: false,
    seqNum,
    problem,
    containers: {},
    volumes: {},
    reported: { status: 'NONE', containers: {} },
  }
}

/** What the host allows. */
type Policy = {
  readonly privilegedDisabled: boolean
  readonly hostPolicy: HostPolicy
  readonly hasAwslogs: boolean
}

/**
 * Why this agent cannot run the task, or `undefined`. What is not built is no capability that the agent registers,
 * so the scheduler does not send it; should it come all the same, it is refused and not half done.
 */
export function problemOf(task: AcsTask, policy: Policy): string | undefined {
  const containers = task.containers ?? []
  if (containers.length === 0) return 'the task has no containers'
  if (new Set(containers.map(({ name }) => name)).size < containers.length)
    return 'two containers have the same name'
  if (task.networkMode === 'awsvpc') return notBuilt('networkMode awsvpc')
  for (const { type } of task.volumes ?? [])
    if (type !== undefined && type !== 'host' && type !== 'docker')
      return notBuilt(`volume type ${type}`)
  return (
    containers
      .map((container) => containerProblem(container, policy))
      .find((problem) => problem !== undefined) ??
    dependencyProblem(containers) ??
    hostProblem(task, policy.hostPolicy)
  )
}

/** Of a value that is refused. */
const VALUE_SHOWN = 60

function containerProblem(
  container: AcsContainer,
  { privilegedDisabled, hostPolicy, hasAwslogs }: Policy,
): string | undefined {
  if (container.secrets?.length) return notBuilt('secrets')
  if (container.environmentFiles?.length) return notBuilt('environmentFiles')
  if (container.firelensConfiguration) return notBuilt('firelensConfiguration')
  if (container.registryAuthentication) return notBuilt('registryAuthentication')
  for (const text of [container.dockerConfig?.config, container.dockerConfig?.hostConfig])
    if (members(text) === undefined)
      return `dockerConfig of container '${container.name}' is not JSON`
  const hostConfig = jsonObject(container.dockerConfig?.hostConfig)
  if (privilegedDisabled && hostConfig['Privileged'] === true)
    return `container '${container.name}' is privileged, and this host does not allow that`
  const options = hostConfig['SecurityOpt']
  const unnamed = Array.isArray(options)
    ? options.map(String).find((option) => isOfGuard(option) && !isNamed(option, hostPolicy))
    : undefined
  if (privilegedDisabled && unnamed !== undefined)
    return `container '${container.name}' has the security option '${unnamed}', and this host does not allow that`
  const logging = loggingOf(hostConfig)
  const forging = forgingOption(logging)
  if (forging !== undefined)
    return `log option '${forging}' of container '${container.name}' could write lines of its own`
  const unbounded = unboundedOption(logging)
  if (unbounded)
    return `log option '${unbounded.name}' of container '${container.name}' is '${unbounded.value.slice(0, VALUE_SHOWN)}': allowed on a host is ${unbounded.allowed}`
  if (!hasAwslogs && awslogsConfig(container)) return notBuilt('log driver awslogs')
  const overridden = members(container.overrides)
  if (overridden === undefined) return `overrides of container '${container.name}' are not JSON`
  const unknown = overridden.find((member) => member !== 'command')
  return unknown === undefined
    ? undefined
    : `overrides of container '${container.name}' have the unknown field '${unknown}'`
}

/** Whether the operator allows this very option. */
const isNamed = (option: string, { capabilities }: HostPolicy): boolean =>
  capabilities?.how === 'only' && capabilities.named.includes(capability(option))

function members(text: string | undefined): readonly string[] | undefined {
  if (!text) return []
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.keys(value)
      : undefined
  } catch {
    return undefined
  }
}

function notBuilt(what: string): string {
  return `this agent does not run tasks with ${what}`
}
