import { type Task, tasks } from '#aws/ecs/records.ts'
import { inService, shareOf } from '#aws/ecs/services/names.ts'
import { deployments } from '#aws/ecs/services/records.ts'

import { holds, type MakeCheck } from './check.ts'
import { serviceOf, ServiceTasks } from './service-tasks.ts'

const WAITING = new Set(['PROVISIONING', 'PENDING', 'ACTIVATING'])

/** What a deployment counts of its tasks is what there are, at every commit: none is lost, none is counted twice. */
export const counts: MakeCheck = ({ oracle }) => {
  const known = new ServiceTasks()
  return {
    name: 'counts of deployments',
    commit(changes) {
      known.take(changes)
      const touched = new Set<string>()
      for (const { table, key, before, after } of changes) {
        if (table === deployments.name && after) touched.add(key)
        const task = (table === tasks.name ? (after ?? before) : undefined) as Task | undefined
        const share = task && shareOf(task)
        if (share)
          touched.add(inService({ ...task, serviceName: share.serviceName }, share.shareId))
      }
      for (const key of touched) {
        const row = oracle.get(deployments, key)
        if (!row) continue
        const service = key.slice(0, key.lastIndexOf('/'))
        const own = [...known.of(service).values()].filter(
          (task) => serviceOf(task) === service && task.startedBy === `ecs-svc/${row.deploymentId}`,
        )
        const running = own.filter(
          ({ lastStatus, desiredStatus }) =>
            lastStatus === 'RUNNING' && desiredStatus === 'RUNNING',
        ).length
        const pending = own.filter(({ lastStatus }) => WAITING.has(lastStatus)).length
        holds(
          row.runningCount === running && row.pendingCount === pending,
          `${key} counts ${row.runningCount} running and ${row.pendingCount} pending; there are ${running} and ${pending}`,
        )
      }
    },
  }
}
