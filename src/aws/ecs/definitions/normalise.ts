/**
 * The echo: what was registered, with every default that ECS fills in. Tools compare what they wrote with what
 * they read, so these defaults are part of the contract.
 */
import type {
  ContainerDefinition,
  KeyValuePair,
  RegisterTaskDefinitionRequest,
  Volume,
} from '#contract/ecs.ts'

import type { Definition } from '../records/records.ts'
import { parseCpu, parseMemory } from './sizes.ts'

const HEALTH_CHECK = { interval: 30, timeout: 5, retries: 3 }

/** Call after validation. */
export function normalise(input: RegisterTaskDefinitionRequest): Definition {
  const { tags: _tags, ...rest } = input
  // Linux containers get bridge when nothing is said, and read it back only when it was said.
  const networkMode = input.networkMode ?? 'bridge'
  return {
    ...rest,
    containerDefinitions: input.containerDefinitions.map((container) =>
      normaliseContainer(container, networkMode),
    ),
    volumes: (input.volumes ?? []).map(normaliseVolume),
    placementConstraints: input.placementConstraints ?? [],
    ...(input.cpu !== undefined && { cpu: String(parseCpu(input.cpu)) }),
    ...(input.memory !== undefined && { memory: String(parseMemory(input.memory)) }),
    ...(input.enableFaultInjection !== undefined && {
      enableFaultInjection: input.enableFaultInjection,
    }),
  }
}

function normaliseContainer(
  container: ContainerDefinition,
  networkMode: string,
): Definition['containerDefinitions'][number] {
  const { healthCheck, restartPolicy } = container
  return {
    ...container,
    name: container.name as string,
    image: container.image as string,
    cpu: container.cpu ?? 0,
    essential: container.essential ?? true,
    environment: once(container.environment ?? []),
    mountPoints: container.mountPoints ?? [],
    volumesFrom: container.volumesFrom ?? [],
    systemControls: container.systemControls ?? [],
    portMappings: (container.portMappings ?? []).map((mapping) => ({
      ...mapping,
      protocol: mapping.protocol || 'tcp',
      ...(!mapping.containerPortRange && {
        hostPort: mapping.hostPort ?? (networkMode === 'bridge' ? 0 : mapping.containerPort),
      }),
    })),
    ...(healthCheck && { healthCheck: { ...HEALTH_CHECK, ...defined(healthCheck) } }),
    ...(restartPolicy?.enabled && {
      restartPolicy: {
        ...restartPolicy,
        restartAttemptPeriod: restartPolicy.restartAttemptPeriod ?? 300,
      },
    }),
  }
}

/** The same name and value twice is one of it. */
const once = (environment: readonly KeyValuePair[]): readonly KeyValuePair[] => [
  ...new Map(environment.map((pair) => [JSON.stringify([pair.name, pair.value]), pair])).values(),
]

const defined = <T extends object>(value: T): T =>
  Object.fromEntries(Object.entries(value).filter(([, part]) => part !== undefined)) as T

const KINDS = [
  'dockerVolumeConfiguration',
  's3filesVolumeConfiguration',
  'fsxWindowsFileServerVolumeConfiguration',
  'configuredAtLaunch',
] as const

function normaliseVolume(volume: Volume): Volume {
  if (volume.dockerVolumeConfiguration) {
    const docker = volume.dockerVolumeConfiguration
    const scope = docker.scope || 'task'
    return {
      ...volume,
      dockerVolumeConfiguration: {
        ...docker,
        scope,
        driver: docker.driver || 'local',
        ...(scope === 'shared' && { autoprovision: docker.autoprovision ?? false }),
      },
    }
  }
  const efs = volume.efsVolumeConfiguration
  if (efs)
    return {
      ...volume,
      efsVolumeConfiguration: { ...efs, rootDirectory: efs.rootDirectory || '/' },
    }
  return KINDS.some((kind) => volume[kind] !== undefined)
    ? volume
    : { ...volume, host: volume.host ?? {} }
}
