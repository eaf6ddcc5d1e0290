/** Where one more task would fit, from what everybody can see. */
import { definitionKey } from '#aws/ecs/names.ts'
import {
  type ContainerInstance,
  containerInstances,
  type Task,
  taskDefinitions,
} from '#aws/ecs/records.ts'
import type { Deployment, TaskSet } from '#aws/ecs/services/records.ts'

import type { Oracle } from '../oracle.ts'

type Share = Deployment | TaskSet

export const hasRoom = (oracle: Oracle, share: Share): boolean =>
  [...oracle.rows(containerInstances)].some(([, host]) => fits(oracle, share, host))

/** On each host that is within reach and has none of the tasks. */
export function hasRoomEverywhere(oracle: Oracle, share: Share, own: readonly Task[]): boolean {
  const taken = new Set(own.map(({ containerInstanceId }) => containerInstanceId))
  return [...oracle.rows(containerInstances)].every(
    ([, host]) =>
      host.status !== 'ACTIVE' ||
      !host.agentConnected ||
      taken.has(host.containerInstanceId) ||
      fits(oracle, share, host),
  )
}

function fits(oracle: Oracle, share: Share, host: Readonly<ContainerInstance>): boolean {
  const row = oracle.get(taskDefinitions, definitionKey(share, share.family, share.revision))
  if (host.status !== 'ACTIVE' || !host.agentConnected || !row) return false
  const containers = row.definition.containerDefinitions
  const cpu = containers.reduce((sum, one) => sum + (one.cpu ?? 0), 0)
  const memory = containers.reduce((sum, one) => sum + (one.memory ?? 0), 0)
  const ports = containers.flatMap(({ portMappings = [] }) =>
    portMappings.map(({ hostPort = 0 }) => hostPort),
  )
  return (
    host.remaining.cpu >= cpu &&
    host.remaining.memoryMiB >= memory &&
    !ports.some((port) => port !== 0 && host.remaining.ports.includes(port))
  )
}
