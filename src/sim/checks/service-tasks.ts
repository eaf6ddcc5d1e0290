/** The tasks of services as the disk has them, and what it says of their health: for the checks of the scheduler. */
import { containerInstanceKey, definitionKey } from '#aws/ecs/names/names.ts'
import { inService, serviceKey, shareOf } from '#aws/ecs/names/services.ts'
import {
  type ContainerInstance,
  containerInstances,
  type Task,
  taskDefinitions,
  tasks,
} from '#aws/ecs/records/records.ts'
import { deployments, type Service } from '#aws/ecs/records/services.ts'
import type { Change } from '#store/store.ts'

import type { Oracle } from '../oracle.ts'
import type { Evidence } from './check.ts'

/** Without health checks a task counts as healthy once it has run this long. */
const HEALTHY_AFTER_MS = 40_000

/** Those that have not ended, by the key of their service. */
export class ServiceTasks {
  readonly #byService = new Map<string, Map<string, Task>>()

  of(service: string): ReadonlyMap<string, Task> {
    return this.#byService.get(service) ?? new Map()
  }

  take(changes: readonly Change[]): void {
    for (const { table, key, before, after } of changes) {
      if (table !== tasks.name) continue
      const service = serviceOf((after ?? before) as Task)
      if (service === undefined) continue
      const known = this.#byService.get(service) ?? new Map<string, Task>()
      this.#byService.set(service, known)
      if (after && (after as Task).lastStatus !== 'STOPPED') known.set(key, after as Task)
      else known.delete(key)
    }
  }
}

/** The key of the service that started the task. */
export function serviceOf(task: Task): string | undefined {
  const share = shareOf(task)
  return share && serviceKey(task, task.clusterName, share.serviceName)
}

/** What an earlier service of the name has left is on its way out, and counts for nothing. */
export function countsFor(oracle: Oracle, service: Service, task: Task): boolean {
  const key = inService(service, shareOf(task)?.shareId ?? '')
  const isOwn = oracle.get(deployments, key)?.serviceId === service.serviceId
  return task.desiredStatus === 'RUNNING' || isOwn
}

export const hostOf = (oracle: Oracle, task: Task): ContainerInstance | undefined =>
  oracle.get(
    containerInstances,
    containerInstanceKey(task, task.clusterName, task.containerInstanceId),
  )

/** Whether its operator takes it for lost: it is out of reach, and has been for that long. */
export function isLost(
  host: ContainerInstance | undefined,
  now: number,
  lostAfterMs: number | undefined,
): boolean {
  const since = isReachable(host) ? undefined : host?.disconnectedAt
  return since !== undefined && lostAfterMs !== undefined && since + lostAfterMs <= now
}

/** It should run, or has not ended yet; an end that a host out of reach cannot confirm is not waited for. */
export const isThere = (oracle: Oracle, task: Task): boolean =>
  task.desiredStatus === 'RUNNING' || isReachable(hostOf(oracle, task))

export const isReachable = (host: ContainerInstance | undefined): boolean =>
  host !== undefined && host.status !== 'INACTIVE' && host.agentConnected

/**
 * As AWS says it: all essential containers that have a health check pass it; without one, 40 seconds of running. What is
 * on a lost host is not healthy, unless it is a daemon, which has no place elsewhere.
 */
export function healthOf(
  { oracle, lostAfterMs }: Pick<Evidence, 'oracle' | 'lostAfterMs'>,
  service: Service,
  task: Task,
  now: number,
): 'HEALTHY' | 'UNHEALTHY' | 'UNKNOWN' {
  const mayMove = service.schedulingStrategy === 'REPLICA'
  if (mayMove && isLost(hostOf(oracle, task), now, lostAfterMs)) return 'UNHEALTHY'
  if (task.lastStatus !== 'RUNNING') return 'UNKNOWN'
  const startedAt = task.startedAt ?? Infinity
  const key = definitionKey(task, task.family, task.revision)
  const containers = oracle.get(taskDefinitions, key)?.definition.containerDefinitions ?? []
  const checked = new Set(
    containers.filter((one) => one.essential && one.healthCheck).map(({ name }) => name),
  )
  if (checked.size === 0) return now >= startedAt + HEALTHY_AFTER_MS ? 'HEALTHY' : 'UNKNOWN'
  const statuses = task.containers
    .filter(({ name }) => checked.has(name))
    .map(({ healthStatus }) => healthStatus)
  if (statuses.includes('UNHEALTHY'))
    return now >= startedAt + service.healthCheckGracePeriodSeconds * 1000 ? 'UNHEALTHY' : 'UNKNOWN'
  return statuses.includes('UNKNOWN') ? 'UNKNOWN' : 'HEALTHY'
}
