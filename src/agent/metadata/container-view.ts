/** A container, as it reads about itself. */
import type { AcsContainer } from '#wire/task.ts'

import type { ContainerDetails, Observed } from '../engine.ts'
import { jsonObject } from '../tasks/create.ts'
import { isPause } from '../tasks/pause.ts'
import {
  containerOf,
  containersOf,
  rank,
  type KnownContainer,
  type KnownTask,
  type Status,
} from '../tasks/task.ts'

export type ViewVersion = 'v3' | 'v4'
/** The members are those that Amazon documents. */
export type ContainerView = { readonly KnownStatus: string; readonly [member: string]: unknown }

/** `seen` is absent for one that the engine does not have. */
export function containerView(
  version: ViewVersion,
  task: KnownTask,
  name: string,
  seen: Observed | undefined,
): ContainerView {
  const container = containersOf(task).find((one) => one.name === name)
  const known = containerOf(task, name)
  const { details } = seen ?? {}
  const mode = task.definition.networkMode || 'bridge'
  const ports = known.networkBindings ?? []
  return {
    DockerId: known.dockerId ?? '',
    Name: name,
    DockerName: known.dockerName,
    Image: container?.image ?? '',
    ImageID: details?.imageId ?? '',
    ...(ports.length > 0
      ? {
          Ports: ports.map(({ containerPort, hostPort, bindIP, protocol }) => ({
            ContainerPort: containerPort,
            Protocol: protocol,
            HostPort: hostPort,
            HostIp: bindIP,
          })),
        }
      : {}),
    Labels: ecsLabels(seen),
    DesiredStatus: task.desired,
    KnownStatus: statusNow(known, seen),
    ...(known.exitCode === undefined ? {} : { ExitCode: known.exitCode }),
    Limits: { CPU: container?.cpu ?? 0, Memory: container?.memory ?? 0 },
    ...instants(known, seen),
    Type: isPause({ name }) ? 'CNI_PAUSE' : 'NORMAL',
    ...health(known, container?.healthCheckType),
    ...(details && details.mounts.length > 0
      ? {
          Volumes: details.mounts.map((mount) => ({
            ...(mount.name ? { DockerName: mount.name } : {}),
            Source: mount.source,
            Destination: mount.destination,
          })),
        }
      : {}),
    Networks: [{ NetworkMode: mode, IPv4Addresses: details?.ipv4Addresses ?? [] }],
    ...(version === 'v4'
      ? {
          ...logging(container, details),
          ContainerARN: container?.containerArn ?? '',
          ...(container?.restartPolicy?.enabled ? { RestartCount: known.restarts ?? 0 } : {}),
        }
      : {}),
  }
}

/** One that asks runs, even where the agent has not heard of its start yet. */
function statusNow({ status }: KnownContainer, seen: Observed | undefined): Status {
  return seen?.state === 'running' && rank(status) < rank('RUNNING') ? 'RUNNING' : status
}

/** What the task definition says, which is not always how the engine is made to keep the output. */
function logging(
  container: AcsContainer | undefined,
  details: ContainerDetails | undefined,
): Readonly<Record<string, unknown>> {
  const { LogConfig: said } = jsonObject(container?.dockerConfig?.hostConfig) as {
    LogConfig?: { Type?: string; Config?: object }
  }
  return said
    ? { LogDriver: said.Type ?? '', LogOptions: said.Config ?? {} }
    : { LogDriver: details?.logDriver ?? '', LogOptions: details?.logOptions ?? {} }
}

/** What Berth notes on a container for itself is nobody's business, and large. */
function ecsLabels(seen: Observed | undefined): Readonly<Record<string, string>> {
  const labels = Object.entries(seen?.labels ?? {})
  return Object.fromEntries(labels.filter(([name]) => !name.startsWith('berth.')))
}

function instants(known: KnownContainer, seen: Observed | undefined): object {
  const text = (ms: number | undefined) => (ms ? new Date(ms).toISOString() : undefined)
  return {
    CreatedAt: text(seen?.createdAt),
    StartedAt: text(seen?.startedAt ?? known.startedAt),
    FinishedAt: text(known.finishedAt),
  }
}

function health({ health: known }: KnownContainer, type: string | undefined): object {
  if (type !== 'docker') return {}
  return {
    Health: {
      status: known?.status ?? 'UNKNOWN',
      ...(known && known.status !== 'UNKNOWN'
        ? { statusSince: new Date(known.since).toISOString(), output: known.output }
        : {}),
    },
  }
}
