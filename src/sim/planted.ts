/** Mistakes made on purpose, each by wrapping a port or a room from outside: the checks are only as good as what they catch. */
import type { Connect } from '#agent/outside.ts'
import { containerInstanceKey, ofInstance, ofTask } from '#aws/ecs/names/names.ts'
import type { Policy } from '#aws/ecs/policy.ts'
import { clientTokens, containerInstances, type Task, tasks } from '#aws/ecs/records/records.ts'
import { type AnyOperation, notBuilt } from '#room/operation.ts'
import type { Room } from '#room/room.ts'
import type { LoggedChange, StateLog } from '#store/log.ts'
import type { Write } from '#store/store.ts'
import { formatAcs, parseAcsUp } from '#wire/acs.ts'

import { keyOf } from './place.ts'

export type Planted = {
  readonly name: string
  /** The check that must see it. */
  readonly caughtBy: RegExp
  readonly rooms?: (rooms: readonly Room[]) => readonly Room[]
  readonly stateLog?: (log: StateLog) => StateLog
  /** What ECS is told that the operator decided, instead of what he did. */
  readonly policy?: Policy
  readonly connect?: (connect: Connect) => Connect
}

type Report = {
  readonly task: string
  readonly status: Task['lastStatus']
  readonly containers?: readonly { readonly exitCode?: number }[]
}

export const PLANTED: readonly Planted[] = [
  {
    name: 'lastStatus moves back',
    caughtBy: /^I3/,
    rooms: (rooms) =>
      around(rooms, 'SubmitTaskStateChange', (tx, input, run) => {
        const output = run()
        const { task: arn, status } = input as Report
        const key = keyOf(arn)
        if (tx.get(tasks, key)) tx.patch(tasks, key, { lastStatus: status })
        return output
      }),
  },
  {
    name: 'an answer leaves before it is durable',
    caughtBy: /^I1/,
    stateLog: (log) => {
      let durable: (revision: number) => void = () => undefined
      return {
        ...log,
        listen: (told, failed) => {
          durable = told
          log.listen(() => undefined, failed)
        },
        append: (revision, changes) => {
          log.append(revision, changes)
          queueMicrotask(() => durable(revision))
        },
      }
    },
  },
  {
    name: 'resources return at StopTask',
    caughtBy: /^I5/,
    rooms: (rooms) =>
      around(rooms, 'StopTask', (tx, _input, run) => {
        const output = run()
        const { task } = output as { task: { taskArn: string } }
        const row = tx.get(tasks, keyOf(task.taskArn))
        if (!row || row.lastStatus === 'STOPPED') return output
        const { reserved } = row
        const hostKey = containerInstanceKey(row, row.clusterName, row.containerInstanceId)
        const host = tx.get(containerInstances, hostKey)
        if (!host) return output
        const { cpu, memoryMiB } = host.remaining
        tx.patch(containerInstances, ofInstance(host), {
          remaining: {
            ...host.remaining,
            cpu: cpu + reserved.cpu,
            memoryMiB: memoryMiB + reserved.memoryMiB,
          },
        })
        // So that the books agree, as they do where such a mistake is made in earnest.
        tx.patch(tasks, ofTask(row), { reserved: { ...reserved, cpu: 0, memoryMiB: 0 } })
        return output
      }),
  },
  {
    name: 'a client token is lost in a crash',
    caughtBy: /^I2/,
    stateLog: (log) => ({
      ...log,
      append: (revision, changes) => {
        const all = JSON.parse(changes) as LoggedChange[]
        const kept = all.filter(([table]) => table !== clientTokens.table.name)
        log.append(revision, JSON.stringify(kept))
      },
    }),
  },
  {
    name: 'an empty manifest kills',
    caughtBy: /^I4/,
    connect: (connect) => (connection) =>
      connect({
        ...connection,
        opened: (socket) =>
          connection.opened({
            ...socket,
            // The question whether to kill is answered on the spot.
            send: (frame) => {
              const up = connection.url.includes('/acs/') ? parseAcsUp(frame) : undefined
              if (up?.type !== 'TaskStopVerificationMessage') return socket.send(frame)
              const { messageId, stopCandidates: stopTasks } = up.message
              connection.heard(
                formatAcs({ type: 'TaskStopVerificationAck', message: { messageId, stopTasks } }),
              )
            },
          }),
      }),
  },
  {
    name: 'an exit code is rewritten',
    caughtBy: /^I9/,
    rooms: (rooms) =>
      around(rooms, 'SubmitTaskStateChange', (tx, input, run) => {
        const { task: arn, status, containers = [] } = input as Report
        const key = keyOf(arn)
        const task = tx.get(tasks, key)
        const exitCode = containers.findLast((one) => one.exitCode !== undefined)?.exitCode
        // The last container's code is taken for that of all.
        if (task && task.lastStatus !== 'STOPPED' && status === 'STOPPED' && exitCode !== undefined)
          tx.patch(tasks, key, {
            containers: task.containers.map((one) =>
              one.exitCode === undefined ? one : { ...one, exitCode },
            ),
          })
        return run()
      }),
  },
]

/** The rooms with one operation of ECS that does something beside its work. */
function around(
  rooms: readonly Room[],
  name: string,
  work: (tx: Write, input: unknown, run: () => unknown) => unknown,
): readonly Room[] {
  return rooms.map((room) => {
    const operation = room.operations[name]
    if (room.service !== 'ecs' || !operation || operation === notBuilt || 'wait' in operation)
      return room
    const wrapped: AnyOperation = {
      ...operation,
      run: (tx, input: unknown, context) =>
        work(tx, input, () => operation.run(tx, input, context) as unknown),
    }
    return { ...room, operations: { ...room.operations, [name]: wrapped } }
  })
}
