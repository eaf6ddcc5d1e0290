import { inService, shareOf } from '#aws/ecs/names/services.ts'
import { type Task, tasks } from '#aws/ecs/records/records.ts'
import { deployments, taskSets } from '#aws/ecs/records/services.ts'

import { holds, type MakeCheck } from './check.ts'
import { serviceOf, ServiceTasks } from './service-tasks.ts'

const WAITING = new Set(['PROVISIONING', 'PENDING', 'ACTIVATING'])

/** What a deployment or a task set counts of its tasks is what there are, at every commit: none is lost, none is counted twice. */
export const counts: MakeCheck = ({ oracle }) => {
  const known = new ServiceTasks()
  return {
    name: 'counts of deployments',
    commit(changes) {
      known.take(changes)
      const touched = new Set<string>()
      for (const { table, key, before, after } of changes) {
        const isShare = table === deployments.name || table === taskSets.name
        if (isShare && after) touched.add(key)
        const task = (table === tasks.name ? (after ?? before) : undefined) as Task | undefined
        const share = task && shareOf(task)
        if (share)
          touched.add(inService({ ...task, serviceName: share.serviceName }, share.shareId))
      }
      for (const key of touched) {
        const row = oracle.get(deployments, key) ?? oracle.get(taskSets, key)
        if (!row) continue
        const [service, shareId] = [key.slice(0, key.lastIndexOf('/')), key.split('/').at(-1)]
        const own = [...known.of(service).values()].filter(
          (task) => serviceOf(task) === service && task.startedBy === `ecs-svc/${shareId}`,
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
