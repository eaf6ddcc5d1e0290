import { LABELS } from '#agent/tasks/create.ts'
import { definitionKey } from '#aws/ecs/names/names.ts'
import { containerInstances, taskDefinitions, tasks } from '#aws/ecs/records/records.ts'

import { keyOf } from '../place.ts'
import { holds, type MakeCheck } from './check.ts'

/** In calm weather everything comes to its end: agents are connected, what should run runs, what should not does not. */
export const liveness: MakeCheck = ({ oracle, hosts }) => ({
  name: 'liveness',
  calm() {
    const lost = new Set(
      hosts.filter(({ isLost }) => isLost).map((host) => keyOf(host.containerInstanceArn ?? '')),
    )
    const living = hosts.filter(({ isLost }) => !isLost)
    const connected = new Map(
      living.map((host) => [keyOf(host.containerInstanceArn ?? ''), host] as const),
    )
    for (const [key, host] of connected) {
      const instance = oracle.get(containerInstances, key)
      holds(instance?.agentConnected, `the agent of ${host.name} is not connected`)
    }
    for (const [key, task] of oracle.rows(tasks)) {
      const at = `${key.slice(0, key.lastIndexOf('/'))}/${task.containerInstanceId}`
      if (task.lastStatus === 'STOPPED' || lost.has(at)) continue
      holds(task.desiredStatus === 'RUNNING', `${key} should stop, and is ${task.lastStatus}`)
      holds(task.lastStatus === 'RUNNING', `${key} should run, and is ${task.lastStatus}`)
      const host = connected.get(at)
      const alive = (host?.engine.all() ?? []).filter(
        ({ state, labels }) => state === 'running' && keyOf(labels[LABELS.taskArn] ?? '') === key,
      )
      const row = oracle.get(taskDefinitions, definitionKey(task, task.family, task.revision))
      for (const { name, essential } of row?.definition.containerDefinitions ?? [])
        holds(
          essential === false || alive.some(({ labels }) => labels[LABELS.containerName] === name),
          `${key} is RUNNING, and its container ${name} does not run`,
        )
    }
  },
})
