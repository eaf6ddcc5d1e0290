/** Everything that ECS refuses in a task definition before it stores it. */
import type { RegisterTaskDefinitionRequest } from '#contract/ecs.ts'

import { clientException } from '../names/names.ts'
import { parseExpression } from '../query/query.ts'
import { validateTags } from '../tags.ts'
import { validateContainer } from './container.ts'
import { validateDependencies } from './dependencies.ts'
import { checkKnown } from './known.ts'
import { validatePorts } from './ports.ts'
import { checkRoles } from './roles.ts'
import { checkSizes } from './sizes.ts'
import { validateVolumes } from './volumes.ts'

const FAMILY = /^[A-Za-z0-9_-]{1,255}$/
const CONTAINERS_MAX = 10
const CONSTRAINTS_MAX = 10
const SIZE_MAX_BYTES = 64 << 10
const COMPATIBILITIES = ['EC2', 'FARGATE', 'EXTERNAL', 'MANAGED_INSTANCES']
const NETWORK_MODES = ['none', 'bridge', 'awsvpc', 'host']
const CPU_ARCHITECTURES = ['X86_64', 'ARM64']
const SYSTEMS = [
  'LINUX',
  'WINDOWS_SERVER_2004_CORE',
  'WINDOWS_SERVER_2016_FULL',
  'WINDOWS_SERVER_2019_CORE',
  'WINDOWS_SERVER_2019_FULL',
  'WINDOWS_SERVER_2022_CORE',
  'WINDOWS_SERVER_2022_FULL',
  'WINDOWS_SERVER_2025_CORE',
  'WINDOWS_SERVER_2025_FULL',
  'WINDOWS_SERVER_20H2_CORE',
]
const EPHEMERAL_MIN_GIB = 21
const EPHEMERAL_MAX_GIB = 200

/** Comes before all that looks into it: what is too large costs no more than to measure it. */
export function checkSize(input: RegisterTaskDefinitionRequest): void {
  if (Buffer.byteLength(JSON.stringify(input)) > SIZE_MAX_BYTES)
    throw clientException('Task definition exceeds the size limit of 64 KiB.')
}

/** Of a definition of the right size. Throws the first fault found, in the order in which the real service is seen to check. */
export function validate(input: RegisterTaskDefinitionRequest): void {
  if (!FAMILY.test(input.family)) throw clientException('Family contains invalid characters.')
  validateTags(input.tags)
  const containers = input.containerDefinitions
  if (containers.length === 0) throw clientException('Container list cannot be empty.')
  if (containers.length > CONTAINERS_MAX)
    throw clientException(`Task definition has more than ${CONTAINERS_MAX} containers.`)
  const fargate = compatibility(input)
  for (const container of containers) validateContainer(container, input)
  if (fargate && input.networkMode !== 'awsvpc')
    throw clientException('Fargate only supports network mode ‘awsvpc’.')
  const names = containers.map(({ name }) => name)
  const twice = names.find((name, at) => names.indexOf(name) !== at)
  if (twice !== undefined) throw clientException(`Duplicate container name '${twice}'.`)
  if (!containers.some(({ essential }) => essential ?? true))
    throw clientException("Task definition doesn't have any essential container.")
  if (containers.filter((container) => container.firelensConfiguration).length > 1)
    throw clientException(
      'A task definition can have at most one container with firelensConfiguration.',
    )
  validatePorts(input)
  validateDependencies(containers)
  validateVolumes(input)
  checkSizes(input, fargate)
  checkRoles(input)
  rest(input, fargate)
}

function compatibility(input: RegisterTaskDefinitionRequest): boolean {
  for (const name of input.requiresCompatibilities ?? [])
    if (!COMPATIBILITIES.includes(name))
      throw clientException(
        `Invalid compatibility '${name}'. Valid values: [${COMPATIBILITIES.join(', ')}].`,
      )
  if (input.networkMode !== undefined && !NETWORK_MODES.includes(input.networkMode))
    throw clientException(`Invalid networkMode '${input.networkMode}'.`)
  return input.requiresCompatibilities?.includes('FARGATE') ?? false
}

function rest(input: RegisterTaskDefinitionRequest, fargate: boolean): void {
  const constraints = input.placementConstraints ?? []
  if (constraints.length > CONSTRAINTS_MAX)
    throw clientException(
      `A task definition can have at most ${CONSTRAINTS_MAX} placement constraints.`,
    )
  if (fargate && constraints.length > 0)
    throw clientException('When using Fargate, placementConstraints are not supported.')
  for (const { type, expression } of constraints) {
    if (type !== 'memberOf')
      throw clientException(`constraint.type '${type ?? ''}' is not supported.`)
    parseExpression(expression ?? '')
  }
  const { pidMode, ipcMode, runtimePlatform: platform, ephemeralStorage } = input
  if (pidMode !== undefined && pidMode !== 'host' && pidMode !== 'task')
    throw clientException(`Invalid pidMode '${String(pidMode)}'.`)
  if (ipcMode !== undefined && !['host', 'task', 'none'].includes(ipcMode))
    throw clientException(`Invalid ipcMode '${ipcMode}'.`)
  if (fargate && pidMode === 'host')
    throw clientException(
      "Tasks using the Fargate launch type do not support pidMode 'host'. The supported value for pidMode is 'task'.",
    )
  if (fargate && ipcMode !== undefined)
    throw clientException('Tasks using the Fargate launch type do not support ipcMode.')
  checkKnown('cpuArchitecture', platform?.cpuArchitecture, CPU_ARCHITECTURES)
  checkKnown('operatingSystemFamily', platform?.operatingSystemFamily, SYSTEMS)
  checkKnown('proxyConfiguration type', input.proxyConfiguration?.type, ['APPMESH'])
  if (!ephemeralStorage) return
  if (!fargate) throw clientException('Ephemeral storage is only supported on Fargate.')
  const { sizeInGiB } = ephemeralStorage
  if (sizeInGiB < EPHEMERAL_MIN_GIB || sizeInGiB > EPHEMERAL_MAX_GIB)
    throw clientException(
      `Ephemeral storage size must be between ${EPHEMERAL_MIN_GIB} and ${EPHEMERAL_MAX_GIB} GiB.`,
    )
}
