/** The rules of one container definition, each with the text that the real service gives where one is known. */
import type { ContainerDefinition, RegisterTaskDefinitionRequest } from '#contract/ecs.ts'

import { clientException } from '../names/names.ts'
import { checkEnvironmentFiles, checkLimits } from './container-limits.ts'
import { checkKnown } from './known.ts'
import { validateLogging } from './log-drivers.ts'
import { checkResources } from './resources.ts'

type Task = RegisterTaskDefinitionRequest

const NAME = /^[A-Za-z0-9_-]{1,255}$/
const DIGEST = /^sha256:[0-9a-f]{64}$/
const IMAGE_MAX = 255
/** Docker's own floor since 20.10. */
const MEMORY_MIN_MIB = 6

export function validateContainer(container: ContainerDefinition, task: Task): void {
  nameAndImage(container)
  const { name } = container
  const fargate = task.requiresCompatibilities?.includes('FARGATE') ?? false
  checkOverridable(container, task)
  const consistency = ['enabled', 'disabled']
  checkKnown(
    'versionConsistency',
    container.versionConsistency,
    consistency,
    `for container '${name}'`,
  )
  links(container, task)
  if (task.networkMode === 'awsvpc') {
    if (container.hostname !== undefined)
      throw clientException('The hostname parameter is not supported when networkMode=awsvpc.')
    if (container.extraHosts?.length)
      throw clientException('Extra hosts are not supported when networkMode=awsvpc.')
  }
  validateLogging(container, task, fargate)
  checkLimits(container, task, fargate)
  if (fargate) fargateOnly(container)
  for (const label of Object.keys(container.dockerLabels ?? {}))
    if (label.toLowerCase().startsWith('com.amazonaws.ecs.'))
      throw clientException(
        `Invalid docker label '${label}' for container '${name}'. Labels with the prefix com.amazonaws.ecs are reserved.`,
      )
}

/** The rules of what a task may override: they hold for the definition, and again for what its overrides make of it. */
export function checkOverridable(
  container: ContainerDefinition,
  task: Pick<Task, 'memory' | 'inferenceAccelerators'>,
): void {
  const { name } = container
  memory(container, task)
  if (container.cpu !== undefined && container.cpu < 0)
    throw clientException(`Invalid setting for container '${name}'. 'cpu' must not be negative.`)
  if (container.environment?.some((pair) => !pair.name))
    throw clientException(`Environment variable name cannot be empty for container '${name}'.`)
  checkEnvironmentFiles(container)
  checkResources(container, task)
}

function nameAndImage({ name, image }: ContainerDefinition): void {
  if (!name) throw clientException('Container.name should not be null or empty.')
  if (!NAME.test(name))
    throw clientException(
      `Container.name contains invalid characters. Up to 255 letters (uppercase and lowercase), numbers, hyphens, and underscores are allowed.`,
    )
  if (!image) throw clientException('Container.image should not be null or empty.')
  const [reference = '', digest] = image.split('@')
  if (digest !== undefined && !DIGEST.test(digest))
    throw clientException(`Container.image contains an invalid digest: '${digest.slice(0, 80)}'.`)
  if (reference.length > IMAGE_MAX || /[\s]/.test(reference))
    throw clientException('Container.image contains invalid characters.')
}

function memory(
  { name, memory, memoryReservation, linuxParameters }: ContainerDefinition,
  task: Pick<Task, 'memory'>,
): void {
  if (task.memory === undefined && !memory && !memoryReservation)
    throw clientException(
      `Invalid setting for container '${name}'. At least one of 'memory' or 'memoryReservation' must be specified.`,
    )
  for (const [what, value] of Object.entries({ memory, memoryReservation }))
    if (value !== undefined && value !== 0 && value < MEMORY_MIN_MIB)
      throw clientException(
        `Invalid setting for container '${name}'. '${what}' must be at least ${MEMORY_MIN_MIB}.`,
      )
  // The engine limits swap and memory together: without the one it would leave the other as it is.
  if (linuxParameters?.maxSwap !== undefined && !memory)
    throw clientException(`Invalid maxSwap for container '${name}'. It requires memory.`)
  if (memory && memoryReservation && memoryReservation > memory)
    throw clientException(
      `Invalid setting for container '${name}'. The 'memory' value must be greater than or equal to the 'memoryReservation' value.`,
    )
}

function links({ name, links }: ContainerDefinition, task: Task): void {
  if (!links?.length) return
  if ((task.networkMode ?? 'bridge') !== 'bridge')
    throw clientException(`Links are not supported when networkMode=${task.networkMode}.`)
  for (const link of links) {
    const [target = '', , more] = link.split(':')
    if (more !== undefined)
      throw clientException(`Invalid link '${link}' in links of container '${name}'.`)
    if (!task.containerDefinitions.some((other) => other.name === target && target !== name))
      throw clientException(`Unknown container '${target}' in links of container '${name}'.`)
  }
}

function fargateOnly(container: ContainerDefinition): void {
  const refuse = (what: string) =>
    clientException(
      `When using Fargate, ${what} is not supported for container '${container.name}'.`,
    )
  if (container.privileged) throw refuse('privileged')
  if (container.dockerSecurityOptions?.length) throw refuse('dockerSecurityOptions')
  if (container.linuxParameters?.devices?.length) throw refuse('linuxParameters.devices')
  if (container.linuxParameters?.sharedMemorySize) throw refuse('linuxParameters.sharedMemorySize')
  if (container.linuxParameters?.maxSwap !== undefined) throw refuse('linuxParameters.maxSwap')
  if (container.linuxParameters?.swappiness !== undefined)
    throw refuse('linuxParameters.swappiness')
  if (container.linuxParameters?.tmpfs?.length) throw refuse('linuxParameters.tmpfs')
  if (container.linuxParameters?.capabilities?.add?.some((name) => name !== 'SYS_PTRACE'))
    throw refuse('a capability other than SYS_PTRACE')
  if (container.ulimits?.some(({ name }) => name !== 'nofile'))
    throw refuse('a ulimit other than nofile')
  if (container.resourceRequirements?.some(({ type }) => type === 'GPU')) throw refuse('GPU')
}
