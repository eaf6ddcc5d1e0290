import { type Task, tasks } from '#aws/ecs/records/records.ts'
import { isLater } from '#aws/ecs/tasks/report.ts'
import { notices, type RecordNotice } from '#store/notices.ts'

import { holds, type MakeCheck } from './check.ts'

/** I3 and I10: statuses only move forward, a task is never asked to run again, and each change is a version and a notice. */
export const forward: MakeCheck = () => ({
  name: 'I3 lastStatus moves forward, version by version',
  commit(changes) {
    const noticed = new Set(
      changes
        .filter(({ table, after }) => table === notices.name && after)
        .map(({ after }) => {
          const { of, record } = after as Partial<RecordNotice>
          return of && `${of[1]} ${(record as Task).version}`
        }),
    )
    for (const { table, key, before, after } of changes) {
      if (table !== tasks.name || !after) continue
      const [was, is] = [before as Task | undefined, after as Task]
      if (was && onlyUnpublishedDiffer(was, is)) continue
      holds(
        is.version === (was?.version ?? 0) + 1,
        `${key} goes from version ${was?.version} to ${is.version}`,
      )
      holds(noticed.has(`${key} ${is.version}`), `version ${is.version} of ${key} has no notice`)
      if (!was) continue
      holds(
        !isLater(was.lastStatus, is.lastStatus),
        `${key} goes from ${was.lastStatus} back to ${is.lastStatus}`,
      )
      holds(
        was.desiredStatus !== 'STOPPED' || is.desiredStatus === 'STOPPED',
        `${key} is wanted again`,
      )
      for (const [at, container] of is.containers.entries()) {
        const { lastStatus = container.lastStatus } = was.containers[at] ?? {}
        holds(
          !isLater(lastStatus, container.lastStatus),
          `${container.name} of ${key} goes from ${lastStatus} back to ${container.lastStatus}`,
        )
      }
    }
  },
})

/** Tags and protection are no part of AWS's events of a task. */
const UNPUBLISHED: ReadonlySet<string> = new Set(['tags', 'protectedUntil'])

function onlyUnpublishedDiffer(was: Task, is: Task): boolean {
  const names = Object.keys({ ...was, ...is }) as (keyof Task)[]
  return names.every((name) => UNPUBLISHED.has(name) || was[name] === is[name])
}
