import type { Attribute, Resource } from '#wire/calls.ts'
import { policyAttributes } from '#wire/host-policy.ts'

import type { AgentConfig } from './config.ts'
import type { EngineInfo } from './engine.ts'
import type { HostInfo } from './host.ts'
import { BadSetting } from './settings.ts'

const MIB = 1024 * 1024
export const UNITS_PER_CORE = 1024
/** The versions of Docker's API that ECS has attributes for. */
const REMOTE_API_MINORS = [17, 18, 19, 20, 21, 22, 23, 24, 25, 28, 29, 30, 32]
/** Drivers that need nothing of the agent but their name in the container's LogConfig. */
const LOGGING_DRIVERS = ['json-file', 'syslog', 'journald', 'gelf', 'fluentd', 'splunk']

const AWSLOGS = 'awslogs'

/** What this host has for tasks. Ports are those that tasks may not have. */
export function totalResources(
  info: EngineInfo,
  host: HostInfo,
  config: AgentConfig,
): readonly Resource[] {
  return [
    { name: 'CPU', type: 'INTEGER', integerValue: info.cpus * UNITS_PER_CORE },
    { name: 'MEMORY', type: 'INTEGER', integerValue: memoryMiB(info, host, config) },
    { name: 'PORTS', type: 'STRINGSET', stringSetValue: config.reservedPorts.map(String) },
    { name: 'PORTS_UDP', type: 'STRINGSET', stringSetValue: config.reservedPortsUdp.map(String) },
  ]
}

/** What tasks may have together: less than the machine where the agent's own control group has less. */
export function memoryMiB(info: EngineInfo, host: HostInfo, config: AgentConfig): number {
  const bytes = Math.min(info.memoryBytes, host.memoryLimitBytes ?? Infinity)
  const left = Math.floor(bytes / MIB) - config.reservedMemoryMiB
  if (left < 0)
    throw new BadSetting(
      `ECS_RESERVED_MEMORY is ${config.reservedMemoryMiB} MiB, and this host has ${Math.floor(bytes / MIB)} MiB`,
    )
  return left
}

/** What this agent can do. A capability that is not built is not listed, so no task that needs it comes here. */
export function attributes(
  info: EngineInfo,
  host: HostInfo,
  config: AgentConfig,
  architecture: string,
  hasAwslogs: boolean,
): readonly Attribute[] {
  const newest = Number(info.apiVersion.split('.')[1] ?? 0)
  const versions = REMOTE_API_MINORS.filter((version) => version <= newest)
  // Awslogs is the agent's own, on top of the engine's json-file.
  const known = hasAwslogs ? [...LOGGING_DRIVERS, AWSLOGS] : LOGGING_DRIVERS
  const drivers = known.filter(
    (driver) =>
      info.loggingDrivers.includes(driver === AWSLOGS ? 'json-file' : driver) &&
      (config.loggingDrivers === undefined || config.loggingDrivers.includes(driver)),
  )
  return [
    ...[
      ...(config.privilegedDisabled ? [] : ['com.amazonaws.ecs.capability.privileged-container']),
      ...versions.map((version) => `com.amazonaws.ecs.capability.docker-remote-api.1.${version}`),
      ...[...drivers, 'none'].map(
        (driver) => `com.amazonaws.ecs.capability.logging-driver.${driver}`,
      ),
      'ecs.capability.container-health-check',
      'ecs.capability.container-ordering',
      'ecs.capability.container-restart-policy',
      'ecs.capability.network.container-port-range',
      ...(config.taskLimits && host.taskGroups ? ['ecs.capability.task-cpu-mem-limit'] : []),
      ...(host.pause ? ['ecs.capability.pid-ipc-namespace-sharing'] : []),
      'ecs.capability.full-sync',
      'ecs.capability.external',
      ...info.volumeDrivers
        .filter((driver) => driver === 'local')
        .map((driver) => `ecs.capability.docker-plugin.${driver}`),
    ].map((name) => ({ name })),
    ...policyAttributes(config.hostPolicy),
    { name: 'ecs.os-type', value: 'linux' },
    { name: 'ecs.os-family', value: 'LINUX' },
    { name: 'ecs.cpu-architecture', value: architecture === 'x64' ? 'x86_64' : architecture },
    ...Object.entries(config.attributes).map(([name, value]) => ({ name, value })),
  ]
}
