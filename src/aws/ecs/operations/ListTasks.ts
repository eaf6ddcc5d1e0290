import type { ListTasksRequest, ListTasksResponse } from '#contract/ecs.ts'
import { page } from '#kernel/page.ts'
import type { Operation } from '#room/operation.ts'

import { theCluster } from '../access.ts'
import { PAGE_LIMIT } from '../limits.ts'
import {
  activeCluster,
  checkEnum,
  clusterKey,
  idIn,
  LAUNCH_TYPES,
  invalidParameter,
  taskArn,
  unavailable,
} from '../names/names.ts'
import { groupOf } from '../names/services.ts'
import { type Task, tasksByDesired, tasksByService } from '../records/records.ts'
import { theService } from '../services/find.ts'

/** `desiredStatus` is RUNNING unless it is asked; PENDING is allowed and finds nothing, because no task desires it. */
export const ListTasks: Operation<ListTasksRequest, ListTasksResponse> = {
  access: theCluster,
  run(tx, input, { caller }) {
    const cluster = activeCluster(tx, caller, input.cluster)
    const {
      desiredStatus = 'RUNNING',
      family,
      startedBy,
      launchType,
      nextToken,
      maxResults,
    } = input
    checkEnum('desiredStatus', desiredStatus, ['RUNNING', 'PENDING', 'STOPPED'])
    checkEnum('launchType', launchType, LAUNCH_TYPES)
    if (
      startedBy !== undefined &&
      (family ?? input.serviceName ?? input.containerInstance) !== undefined
    )
      throw invalidParameter('When startedBy is specified, it must be the only filter.')
    if (input.daemonName !== undefined) throw unavailable('daemonName')
    const instance =
      input.containerInstance === undefined
        ? undefined
        : (idIn(caller, cluster.clusterName, input.containerInstance, 'container-instance') ??
          'none')
    const service =
      input.serviceName === undefined
        ? undefined
        : theService(tx, caller, cluster, input.serviceName).serviceName
    const matches = (task: Task): boolean =>
      task.desiredStatus === desiredStatus &&
      (service === undefined || task.group === groupOf(service)) &&
      (family === undefined || task.family === family) &&
      (startedBy === undefined || task.startedBy === startedBy) &&
      (launchType === undefined || task.launchType === launchType) &&
      (instance === undefined || task.containerInstanceId === instance)
    const inCluster = clusterKey(cluster, cluster.clusterName)
    // An index of a service's tasks holds none whose end is confirmed.
    const [source, prefix] =
      service === undefined || desiredStatus === 'STOPPED'
        ? [tasksByDesired, `${inCluster}/${desiredStatus}\u0000`]
        : [tasksByService, `${inCluster}/${groupOf(service)}\u0000`]
    const filters = [desiredStatus, family, startedBy, launchType, instance, service]
    const question = JSON.stringify([prefix, ...filters])
    const ask = { nextToken, maxResults, limit: PAGE_LIMIT, question }
    const { items, nextToken: next } = page(ask, function* (after) {
      for (const found of tx.scan(source, { prefix, after })) if (matches(found.row)) yield found
    })
    return { taskArns: items.map(({ row }) => taskArn(row)), nextToken: next }
  },
}
