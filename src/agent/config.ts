/** What can be set about an agent, by the names that Amazon's agent has. */
import { readFileSync } from 'node:fs'

import { isBuiltIn } from '#wire/attributes.ts'
import {
  capability,
  type HostPolicy,
  isLogServer,
  plainPath,
  type Rule,
} from '#wire/host-policy.ts'
import { isRegistry, registryName } from '#wire/registry.ts'

import type { PortRange } from './host.ts'
import { BadSetting, parseSettingsFile, SettingReader, type Settings } from './settings.ts'

const PULL_BEHAVIORS = ['default', 'always', 'once', 'prefer-cached'] as const
export type PullBehavior = (typeof PULL_BEHAVIORS)[number]

export type AgentConfig = {
  readonly cluster: string
  readonly stopTimeoutSeconds: number
  readonly startTimeoutMs: number
  readonly createTimeoutMs: number
  readonly cleanupWaitMs: number
  /** Up to as much again waits a clean-up, by chance, so that a fleet does not clean up at once. */
  readonly cleanupJitterMs: number
  readonly pullBehavior: PullBehavior
  /** Images are pulled before the containers that theirs waits for have got anywhere. */
  readonly pullDependentUpfront: boolean
  /** `undefined` for none at all. */
  readonly imageCleanup: ImageCleanup | undefined
  readonly attributes: Readonly<Record<string, string>>
  readonly tags: Readonly<Record<string, string>>
  readonly reservedMemoryMiB: number
  readonly reservedPorts: readonly number[]
  readonly reservedPortsUdp: readonly number[]
  /** `undefined` for the engine's own choice. */
  readonly dynamicPorts: PortRange | undefined
  /** `undefined` for all that the engine has and Berth knows. */
  readonly loggingDrivers: readonly string[] | undefined
  /** Whether tasks are limited as a whole. */
  readonly taskLimits: boolean
  /** Processes and threads of one task; `undefined` for no limit. */
  readonly taskPidsLimit: number | undefined
  /** Whether a shared volume that is there must have the labels and driver options that are asked for. */
  readonly sharedVolumesMatch: boolean
  /** Privileged containers are refused. */
  readonly privilegedDisabled: boolean
  readonly hostPolicy: HostPolicy
  readonly metricsDisabled: boolean
  /** Only what Amazon's agent says is said: no batches, no health at once, no topics. */
  readonly plainProtocol: boolean
  /** Questions to the metadata endpoint that one caller may ask in a second, and at once. */
  readonly metadataRate: { readonly perSecond: number; readonly burst: number }
  /** Where the GPUs of this host are listed; `undefined` where tasks get none. */
  readonly gpuInfoPath: string | undefined
  /** Settings that change nothing here, said once at the start. */
  readonly notes: readonly string[]
}

export type ImageCleanup = {
  readonly intervalMs: number
  readonly minimumAgeMs: number
  readonly perCycle: number
}

const RESERVED_PORTS: readonly number[] = [22, 2375, 2376, 51_678, 51_679]
const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const CLEANUP_WAIT_MS_MIN = 1000
/** That Amazon's agent knows: what this one has not is offered to nobody. */
const AMAZONS_LOGGING_DRIVERS = [
  'awsfirelens',
  'awslogs',
  'fluentd',
  'gelf',
  'journald',
  'json-file',
  'logentries',
  'none',
  'splunk',
  'syslog',
]
/** Of ECS's own names those that are for the operator to say here. */
const MACHINE_ATTRIBUTES = [
  'ecs.ami-id',
  'ecs.availability-zone',
  'ecs.instance-type',
  'ecs.subnet-id',
  'ecs.vpc-id',
]
const NAMESPACES = ['network', 'pid', 'ipc']
/** Amazon's agent takes no shorter one either. */
const IMAGE_CLEANUP_MS_MIN = 10 * MINUTE_MS
/** Where Amazon's agent has its settings too. */
const SETTINGS_FILE = '/etc/ecs/ecs.config'
const GPU_INFO = '/var/lib/ecs/gpu/nvidia-gpu-info.json'

/** Reads the settings; anything that does not make sense stops the agent before it does harm. */
export function readConfig(settings: Settings): AgentConfig {
  const read = new SettingReader(settings)
  const config = {
    cluster: read.text('ECS_CLUSTER') ?? 'default',
    stopTimeoutSeconds: Math.max(
      1,
      Math.round((read.durationMs('ECS_CONTAINER_STOP_TIMEOUT') ?? 30_000) / 1000),
    ),
    startTimeoutMs: read.durationMs('ECS_CONTAINER_START_TIMEOUT') ?? 3 * MINUTE_MS,
    createTimeoutMs: read.durationMs('ECS_CONTAINER_CREATE_TIMEOUT') ?? 4 * MINUTE_MS,
    cleanupWaitMs: Math.max(
      CLEANUP_WAIT_MS_MIN,
      read.durationMs('ECS_ENGINE_TASK_CLEANUP_WAIT_DURATION') ?? 3 * HOUR_MS,
    ),
    cleanupJitterMs: read.durationMs('ECS_ENGINE_TASK_CLEANUP_WAIT_DURATION_JITTER') ?? 0,
    pullBehavior: read.oneOf('ECS_IMAGE_PULL_BEHAVIOR', PULL_BEHAVIORS) ?? 'default',
    pullDependentUpfront: read.flag('ECS_PULL_DEPENDENT_CONTAINERS_UPFRONT') ?? false,
    imageCleanup: imageCleanup(read),
    attributes: instanceAttributes(read),
    tags: read.texts('ECS_CONTAINER_INSTANCE_TAGS') ?? {},
    reservedMemoryMiB: read.count('ECS_RESERVED_MEMORY') ?? 0,
    reservedPorts: read.ports('ECS_RESERVED_PORTS') ?? RESERVED_PORTS,
    reservedPortsUdp: read.ports('ECS_RESERVED_PORTS_UDP') ?? [],
    dynamicPorts: read.portRange('ECS_DYNAMIC_HOST_PORT_RANGE'),
    loggingDrivers: read.someOf('ECS_AVAILABLE_LOGGING_DRIVERS', AMAZONS_LOGGING_DRIVERS),
    taskLimits: read.flag('ECS_ENABLE_TASK_CPU_MEM_LIMIT') ?? true,
    taskPidsLimit: read.count('ECS_TASK_PIDS_LIMIT') || undefined,
    sharedVolumesMatch: read.flag('ECS_SHARED_VOLUME_MATCH_FULL_CONFIG') ?? false,
    privilegedDisabled: privilegedDisabled(read),
    hostPolicy: hostPolicy(read),
    metricsDisabled: read.flag('ECS_DISABLE_METRICS') ?? false,
    plainProtocol: read.flag('BERTH_PLAIN_PROTOCOL') ?? false,
    metadataRate: metadataRate(read),
    gpuInfoPath: read.flag('ECS_ENABLE_GPU_SUPPORT') ? GPU_INFO : undefined,
  }
  return { ...config, notes: read.finish() }
}

/** The settings of this machine: the environment comes before the file. */
export function processConfig(): AgentConfig {
  let file: Settings = {}
  try {
    file = parseSettingsFile(readFileSync(SETTINGS_FILE, 'utf8'))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
  // The address of the control plane is the command line's to read.
  const { ECS_BACKEND_HOST: _endpoint, ...environment } = process.env
  return readConfig({ ...file, ...environment })
}

/** ECS's own names are for what it knows of a machine, and that only where this agent cannot know it. */
function instanceAttributes(read: SettingReader): Readonly<Record<string, string>> {
  const attributes = read.texts('ECS_INSTANCE_ATTRIBUTES') ?? {}
  for (const name of Object.keys(attributes))
    if (isBuiltIn(name) && !MACHINE_ATTRIBUTES.includes(name))
      throw new BadSetting(`ECS_INSTANCE_ATTRIBUTES has the reserved name '${name}'`)
  return attributes
}

function privilegedDisabled(read: SettingReader): boolean {
  const isDisabled = read.flag('ECS_DISABLE_PRIVILEGED') ?? false
  const isAllowed = read.flag('BERTH_ALLOW_PRIVILEGED') ?? true
  return isDisabled || !isAllowed
}

/** What task definitions may do to this host, as far as the operator says it. */
function hostPolicy(read: SettingReader): HostPolicy {
  const only = (named: readonly string[] | undefined): Rule | undefined =>
    named && { how: 'only', named }
  return {
    paths: only(read.paths('BERTH_ALLOW_HOST_PATHS')?.map(plainPath)),
    devices: only(read.paths('BERTH_ALLOW_DEVICES')?.map(plainPath)),
    capabilities: only(
      read.list('BERTH_ALLOW_CAPABILITIES')?.map((name) => capability(String(name))),
    ),
    namespaces: only(
      read
        .someOf('BERTH_ALLOW_HOST_NAMESPACES', NAMESPACES, isLogServer)
        ?.map((name) => name.toLowerCase()),
    ),
    registries: only(registries(read)),
  }
}

function registries(read: SettingReader): readonly string[] | undefined {
  const names = read.list('BERTH_ALLOW_REGISTRIES')?.map(String)
  const wrong = names?.find((name) => !isRegistry(name))
  if (wrong !== undefined)
    throw new BadSetting(
      `BERTH_ALLOW_REGISTRIES has '${wrong}', and registries are named as images name them: docker.io, host:5000`,
    )
  return names?.map(registryName)
}

function imageCleanup(read: SettingReader): ImageCleanup | undefined {
  const disabled = read.flag('ECS_DISABLE_IMAGE_CLEANUP') ?? false
  const cleanup = {
    intervalMs: Math.max(
      IMAGE_CLEANUP_MS_MIN,
      read.durationMs('ECS_IMAGE_CLEANUP_INTERVAL') ?? 30 * MINUTE_MS,
    ),
    minimumAgeMs: read.durationMs('ECS_IMAGE_MINIMUM_CLEANUP_AGE') ?? HOUR_MS,
    perCycle: read.count('ECS_NUM_IMAGES_DELETE_PER_CYCLE', 1) ?? 5,
  }
  return disabled ? undefined : cleanup
}

function metadataRate(read: SettingReader): AgentConfig['metadataRate'] {
  const [perSecond = 40, burst = 60] = read.pair('ECS_TASK_METADATA_RPS_LIMIT') ?? []
  return { perSecond, burst }
}
