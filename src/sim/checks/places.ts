/** Where one more task would fit, from what everybody can see: where a daemon belongs and is not it comes first. */
import { definitionKey } from '#aws/ecs/names/names.ts'
import { groupOf } from '#aws/ecs/names/services.ts'
import {
  type ContainerInstance,
  containerInstances,
  type Task,
  taskDefinitions,
  tasks,
} from '#aws/ecs/records/records.ts'
import { type Deployment, deployments, services, type TaskSet } from '#aws/ecs/records/services.ts'

import type { Oracle } from '../oracle.ts'

type Share = Deployment | TaskSet
type Host = Readonly<ContainerInstance>
type Need = { readonly cpu: number; readonly memoryMiB: number; readonly ports: readonly number[] }

/** For one of a service that is no daemon. */
export const hasRoom = (oracle: Oracle, share: Share): boolean =>
  [...oracle.rows(containerInstances)].some(
    ([, host]) =>
      isTaking(host) && fits(needOf(oracle, share), leftFor(host, missedOn(oracle, host))),
  )

/** On each host that is within reach and has none of the tasks. */
export function hasRoomEverywhere(oracle: Oracle, share: Share, own: readonly Task[]): boolean {
  const taken = new Set(own.map(({ containerInstanceId }) => containerInstanceId))
  return [...oracle.rows(containerInstances)].every(
    ([, host]) =>
      !isTaking(host) ||
      taken.has(host.containerInstanceId) ||
      fits(needOf(oracle, share), host.remaining),
  )
}

/** What the daemons need that belong on the host, for which it is large enough, and that are not there. */
export function missedOn(oracle: Oracle, host: Host): readonly Need[] {
  if (host.status !== 'ACTIVE') return []
  const there = new Set(
    [...oracle.rows(tasks)]
      .map(([, task]) => task)
      .filter(
        ({ containerInstanceId, desiredStatus, lastStatus }) =>
          containerInstanceId === host.containerInstanceId &&
          desiredStatus === 'RUNNING' &&
          lastStatus !== 'STOPPED',
      )
      .map(({ group }) => group),
  )
  const missed = [...oracle.rows(services)]
    .map(([, service]) => service)
    .filter(
      ({ status, schedulingStrategy, clusterName, serviceName }) =>
        status === 'ACTIVE' &&
        schedulingStrategy === 'DAEMON' &&
        clusterName === host.clusterName &&
        !there.has(groupOf(serviceName)),
    )
  return missed.flatMap(({ serviceId }) => {
    const [, primary] =
      [...oracle.rows(deployments)].find(
        ([, row]) => row.serviceId === serviceId && row.status === 'PRIMARY',
      ) ?? []
    // Of what has failed nothing is started.
    const need = primary && primary.rolloutState !== 'FAILED' && needOf(oracle, primary)
    return need && fits(need, host.registered) ? [need] : []
  })
}

/** Whether what is taken of the host leaves them what they need of the same. */
export const leaves = (taken: Need, { remaining }: Host, missed: readonly Need[]): boolean =>
  (['cpu', 'memoryMiB'] as const).every(
    (of) => taken[of] === 0 || remaining[of] >= missed.reduce((sum, need) => sum + need[of], 0),
  ) && !missed.some(({ ports }) => ports.some((port) => taken.ports.includes(port)))

const isTaking = ({ status, agentConnected }: Host): boolean =>
  status === 'ACTIVE' && agentConnected

function leftFor({ remaining }: Host, missed: readonly Need[]): Need {
  const less = (of: 'cpu' | 'memoryMiB') =>
    Math.max(
      0,
      missed.reduce((left, need) => left - need[of], remaining[of]),
    )
  return {
    cpu: less('cpu'),
    memoryMiB: less('memoryMiB'),
    ports: [...remaining.ports, ...missed.flatMap(({ ports }) => ports)],
  }
}

const fits = (need: Need | undefined, left: Need): boolean =>
  need !== undefined &&
  left.cpu >= need.cpu &&
  left.memoryMiB >= need.memoryMiB &&
  !need.ports.some((port) => left.ports.includes(port))

function needOf(oracle: Oracle, share: Share): Need | undefined {
  const row = oracle.get(taskDefinitions, definitionKey(share, share.family, share.revision))
  if (!row) return undefined
  const containers = row.definition.containerDefinitions
  return {
    cpu: containers.reduce((sum, one) => sum + (one.cpu ?? 0), 0),
    memoryMiB: containers.reduce((sum, one) => sum + (one.memory ?? 0), 0),
    ports: containers.flatMap(({ portMappings = [] }) =>
      portMappings.flatMap(({ hostPort = 0 }) => (hostPort === 0 ? [] : [hostPort])),
    ),
  }
}
