/** One container in ACS's JSON. */
import { oncePer } from '#kernel/once-per.ts'
import { own } from '#kernel/own.ts'
import type { AcsContainer } from '#wire/wire.ts'

import { containerArn } from '../names/names.ts'
import type { Definition, Task } from '../records/records.ts'
import { dockerConfig, hostConfig } from './docker-config.ts'
import { logConfig } from './log-config.ts'

export type Container = Definition['containerDefinitions'][number]

/** The Docker API that the options need, as Amazon's backend states it; agents use at least this. */
function apiVersion(container: Container): string {
  if (container.linuxParameters?.initProcessEnabled) return '1.25'
  if (container.healthCheck || container.linuxParameters?.tmpfs?.length) return '1.24'
  if (container.memoryReservation) return '1.21'
  return container.logConfiguration ? '1.19' : '1.18'
}

/** All tasks of a service revision run the image that its tag meant for the first one. */
const pinned = (image: string, digest: string | undefined): string =>
  digest === undefined ? image : `${image.replace(/:[^:/]+$/, '')}@${digest}`

export function toAcsContainer(
  container: Container,
  definition: Definition,
  { task, endpoint }: { readonly task: Task; readonly endpoint: string },
): AcsContainer {
  const { restartPolicy } = container
  const place = task.containers.findIndex(({ name }) => name === container.name)
  return {
    name: container.name,
    image: pinned(container.image, own(task.imageDigests ?? {}, container.name)),
    containerArn: containerArn(task, place),
    cpu: container.cpu ?? 0,
    // Zero means no hard limit: the reservation is in the host configuration.
    memory: container.memory ?? 0,
    essential: container.essential ?? true,
    ...(container.entryPoint && { entryPoint: container.entryPoint }),
    ...(container.command && { command: container.command }),
    environment: environmentOf(container, task),
    ...(container.links?.length && { links: container.links }),
    portMappings: portMappingsOf(container, definition),
    mountPoints: (container.mountPoints ?? []).map((mount) => ({
      sourceVolume: mount.sourceVolume,
      containerPath: mount.containerPath,
      readOnly: mount.readOnly ?? false,
    })),
    volumesFrom: (container.volumesFrom ?? []).map((from) => ({
      sourceContainer: from.sourceContainer as string,
      readOnly: from.readOnly ?? false,
    })),
    ...(container.dependsOn && { dependsOn: container.dependsOn }),
    ...(container.startTimeout !== undefined && { startTimeout: container.startTimeout }),
    ...(container.stopTimeout !== undefined && { stopTimeout: container.stopTimeout }),
    ...(restartPolicy && {
      restartPolicy: {
        enabled: restartPolicy.enabled,
        ...(restartPolicy.ignoredExitCodes && { ignoredExitCodes: restartPolicy.ignoredExitCodes }),
        ...(restartPolicy.restartAttemptPeriod !== undefined && {
          restartAttemptPeriod: restartPolicy.restartAttemptPeriod,
        }),
      },
    }),
    overrides: '{}',
    dockerConfig: {
      version: apiVersion(container),
      config: dockerConfigText(container),
      hostConfig: JSON.stringify({
        ...hostConfig(container, definition),
        ...logConfig(container, task, endpoint),
      }),
    },
    ...(container.healthCheck && { healthCheckType: 'docker' }),
  }
}

const dockerConfigText = oncePer((container: Container) => JSON.stringify(dockerConfig(container)))

/** ECS says to every container what runs it; the task definition may say otherwise. */
function environmentOf(container: Container, task: Task): Record<string, string> {
  const environment: Record<string, string> = {
    AWS_EXECUTION_ENV: task.launchType === 'EC2' ? 'AWS_ECS_EC2' : 'AWS_ECS_EXTERNAL',
  }
  for (const { name, value } of container.environment ?? [])
    if (name !== undefined)
      Object.defineProperty(environment, name, {
        value: value ?? '',
        enumerable: true,
        configurable: true,
        writable: true,
      })
  return environment
}

/** Only bridge publishes ports: in the other modes the container has the host's, or none. */
function portMappingsOf(
  container: Container,
  definition: Definition,
): AcsContainer['portMappings'] {
  if ((definition.networkMode ?? 'bridge') !== 'bridge') return []
  return (container.portMappings ?? []).map(
    ({ containerPort, hostPort, containerPortRange, protocol }) => ({
      ...(containerPortRange === undefined
        ? { containerPort, hostPort: hostPort ?? 0 }
        : { containerPortRange }),
      protocol: protocol ?? 'tcp',
    }),
  )
}
