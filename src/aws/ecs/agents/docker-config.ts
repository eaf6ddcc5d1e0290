/** What ACS's container JSON has no field for, as Docker's Config and HostConfig, laid over the agent's own. */
import type { Definition } from '../records/records.ts'
import type { Container } from './translate-container.ts'

const MIB = 1 << 20
const NANOSECONDS = 1_000_000_000

type Json = Readonly<Record<string, unknown>>
/** Only what was said: an absent member leaves Docker's default. */
const said = (members: Record<string, unknown>): Json =>
  Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined))

export function dockerConfig(container: Container): Json {
  const { healthCheck: check } = container
  return said({
    User: container.user,
    WorkingDir: container.workingDirectory,
    Hostname: container.hostname,
    Labels:
      container.dockerLabels && Object.keys(container.dockerLabels).length > 0
        ? container.dockerLabels
        : undefined,
    OpenStdin: container.interactive || undefined,
    Tty: container.pseudoTerminal || undefined,
    NetworkDisabled: container.disableNetworking || undefined,
    Healthcheck: check && {
      Test: isHow(check.command[0]) ? check.command : ['CMD', ...check.command],
      Interval: (check.interval ?? 30) * NANOSECONDS,
      Timeout: (check.timeout ?? 5) * NANOSECONDS,
      Retries: check.retries ?? 3,
      ...(check.startPeriod !== undefined && { StartPeriod: check.startPeriod * NANOSECONDS }),
    },
  })
}

/** Whether it says how the words after it are run: a command has none in front of it. */
const isHow = (word: string | undefined): boolean => word === 'CMD' || word === 'CMD-SHELL'

export function hostConfig(container: Container, definition: Definition): Json {
  const { linuxParameters: linux } = container
  return said({
    NetworkMode: definition.networkMode ?? 'bridge',
    CapAdd: linux?.capabilities?.add,
    CapDrop: linux?.capabilities?.drop,
    Privileged: container.privileged || undefined,
    ReadonlyRootfs: container.readonlyRootFilesystem || undefined,
    MemoryReservation: container.memoryReservation && container.memoryReservation * MIB,
    ...swap(container),
    Dns: container.dnsServers,
    DnsSearch: container.dnsSearchDomains,
    ExtraHosts: container.extraHosts?.map(({ hostname, ipAddress }) => `${hostname}:${ipAddress}`),
    SecurityOpt: container.dockerSecurityOptions,
    Ulimits: container.ulimits?.map(({ name, softLimit, hardLimit }) => ({
      Name: name,
      Soft: softLimit,
      Hard: hardLimit,
    })),
    Sysctls: sysctls(container),
    Devices: linux?.devices?.map(({ hostPath, containerPath, permissions }) => ({
      PathOnHost: hostPath,
      PathInContainer: containerPath ?? hostPath,
      CgroupPermissions: permissions?.map((permission) => permission[0]).join('') ?? 'rwm',
    })),
    Init: linux?.initProcessEnabled || undefined,
    ShmSize: linux?.sharedMemorySize && linux.sharedMemorySize * MIB,
    Tmpfs: linux?.tmpfs?.length
      ? Object.fromEntries(
          linux.tmpfs.map(({ containerPath, size, mountOptions = [] }) => [
            containerPath,
            [...mountOptions, `size=${size}m`].join(','),
          ]),
        )
      : undefined,
  })
}

/** Docker counts swap and memory together; `maxSwap` is swap alone. */
function swap({ memory, linuxParameters: linux }: Container): Record<string, unknown> {
  if (linux?.maxSwap === undefined) return {}
  return {
    MemorySwap: memory && (memory + linux.maxSwap) * MIB,
    MemorySwappiness: linux.swappiness,
  }
}

function sysctls({ systemControls = [] }: Container): Record<string, string> | undefined {
  if (systemControls.length === 0) return undefined
  return Object.fromEntries(
    systemControls.map(({ namespace = '', value = '' }) => [namespace, value]),
  )
}
