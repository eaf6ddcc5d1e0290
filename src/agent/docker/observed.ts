import type { NetworkBinding } from '#wire/calls.ts'

import {
  NETWORK_COUNTERS,
  type ContainerDetails,
  type Health,
  type Observed,
  type Stats,
} from '../engine.ts'
import type { InspectAnswer, PortBinding, StatsAnswer } from './answers.ts'

/** What the Engine's inspection says, in the agent's words. */
export function observed(answer: InspectAnswer): Observed {
  const state = answer.State ?? {}
  const finishedAt = instant(state.FinishedAt)
  const exited = state.Status === 'exited' || state.Status === 'dead' || state.Status === 'removing'
  return {
    id: answer.Id,
    name: (answer.Name ?? '').replace(/^\//, ''),
    labels: answer.Config?.Labels ?? {},
    state: state.Running ? 'running' : exited ? 'exited' : 'created',
    exitCode: exited && finishedAt !== undefined ? state.ExitCode : undefined,
    outOfMemory: state.OOMKilled ?? false,
    error: state.Error ?? '',
    createdAt: instant(answer.Created) ?? 0,
    startedAt: instant(state.StartedAt),
    finishedAt: exited ? finishedAt : undefined,
    health: state.Health && health(state.Health),
    networkBindings: bindings(answer.NetworkSettings?.Ports ?? {}),
    details: details(answer),
  }
}

function details({
  Image,
  HostConfig,
  LogPath,
  Mounts,
  NetworkSettings,
}: InspectAnswer): ContainerDetails {
  return {
    imageId: Image ?? '',
    ipv4Addresses: Object.values(NetworkSettings?.Networks ?? {}).flatMap(
      ({ IPAddress }) => IPAddress || [],
    ),
    logDriver: HostConfig?.LogConfig?.Type ?? '',
    logPath: LogPath ?? '',
    logOptions: HostConfig?.LogConfig?.Config ?? {},
    mounts: (Mounts ?? []).map(({ Name, Source = '', Destination = '' }) => ({
      name: Name,
      source: Source,
      destination: Destination,
    })),
  }
}

/** The Engine writes the year 1 where nothing happened yet. */
function instant(text: string | undefined): number | undefined {
  const ms = text === undefined ? Number.NaN : Date.parse(text)
  return ms > 0 ? ms : undefined
}

function health(answer: NonNullable<NonNullable<InspectAnswer['State']>['Health']>): Health {
  const last = answer.Log?.at(-1)
  const status =
    answer.Status === 'healthy'
      ? 'HEALTHY'
      : answer.Status === 'unhealthy'
        ? 'UNHEALTHY'
        : 'UNKNOWN'
  return { status, since: instant(last?.End) ?? 0, output: last?.Output ?? '' }
}

/** IPv6's `::` repeats IPv4's binding, so it is left out, as Amazon's agent does. */
function bindings(ports: Readonly<Record<string, readonly PortBinding[] | null>>) {
  const result: NetworkBinding[] = []
  for (const [key, hosts] of Object.entries(ports)) {
    const [port = '', protocol] = key.split('/')
    for (const { HostIp, HostPort } of hosts ?? [])
      if (HostIp !== '::' && (protocol === 'tcp' || protocol === 'udp'))
        result.push({
          bindIP: HostIp || '0.0.0.0',
          containerPort: Number(port),
          hostPort: Number(HostPort),
          protocol,
        })
  }
  return result
}

/** Memory is what the container holds without the page cache that it could give back, as `docker stats` says it. */
export function stats(answer: StatsAnswer): Stats {
  const memory = answer.memory_stats
  const cache = memory?.stats?.['total_inactive_file'] ?? memory?.stats?.['inactive_file'] ?? 0
  const io = answer.blkio_stats?.io_service_bytes_recursive ?? []
  const total = (operation: string) =>
    io
      .filter(({ op }) => op?.toLowerCase() === operation)
      .reduce((sum, { value }) => sum + (value ?? 0), 0)
  return {
    cpuNanoseconds: answer.cpu_stats?.cpu_usage?.total_usage ?? 0,
    memoryBytes: Math.max(0, (memory?.usage ?? 0) - cache),
    network: answer.networks && network(answer.networks),
    readBytes: total('read'),
    writtenBytes: total('write'),
    raw: answer,
  }
}

function network(interfaces: NonNullable<StatsAnswer['networks']>): NonNullable<Stats['network']> {
  const sum = (counter: string) => {
    const key = counter.replace(/[A-Z]/, (letter) => `_${letter.toLowerCase()}`)
    return Object.values(interfaces).reduce((total, one) => total + (one[key] ?? 0), 0)
  }
  const entries = NETWORK_COUNTERS.map((counter) => [counter, sum(counter)] as const)
  return Object.fromEntries(entries) as NonNullable<Stats['network']>
}
