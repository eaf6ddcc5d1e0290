/**
 * When a task may begin: what a stopping task still holds of CPU, memory and single ports is not given to another, whatever the control plane counts.
 * First come, first served.
 */
import { jsonObject } from './create.ts'
import { containerOf, containersOf, isStopped, type KnownTask } from './task.ts'

/** What the host has for tasks. */
export type Capacity = { readonly cpu: number; readonly memoryMiB: number }
type Need = Capacity & { readonly ports: readonly string[] }

const UNITS_PER_VCPU = 1024
const MIB = 1024 * 1024

/** The tasks of `waiting` that may begin now, in their order. One that has to wait holds up those behind it. */
export function admit(
  waiting: readonly KnownTask[],
  tasks: Iterable<KnownTask>,
  capacity: Capacity,
): readonly string[] {
  const held = [...tasks].filter(holds).map(needOf)
  const admitted: string[] = []
  for (const task of waiting) {
    const need = needOf(task)
    // A task that is larger than the host would wait for ever, and hold up all others.
    if (held.length > 0 && !fits(need, held, capacity)) break
    held.push(need)
    admitted.push(task.arn)
  }
  return admitted
}

/** An adopted task of which nothing runs may be one that nobody knows any more: it would hold its share for ever. */
function holds(task: KnownTask): boolean {
  const isAlive = containersOf(task).some(
    ({ name }) => containerOf(task, name).status === 'RUNNING',
  )
  return task.admitted && !isStopped(task) && (!task.adopted || isAlive)
}

function fits(need: Need, held: readonly Need[], capacity: Capacity): boolean {
  const sum = (of: (one: Need) => number) => held.reduce((total, one) => total + of(one), of(need))
  return (
    sum(({ cpu }) => cpu) <= capacity.cpu &&
    sum(({ memoryMiB }) => memoryMiB) <= capacity.memoryMiB &&
    !need.ports.some((port) => held.some(({ ports }) => ports.includes(port)))
  )
}

/** A task's own limits count before those of its containers; of a container, its reservation before its limit. */
function needOf(task: KnownTask): Need {
  const { cpu, memory } = task.definition
  const containers = containersOf(task)
  const bridged = !/^(host|none|awsvpc)$/.test(task.definition.networkMode ?? '')
  return {
    cpu:
      cpu === undefined
        ? containers.reduce((sum, container) => sum + (container.cpu ?? 0), 0)
        : cpu * UNITS_PER_VCPU,
    memoryMiB:
      memory ??
      containers.reduce(
        (sum, container) =>
          sum + (reservationMiB(container.dockerConfig?.hostConfig) ?? container.memory ?? 0),
        0,
      ),
    ports: containers.flatMap(({ portMappings = [] }) =>
      portMappings.flatMap(({ containerPort, hostPort, protocol = 'tcp' }) => {
        const port = bridged ? hostPort : containerPort
        return port ? [`${port}/${protocol}`] : []
      }),
    ),
  }
}

function reservationMiB(hostConfig: string | undefined): number | undefined {
  const { MemoryReservation: bytes } = jsonObject(hostConfig)
  return typeof bytes === 'number' && bytes > 0 ? bytes / MIB : undefined
}
