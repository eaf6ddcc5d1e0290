import type { ListTasksRequest, ListTasksResponse } from '#contract/ecs.ts'
import { Fault } from '#kernel/fault.ts'
import { page } from '#kernel/page.ts'
import type { Operation } from '#room/room.ts'

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
} from '../names.ts'
import { type Task, tasksByDesired } from '../records.ts'

/** `desiredStatus` is RUNNING unless it is asked; PENDING is allowed and finds nothing, because no task desires it. */
export const ListTasks: Operation<ListTasksRequest, ListTasksResponse> = {
  action: 'ecs:ListTasks',
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
    if (input.serviceName !== undefined)
      throw new Fault('ServiceNotFoundException', 'Service not found.')
    if (input.daemonName !== undefined)
      throw invalidParameter(
        'This parameter is not available in this release of Berth: daemonName.',
      )
    const instance =
      input.containerInstance === undefined
        ? undefined
        : (idIn(caller, cluster.clusterName, input.containerInstance, 'container-instance') ??
          'none')
    const matches = (task: Task): boolean =>
      (family === undefined || task.family === family) &&
      (startedBy === undefined || task.startedBy === startedBy) &&
      (launchType === undefined || task.launchType === launchType) &&
      (instance === undefined || task.containerInstanceId === instance)
    const prefix = `${clusterKey(cluster, cluster.clusterName)}/${desiredStatus}\u0000`
    const question = [prefix, family, startedBy, launchType, instance].join(' ')
    const ask = { nextToken, maxResults, limit: PAGE_LIMIT, question }
    const { items, nextToken: next } = page(ask, function* (after) {
      for (const found of tx.scan(tasksByDesired, { prefix, after }))
        if (matches(found.row)) yield found
    })
    return { taskArns: items.map(({ row }) => taskArn(row)), nextToken: next }
  },
}
