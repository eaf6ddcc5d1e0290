import type { AcsContainer } from '#wire/task.ts'

import { containerOf, containersOf, rank, type KnownTask } from './task.ts'

export type Condition = 'CREATE' | 'START' | 'COMPLETE' | 'SUCCESS' | 'HEALTHY'
export type Dependency = { readonly on: string; readonly condition: Condition }

/** Whether a container may go on: at once, perhaps later (at the latest to be asked again at `until`), or never. */
export type Gate =
  | { readonly type: 'open' }
  | { readonly type: 'wait'; readonly until: number }
  | { readonly type: 'never'; readonly reason: string }

/** What a container waits for; links and volumes of another container imply an order too. */
function dependenciesOf(container: AcsContainer): readonly Dependency[] {
  return [
    ...(container.dependsOn ?? []).map(({ containerName, condition }) => ({
      on: containerName,
      condition,
    })),
    ...(container.links ?? []).map((link) => ({
      on: link.split(':')[0] ?? link,
      condition: 'START' as const,
    })),
    ...(container.volumesFrom ?? []).map(({ sourceContainer }) => ({
      on: sourceContainer,
      condition: 'CREATE' as const,
    })),
  ]
}

/** The containers that name this one as their dependency: they stop before it. */
export function dependentsOf(task: KnownTask, name: string): readonly string[] {
  return containersOf(task)
    .filter((container) => dependenciesOf(container).some(({ on }) => on === name))
    .map((container) => container.name)
}

export function gate(task: KnownTask, container: AcsContainer, now: number): Gate {
  let until = Infinity
  let open = true
  for (const dependency of dependenciesOf(container)) {
    const one = gateOf(task, container, dependency, now)
    if (one.type === 'never') return one
    if (one.type === 'wait') {
      open = false
      until = Math.min(until, one.until)
    }
  }
  return open ? { type: 'open' } : { type: 'wait', until }
}

function gateOf(
  task: KnownTask,
  target: AcsContainer,
  { on, condition }: Dependency,
  now: number,
): Gate {
  const known = containerOf(task, on)
  const stopped = known.status === 'STOPPED'
  const started = known.startedAt !== undefined
  const met: Readonly<Record<Condition, boolean>> = {
    CREATE: rank(known.status) >= rank('CREATED') && known.dockerId !== undefined,
    START: started,
    COMPLETE: stopped && started,
    SUCCESS: stopped && started && known.exitCode === 0,
    HEALTHY: !stopped && known.health?.status === 'HEALTHY',
  }
  if (met[condition]) return { type: 'open' }
  if (stopped) return never(unmet(task, target, on, { condition, started }))
  const timeoutSeconds = containersOf(task).find(({ name }) => name === on)?.startTimeout
  if (condition === 'START' || condition === 'CREATE' || !timeoutSeconds || !known.startedAt)
    return { type: 'wait', until: Infinity }
  const until = known.startedAt + timeoutSeconds * 1000
  if (now < until) return { type: 'wait', until }
  return never(`container ordering dependency ${pair(task, on, target)} has timed out.`)
}

const never = (what: string): Gate => ({
  type: 'never',
  reason: `CannotStartContainerError: dependency graph: ${what}`,
})

/** In the words of Amazon's agent. */
function unmet(
  task: KnownTask,
  target: AcsContainer,
  on: string,
  { condition, started }: { readonly condition: Condition; readonly started: boolean },
): string {
  const which = pair(task, on, target)
  const failed = 'failed to resolve container ordering dependency'
  if (condition === 'SUCCESS') return `${failed} ${which} as dependency did not exit successfully.`
  if (!started) return `${failed} ${which} because dependency will never start`
  return `failed to resolve the container ordering dependency ${which}`
}

const pair = (task: KnownTask, on: string, target: AcsContainer): string =>
  `[${written(task, on)}] for target [${written(task, target.name)}]`

/** A container as Amazon's agent writes it: what it is and what it is to be, and how it ended. */
function written(task: KnownTask, name: string): string {
  const { status, startedAt, exitCode } = containerOf(task, name)
  const image = containersOf(task).find((one) => one.name === name)?.image ?? ''
  const desired = status === 'STOPPED' && startedAt === undefined ? 'STOPPED' : 'RUNNING'
  const end = exitCode === undefined ? '' : ` - Exit: ${exitCode}`
  return `${name}(${image}) (${status}->${desired})${end}`
}

/** What is wrong with the dependencies among these containers: a name that is none of them, or a circle. */
export function dependencyProblem(containers: readonly AcsContainer[]): string | undefined {
  const waiting = new Map(
    containers.map((container) => [container.name, dependenciesOf(container).map(({ on }) => on)]),
  )
  for (const [name, ons] of waiting)
    for (const on of ons)
      if (!waiting.has(on))
        return `container '${name}' depends on '${on}', which is not in the task`
  for (;;) {
    const free = [...waiting].find(([, ons]) => ons.every((on) => !waiting.has(on)))
    if (!free) break
    waiting.delete(free[0])
  }
  return waiting.size === 0
    ? undefined
    : `containers depend on each other in a circle: ${[...waiting.keys()].join(', ')}`
}
