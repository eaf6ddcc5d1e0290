/** What a host says of its containers' health, by telemetry or at once, becomes the tasks' health. */
import type { Tools } from '#room/room.ts'
import { inCommits } from '#store/in-commits.ts'

import { containerInstanceKey, taskKeyOnHost } from '../names/names.ts'
import { type Container, type Health, type Task, tasks } from '../records/records.ts'
import { together } from '../tasks/change.ts'
import { essentials } from '../tasks/report.ts'

type HealthReports = readonly {
  readonly taskArn: string
  readonly containers?:
    | readonly { readonly containerName: string; readonly healthStatus: Health }[]
    | undefined
}[]

/** One is one record, with its notice and what its service counts. */
const TASKS_PER_COMMIT = 40

/** Only tasks of this host are changed; the same health again changes nothing, and of one task the last word counts. */
export function takeHealth(
  { store, clock, ids }: Tools,
  instanceKey: string,
  reports: HealthReports,
): void {
  const last = new Map(
    reports.map(({ taskArn, containers: said = [] }) => [
      taskKeyOnHost(instanceKey, taskArn),
      said,
    ]),
  )
  inCommits(store, [...last], TASKS_PER_COMMIT, (tx, some) =>
    together(tx, (all) => {
      for (const [key, said] of some) {
        const task = tx.get(tasks, key)
        if (!task || !isOn(task, instanceKey)) continue
        const now = new Map(
          said.map(({ containerName, healthStatus }) => [containerName, healthStatus]),
        )
        const containers = task.containers.map((container) => {
          const status = now.get(container.name)
          return status && status !== container.healthStatus
            ? { ...container, healthStatus: status }
            : container
        })
        if (containers.every((container, at) => container === task.containers[at])) continue
        const essential = essentials(tx, task)
        const healthStatus = taskHealth(containers.filter(({ name }) => essential.has(name)))
        all.change(task, { containers, healthStatus }, { now: clock.now(), id: ids.uuid() })
      }
    }),
  )
}

const isOn = (task: Task, instanceKey: string): boolean =>
  containerInstanceKey(task, task.clusterName, task.containerInstanceId) === instanceKey

/** Of the essential containers, one unhealthy makes the task so, and one unknown keeps it unknown. */
function taskHealth(containers: readonly Container[]): Health {
  const statuses = containers.map((container) => container.healthStatus)
  if (statuses.includes('UNHEALTHY')) return 'UNHEALTHY'
  return statuses.includes('UNKNOWN') ? 'UNKNOWN' : 'HEALTHY'
}
