/** Mistakes made on purpose in what the service scheduler sees and writes. */
import { serviceKey, shareOf } from '#aws/ecs/names/services.ts'
import { type Task, tasksByService } from '#aws/ecs/records/records.ts'
import {
  type Deployment,
  deployments,
  type Service,
  type ServiceRevision,
  serviceRevisions,
  services,
} from '#aws/ecs/records/services.ts'
import { together } from '#aws/ecs/tasks/change.ts'
import { stopTask } from '#aws/ecs/tasks/stop.ts'
import type { Room } from '#room/room.ts'
import type { LoggedChange } from '#store/log.ts'
import type { Store, Table, Write } from '#store/store.ts'

import type { Planted } from './planted.ts'

export const PLANTED_SERVICES: readonly Planted[] = [
  {
    name: 'the scheduler does not know of the minimum',
    caughtBy: /^I6/,
    rooms: (rooms) => seeing(rooms, services, lessHealthy),
  },
  {
    name: 'the scheduler does not know of the maximum',
    caughtBy: /^I6/,
    rooms: (rooms) => seeing(rooms, services, moreAtOnce),
  },
  {
    name: 'a stop is counted twice',
    caughtBy: /^counts/,
    rooms: (rooms) =>
      inTransactions(rooms, (tx) => ({
        patch: (table, key, fields) => {
          const { runningCount } = fields as Partial<Deployment>
          const before = table.name === deployments.name ? tx.get(deployments, key) : undefined
          const isLess = before && runningCount !== undefined && runningCount < before.runningCount
          return tx.patch(
            table,
            key,
            isLess ? { ...fields, runningCount: runningCount - 1 } : fields,
          )
        },
      })),
  },
  {
    name: 'a count is lost in a crash',
    caughtBy: /^counts/,
    stateLog: (log) => ({
      ...log,
      append: (revision, changes) => {
        const all = JSON.parse(changes) as LoggedChange[]
        const isCount = (change: LoggedChange): boolean =>
          change[0] === deployments.name &&
          change[2] === 'patch' &&
          Object.keys(change[3]).every((name) => name === 'runningCount')
        log.append(revision, JSON.stringify(all.filter((change) => !isCount(change))))
      },
    }),
  },
  {
    name: 'a rollback starts its tasks anew',
    caughtBy: /^I6/,
    rooms: (rooms) =>
      inTransactions(rooms, (tx) => ({
        patch: (table, key, fields) => {
          const after = tx.patch(table, key, fields)
          if (table.name === deployments.name && isRollback(fields))
            stopAll(tx, after as unknown as Deployment)
          return after
        },
      })),
  },
  {
    name: 'a deleted service forgets a task',
    caughtBy: /^I7/,
    rooms: (rooms) =>
      inTransactions(rooms, (tx) => ({
        find: (index, value) => {
          const found = [...tx.find(index, value)]
          const isDraining = [...tx.scan(services)].some(
            ({ row }) => row.status === 'DRAINING' && value.endsWith(`/service:${row.serviceName}`),
          )
          return index.name === tasksByService.name && isDraining ? found.slice(1) : found
        },
      })),
  },
  {
    name: 'a task set runs one task more than its part',
    caughtBy: /^I6/,
    rooms: (rooms) =>
      seeing(rooms, services, (row) =>
        row.deploymentController === 'EXTERNAL'
          ? { ...row, desiredCount: row.desiredCount + 1 }
          : row,
      ),
  },
  {
    name: 'a host counts as lost as soon as it is out of reach',
    caughtBy: /^I6/,
    policy: { lostHostAfterMs: 1 },
  },
  {
    name: 'a lost host is waited for',
    // What ran there counts as healthy, so that others are stopped for it.
    caughtBy: /^I[67]/,
    policy: {},
  },
  {
    name: 'every task asks anew what its tag means',
    caughtBy: /^I14/,
    rooms: (rooms) =>
      seeing(rooms, serviceRevisions, (row: ServiceRevision) => ({ ...row, digests: {} })),
  },
]

const lessHealthy = (row: Service): Service => ({
  ...row,
  deploymentConfiguration: { ...row.deploymentConfiguration, minimumHealthyPercent: 0 },
})
const moreAtOnce = (row: Service): Service => ({
  ...row,
  deploymentConfiguration: {
    ...row.deploymentConfiguration,
    maximumPercent: row.deploymentConfiguration.maximumPercent + 100,
  },
})

const isRollback = ({ status, rolloutState }: Partial<Deployment>): boolean =>
  status === 'PRIMARY' && rolloutState === 'IN_PROGRESS'

function stopAll(tx: Write, deployment: Deployment): void {
  const { tenant, region, clusterName, serviceName, deploymentId, updatedAt } = deployment
  const group = serviceKey({ tenant, region } as Task, clusterName, `service:${serviceName}`)
  const why = { stopCode: 'ServiceSchedulerInitiated', stoppedReason: 'Scaling activity' } as const
  together(tx, (all) => {
    for (const { row } of tx.find(tasksByService, group))
      if (shareOf(row)?.shareId === deploymentId)
        stopTask(all, row, why, { now: updatedAt, id: `again-${row.taskId}` })
  })
}

/** The rooms in which what ECS does on its own reads rows of the table in another way. */
function seeing<Row>(
  rooms: readonly Room[],
  table: Table<Row>,
  see: (row: Row) => Row,
): readonly Room[] {
  return inTransactions(rooms, (tx) => ({
    get: (asked, key) => {
      const row = tx.get(asked, key)
      return row && asked.name === table.name ? (see(row as unknown as Row) as never) : row
    },
  }))
}

/** The rooms in which what ECS does on its own has transactions with some of their ways changed. */
function inTransactions(
  rooms: readonly Room[],
  change: (tx: Write) => Partial<Write>,
): readonly Room[] {
  return rooms.map((room) => {
    const { start } = room
    if (room.service !== 'ecs' || !start) return room
    return { ...room, start: (tools) => start({ ...tools, store: changed(tools.store, change) }) }
  })
}

const changed = (store: Store, change: (tx: Write) => Partial<Write>): Store =>
  new Proxy(store, {
    get(target, name) {
      if (name === 'transact')
        return <R>(body: (tx: Write) => R) =>
          target.transact((tx) => body(overlaid(tx, change(tx))))
      const value: unknown = Reflect.get(target, name, target)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })

const overlaid = (tx: Write, ways: Partial<Write>): Write => ({
  get: ways.get ?? ((table, key) => tx.get(table, key)),
  scan: ways.scan ?? ((source, scan) => tx.scan(source, scan)),
  find: ways.find ?? ((index, value) => tx.find(index, value)),
  after: (stream, number) => tx.after(stream, number),
  last: (stream) => tx.last(stream),
  view: (view) => tx.view(view),
  put: ways.put ?? ((table, key, row) => tx.put(table, key, row)),
  patch: ways.patch ?? ((table, key, fields) => tx.patch(table, key, fields)),
  delete: ways.delete ?? ((table, key) => tx.delete(table, key)),
  append: (stream, row) => tx.append(stream, row),
})
