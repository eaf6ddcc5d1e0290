import { own } from '#kernel/own.ts'
import type { AcsContainer, AcsTask } from '#wire/task.ts'

import type { ContainerBody } from '../engine.ts'
import type { PortRange } from '../host.ts'
import { awslogsConfig } from './container-logs.ts'
import { gpusOf } from './gpus.ts'
import { isPause, namespaces, PAUSE_NAME } from './pause.ts'
import { rangeKey, rangesOf, type HostPorts } from './ports.ts'
import { containerOf, type KnownTask } from './task.ts'

const MIB = 1024 * 1024
/** The least that every Engine since API 1.41 accepts. */
const MEMORY_BYTES_MIN = 6 * MIB
/** The kernel's least share; ECS means it by none, 0 and 1. */
const CPU_SHARES_MIN = 2
/** The task rides on its containers as a label, so that it survives the loss of the agent's own state. */
const TASK_LABEL_BYTES_MAX = 128 * 1024

/** Whose a container is. An agent never touches one whose labels are not its own. */
export type Owner = {
  readonly installationId: string
  readonly containerInstanceArn: string
  readonly cluster: string
}

/**
 * What is to log by awslogs writes to the engine's json-file, which the agent empties as it sends. The engine must not
 * turn the file over by itself, whatever its own settings say.
 */
const SPOOLED = { Type: 'json-file', Config: { 'max-size': '1000t', 'max-file': '1' } }

export const LABELS = {
  installation: 'berth.installation',
  containerInstance: 'berth.container-instance',
  task: 'berth.task',
  volumes: 'berth.volumes',
  endpoint: 'berth.endpoint',
  taskArn: 'com.amazonaws.ecs.task-arn',
  containerName: 'com.amazonaws.ecs.container-name',
} as const

/** What the host's settings say of every container. */
export type BodySettings = {
  readonly region?: string | undefined
  /** Where containers ask about themselves, such as `http://169.254.170.2`; absent where nobody answers. */
  readonly metadataUrl?: string | undefined
  /** Host ports that nobody asked for by number come from here; the engine's own choice where it is absent. */
  readonly dynamicPorts?: PortRange | undefined
  /** Processes and threads of a whole task. */
  readonly taskPidsLimit?: number | undefined
  /** Whether a shared volume that is there must have the labels and driver options that are asked for. */
  readonly sharedVolumesMatch?: boolean | undefined
}

/** What was decided for one container just before it is created. */
export type BodyChoices = BodySettings & {
  readonly parentGroup?: string | undefined
  readonly hostPorts?: HostPorts | undefined
}

type Labels = Readonly<Record<string, string>>
const RESERVED = /^(berth|com\.amazonaws\.ecs)\./i

/** What a task's author may label: nobody else says whose a container or a volume is. */
export const authorsLabels = (labels: Labels = {}): Labels =>
  Object.fromEntries(Object.entries(labels).filter(([name]) => !RESERVED.test(name)))

/** Labels that find all containers of one agent. */
export function ownLabels(owner: Owner): Labels {
  return {
    [LABELS.installation]: owner.installationId,
    [LABELS.containerInstance]: owner.containerInstanceArn,
  }
}

/** `ecs-<family>-<revision>-<name>-<hex>`, as Amazon's agent names containers and volumes. */
export function dockerName(definition: AcsTask, name: string, hex: string): string {
  const parts = ['ecs', definition.family ?? 'task', definition.version ?? '0', name, hex]
  return parts.join('-').replaceAll(/[^a-zA-Z0-9_.-]/g, '')
}

/** The Engine's create body for one container of a task. Pure: the same task gives the same body. */
export function containerBody(
  task: KnownTask,
  container: AcsContainer,
  owner: Owner,
  choices: BodyChoices,
): ContainerBody {
  const config = jsonObject(container.dockerConfig?.config)
  const hostConfig = jsonObject(container.dockerConfig?.hostConfig)
  const networkMode = task.definition.networkMode
  const publishes = networkMode !== 'host' && networkMode !== 'none'
  const ports = publishes ? portsOf(container, choices) : []
  const command = commandOf(container)
  const known = containerOf(task, container.name)
  const gpus = gpusOf(task.definition, container.name)
  return {
    ...(container.entryPoint?.length ? { Entrypoint: container.entryPoint } : {}),
    ...(command?.length ? { Cmd: command } : {}),
    Env: Object.entries({
      ...ownVariables(task, container, choices),
      ...container.environment,
      ...gpuVariable(gpus),
    }).map(([key, value]) => `${key}=${value}`),
    ...(ports.length > 0
      ? { ExposedPorts: Object.fromEntries(ports.map(({ key }) => [key, {}])) }
      : {}),
    ...config,
    Image: container.image,
    Labels: { ...authorsLabels(config['Labels'] as Labels | undefined), ...labels() },
    HostConfig: {
      ...(container.memory ? { Memory: Math.max(container.memory * MIB, MEMORY_BYTES_MIN) } : {}),
      CpuShares: Math.max(container.cpu ?? 0, CPU_SHARES_MIN),
      ...(ports.length > 0 ? { PortBindings: portBindings(ports) } : {}),
      Binds: bindsOf(task, container),
      VolumesFrom: (container.volumesFrom ?? []).map(
        ({ sourceContainer, readOnly }) =>
          `${containerOf(task, sourceContainer).dockerName}${readOnly ? ':ro' : ''}`,
      ),
      Links: (container.links ?? []).map((link) => {
        const [name = link, alias = name] = link.split(':')
        return `${containerOf(task, name).dockerName}:${alias}`
      }),
      ...(networkMode ? { NetworkMode: networkMode } : {}),
      ...(choices.parentGroup ? { CgroupParent: choices.parentGroup } : {}),
      ...namespaces(task.definition, container, containerOf(task, PAUSE_NAME).dockerName),
      ...(gpus.length > 0
        ? { DeviceRequests: [{ Driver: 'nvidia', DeviceIDs: gpus, Capabilities: [['gpu']] }] }
        : {}),
      ...hostConfig,
      ...(isPause(container) ? sharedMemory(task.definition) : {}),
      ...(awslogsConfig(container) ? { LogConfig: SPOOLED } : {}),
    },
  }

  function labels(): Labels {
    const definition = JSON.stringify(task.definition)
    const fits = Buffer.byteLength(definition) <= TASK_LABEL_BYTES_MAX
    return {
      'com.amazonaws.ecs.cluster': owner.cluster,
      [LABELS.containerName]: container.name,
      [LABELS.taskArn]: task.arn,
      'com.amazonaws.ecs.task-definition-family': task.definition.family ?? '',
      'com.amazonaws.ecs.task-definition-version': task.definition.version ?? '',
      ...ownLabels(owner),
      // Also what has nothing to say is said: otherwise it would be the image's.
      [LABELS.endpoint]: known.endpointId ?? '',
      [LABELS.task]: fits ? definition : '',
      [LABELS.volumes]: fits ? JSON.stringify(task.volumes) : '',
    }
  }
}

/** The NVIDIA runtime gives what it names: no task's author names what others have. */
const gpuVariable = (gpus: readonly string[]): Readonly<Record<string, string>> =>
  gpus.length > 0 ? { NVIDIA_VISIBLE_DEVICES: gpus.join(',') } : {}

/** Where containers share what holds their shared memory, it has room for the one that asks for most. */
function sharedMemory({ ipcMode, containers = [] }: AcsTask): Readonly<Record<string, number>> {
  const sizes = containers.map((one) => Number(jsonObject(one.dockerConfig?.hostConfig)['ShmSize']))
  const most = Math.max(0, ...sizes.filter((size) => size > 0))
  return ipcMode === 'task' && most > 0 ? { ShmSize: most } : {}
}

/** SDKs know the address, but only its port 80. */
function credentialsVariable(url: string, path: string): Readonly<Record<string, string>> {
  return new URL(url).port === ''
    ? { AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: path }
    : { AWS_CONTAINER_CREDENTIALS_FULL_URI: `${url}${path}` }
}

type Port = { readonly key: string; readonly hostPort: string }

/** Host port 0, or none, lets the Engine choose, from the host's range where it has one. */
function portsOf(
  container: AcsContainer,
  { dynamicPorts, hostPorts = {} }: BodyChoices,
): readonly Port[] {
  const any = dynamicPorts ? `${dynamicPorts.first}-${dynamicPorts.last}` : '0'
  const single = (container.portMappings ?? []).flatMap(({ containerPort, hostPort, protocol }) =>
    containerPort === undefined
      ? []
      : [
          {
            key: `${containerPort}/${protocol ?? 'tcp'}`,
            hostPort: hostPort ? `${hostPort}` : any,
          },
        ],
  )
  const ranges = rangesOf(container).flatMap((range) => {
    const first = hostPorts[rangeKey(range)]
    if (first === undefined) return []
    return Array.from({ length: range.last - range.first + 1 }, (_, index) => ({
      key: `${range.first + index}/${range.protocol}`,
      hostPort: `${first + index}`,
    }))
  })
  return [...single, ...ranges]
}

/** What the host says to every container; what the task or the image says wins over it. */
export const REGION_VARIABLES = ['AWS_REGION', 'AWS_DEFAULT_REGION']

/** What every container is told of where it runs. */
function ownVariables(
  task: KnownTask,
  container: AcsContainer,
  { region, metadataUrl }: BodyChoices,
): Readonly<Record<string, string>> {
  if (isPause(container)) return {}
  const { endpointId, imageVariables = [] } = containerOf(task, container.name)
  const regions = REGION_VARIABLES.filter((variable) => !imageVariables.includes(variable))
  return {
    ...(metadataUrl && endpointId
      ? {
          ECS_CONTAINER_METADATA_URI: `${metadataUrl}/v3/${endpointId}`,
          ECS_CONTAINER_METADATA_URI_V4: `${metadataUrl}/v4/${endpointId}`,
          ECS_AGENT_URI: `${metadataUrl}/api/${endpointId}`,
        }
      : {}),
    ...(metadataUrl && task.credentialsId
      ? credentialsVariable(metadataUrl, `/v2/credentials/${task.credentialsId}`)
      : {}),
    ...(region ? Object.fromEntries(regions.map((variable) => [variable, region])) : {}),
  }
}

function portBindings(ports: readonly Port[]): Readonly<Record<string, readonly object[]>> {
  const bindings: Record<string, object[]> = {}
  for (const { key, hostPort } of ports) (bindings[key] ??= []).push({ HostPort: hostPort })
  return bindings
}

function bindsOf(task: KnownTask, container: AcsContainer): readonly string[] {
  const volumes = new Map((task.definition.volumes ?? []).map((volume) => [volume.name, volume]))
  return (container.mountPoints ?? []).flatMap(({ sourceVolume, containerPath, readOnly }) => {
    if (!sourceVolume || !containerPath) return []
    const source =
      volumes.get(sourceVolume)?.host?.sourcePath || own(task.volumes, sourceVolume) || sourceVolume
    return [`${source}:${containerPath}${readOnly ? ':ro' : ''}`]
  })
}

function commandOf(container: AcsContainer): readonly string[] | undefined {
  const overrides = jsonObject(container.overrides)
  const command = overrides['command'] as readonly string[] | null | undefined
  return command?.length ? command : container.command
}

export function jsonObject(text: string | undefined): Readonly<Record<string, unknown>> {
  const value: unknown = text ? JSON.parse(text) : {}
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : {}
}
