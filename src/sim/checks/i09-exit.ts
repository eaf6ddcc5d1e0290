import { LABELS } from '#agent/tasks/create.ts'
import { type Container, type Task, tasks } from '#aws/ecs/records/records.ts'

import { keyOf } from '../place.ts'
import { holds, type MakeCheck } from './check.ts'

const ONCE: readonly (keyof Container)[] = ['exitCode', 'reason', 'runtimeId', 'imageDigest']
const ONCE_OF_TASK: readonly (keyof Task)[] = [
  'startedAt',
  'stoppedAt',
  'executionStoppedAt',
  'stopCode',
  'stoppedReason',
]

/** I9: how a container ended is told once, never changed, and true. */
export const exits: MakeCheck = ({ oracle, hosts }) => {
  const really = new Map<string, number>()
  /** Brought back by an engine that was asked long ago: how they end then is nobody's news. */
  const late = new Set<string>()
  const started = new Set<string>()
  return {
    name: 'I9 an exit is told once, and true',
    container(_host, { type, id, labels, exitCode, isLate }) {
      if (isLate && started.has(id)) late.add(id)
      if (type === 'started') started.add(id)
      if (type === 'exited' && exitCode !== undefined && !late.has(id))
        really.set(idOf(labels), exitCode)
    },
    commit(changes) {
      for (const { table, key, before, after } of changes) {
        if (table !== tasks.name || !after) continue
        const [was, is] = [before as Task | undefined, after as Task]
        for (const name of ONCE_OF_TASK) once(`${name} of ${key}`, was?.[name], is[name])
        for (const [at, container] of is.containers.entries()) {
          const what = `of ${container.name} of ${key}`
          const earlier = was?.containers[at]
          for (const name of ONCE) once(`${name} ${what}`, earlier?.[name], container[name])
          if (container.exitCode === undefined || isUnmet(container)) continue
          const code = really.get(`${is.taskId} ${container.name}`)
          holds(
            code === container.exitCode,
            `the exit code ${what} is told as ${container.exitCode}, and was ${code}`,
          )
        }
      }
    },
    calm() {
      for (const { engine } of hosts)
        for (const { id, state, labels, exitCode } of engine.all()) {
          const task = oracle.get(tasks, keyOf(labels[LABELS.taskArn] ?? ''))
          const container = task?.containers.find(
            ({ name }) => name === labels[LABELS.containerName],
          )
          // A start that nobody saw succeed is told by its reason.
          if (state !== 'exited' || late.has(id) || !container || container.reason !== undefined)
            continue
          if (task?.stoppedReason === FORCED) continue
          holds(
            container.exitCode === exitCode,
            `the exit code ${exitCode} of ${idOf(labels)} is told as ${container.exitCode}`,
          )
        }
    },
  }
}

/** The host of such a task is not listened to any more. */
const FORCED = 'Container instance deregistration forced by user'

/** AWS tells an exit code of what was never started, since what it waits for never comes. */
const isUnmet = ({ reason, exitCode }: Task['containers'][number]): boolean =>
  exitCode === 143 && (reason?.startsWith('CannotStartContainerError: dependency graph: ') ?? false)

function once(what: string, was: unknown, is: unknown): void {
  holds(was === undefined || was === is, `${what} was ${String(was)} and becomes ${String(is)}`)
}

const idOf = (labels: Readonly<Record<string, string>>): string =>
  `${labels[LABELS.taskArn]?.split('/').at(-1)} ${labels[LABELS.containerName]}`
