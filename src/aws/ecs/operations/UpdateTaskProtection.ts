import type {
  Failure,
  ProtectedTask,
  UpdateTaskProtectionRequest,
  UpdateTaskProtectionResponse,
} from '#contract/ecs.ts'
import type { Operation } from '#room/operation.ts'
import type { Read } from '#store/store.ts'

import { inCluster, named } from '../access.ts'
import { PROTECT_MAX } from '../limits.ts'
import { activeCluster, checkWhole, invalidParameter, ofTask } from '../names/names.ts'
import { inService, serviceKey, shareOf } from '../names/services.ts'
import { type Task, tasks, tasksByService } from '../records/records.ts'
import { deployments, services } from '../records/services.ts'
import { isProtected, protectable, toProtectedTask } from '../services/protection.ts'

const MINUTE_MS = 60_000
const EXPIRY_DEFAULT_MINUTES = 120
const EXPIRY_MAX_MINUTES = 2880

/** Every call sets the end of the protection anew. */
export const UpdateTaskProtection: Operation<
  UpdateTaskProtectionRequest,
  UpdateTaskProtectionResponse
> = {
  access: (_tx, input, { caller }) => [
    {
      resources: named(caller, input.cluster, input.tasks, 'task'),
      conditions: inCluster(caller, input.cluster),
    },
  ],
  run(tx, input, { caller, now }) {
    const { clusterName } = activeCluster(tx, caller, input.cluster)
    const { expiresInMinutes = EXPIRY_DEFAULT_MINUTES, protectionEnabled } = input
    if (input.tasks.length === 0) throw invalidParameter('Tasks cannot be empty.')
    if (input.tasks.length > PROTECT_MAX)
      throw invalidParameter(`Tasks cannot be greater than ${PROTECT_MAX} items.`)
    checkWhole('expiresInMinutes', expiresInMinutes, 1, EXPIRY_MAX_MINUTES)
    const protectedTasks: ProtectedTask[] = []
    const failures: Failure[] = []
    const { found, missing } = protectable(tx, caller, clusterName, input.tasks)
    failures.push(...missing)
    for (const { arn, task } of found) {
      if (protectionEnabled && isBlocked(tx, task, now)) {
        failures.push({ arn, reason: 'DEPLOYMENT_BLOCKED', detail: BLOCKED })
        continue
      }
      const protectedUntil = protectionEnabled ? now + expiresInMinutes * MINUTE_MS : undefined
      const after = tx.patch(tasks, ofTask(task), { protectedUntil })
      protectedTasks.push(toProtectedTask(after, now))
    }
    return { protectedTasks, failures }
  },
}

const BLOCKED =
  'The service is kept from stopping tasks of older deployments, or more than it desires, by tasks that are protected.'

/** What protected tasks hold already, a deployment or a scale-in, is not held for longer: theirs run out. */
function isBlocked(tx: Read, task: Task, now: number): boolean {
  const { tenant, region, clusterName, group } = task
  const held = [...tx.find(tasksByService, `${tenant}/${region}/${clusterName}/${group}`)]
    .map(({ row }): Task => row)
    .filter((row) => row.desiredStatus === 'RUNNING' && isProtected(row, now))
  if (isOld(tx, task) && held.some((row) => isOld(tx, row))) return true
  return held.length > desiredOf(tx, task)
}

/** How many tasks the service desires. No more than a controller from outside asks for are its task sets'. */
function desiredOf(tx: Read, task: Task): number {
  const share = shareOf(task)
  const service = share && tx.get(services, serviceKey(task, task.clusterName, share.serviceName))
  return service?.deploymentController === 'ECS' && service.schedulingStrategy === 'REPLICA'
    ? service.desiredCount
    : Infinity
}

/** Whether a newer deployment has taken the place of the task's own. Task sets take nobody's place. */
function isOld(tx: Read, task: Task): boolean {
  const share = shareOf(task)
  const own =
    share &&
    tx.get(deployments, inService({ ...task, serviceName: share.serviceName }, share.shareId))
  return own !== undefined && own.status !== 'PRIMARY'
}
