import { containerInstanceKey } from '#aws/ecs/names/names.ts'
import {
  containerInstances,
  type ContainerInstance,
  type Task,
  tasks,
} from '#aws/ecs/records/records.ts'

import { holds, type MakeCheck } from './check.ts'

/**
 * I5: what a host has left is what it registered less what its tasks hold, from their placement until their real end;
 * it is never less than nothing, and no port is given twice. What a task holds is what it was placed with.
 */
export const resources: MakeCheck = ({ oracle }) => {
  const placed = new Map<string, Task['reserved']>()

  const check = (key: string, instance: Readonly<ContainerInstance>): void => {
    const held = [...oracle.rows(tasks)]
      .filter(([, task]) => task.lastStatus !== 'STOPPED' && hostOf(task) === key)
      .map(([taskKey, task]) => placed.get(taskKey) ?? task.reserved)
    const { registered, remaining } = instance
    for (const name of ['cpu', 'memoryMiB'] as const) {
      const left = registered[name] - held.reduce((sum, one) => sum + one[name], 0)
      holds(left >= 0, `${key} has ${left} ${name} left`)
      holds(
        remaining[name] === left,
        `${key} says it has ${remaining[name]} ${name} left, not ${left}`,
      )
    }
    for (const name of ['ports', 'portsUdp'] as const) {
      const taken = [...registered[name], ...held.flatMap((one) => one[name])].toSorted(ascending)
      holds(new Set(taken).size === taken.length, `${key} gives a port twice: ${taken.join(' ')}`)
      const said = [...remaining[name]].toSorted(ascending)
      holds(
        said.join(' ') === taken.join(' '),
        `${key} says ${said.join(' ')} of its ports are taken`,
      )
    }
  }

  return {
    name: 'I5 resources are held until the real end',
    commit(changes) {
      const hosts = new Set<string>()
      for (const { table, key, before, after } of changes) {
        if (table === tasks.name && after) {
          if (!before) placed.set(key, (after as Task).reserved)
          hosts.add(hostOf(after as Task))
        } else if (table === tasks.name) placed.delete(key)
        else if (table === containerInstances.name) hosts.add(key)
      }
      for (const key of hosts) {
        const instance = oracle.get(containerInstances, key)
        if (instance) check(key, instance)
      }
    },
  }
}

const hostOf = (task: Task): string =>
  containerInstanceKey(task, task.clusterName, task.containerInstanceId)
const ascending = (one: number, other: number): number => one - other
