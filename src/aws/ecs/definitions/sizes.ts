/** Task sizes: how they may be written, which pairs Fargate has, and what containers may take of them. */
import type { RegisterTaskDefinitionRequest } from '#contract/ecs.ts'

import { clientException } from '../names/names.ts'

const MIB_PER_GIB = 1024
const UNITS_PER_VCPU = 1024
/** What EC2 tasks may ask for, in CPU units. */
const CPU_MIN = 128
const CPU_MAX = 196_608

const invalid = (what: 'cpu' | 'memory') =>
  clientException(
    `Invalid '${what}' setting for task. For more information, see the Troubleshooting section of the Amazon ECS Developer Guide.`,
  )

/** CPU units from `256`, `1 vCPU` or `.5 vCPU`. */
export function parseCpu(text: string): number {
  const [, amount, vcpu] = /^\s*(\d+(?:\.\d+)?|\.\d+)\s*(?:(vcpu)\s*)?$/i.exec(text) ?? []
  const units = vcpu ? Number(amount) * UNITS_PER_VCPU : Number(amount)
  if (amount === undefined || !Number.isInteger(units) || units < 1) throw invalid('cpu')
  return units
}

/** MiB from `512`, `1GB` or `1 GB`. */
export function parseMemory(text: string): number {
  const [, amount, gb] = /^\s*(\d+(?:\.\d+)?|\.\d+)\s*(?:(gb)\s*)?$/i.exec(text) ?? []
  const mib = gb ? Number(amount) * MIB_PER_GIB : Number(amount)
  if (amount === undefined || !Number.isInteger(mib) || mib < 1) throw invalid('memory')
  return mib
}

/** Refuses CPU that no EC2 task may have. */
function checkEc2Cpu(units: number): void {
  if (units < CPU_MIN || units > CPU_MAX) throw invalid('cpu')
}

const steps = (from: number, to: number, step: number): readonly number[] =>
  Array.from({ length: (to - from) / step + 1 }, (_, at) => from + at * step)

const GIB = MIB_PER_GIB
const FARGATE_MEMORY_MIB: ReadonlyMap<number, readonly number[]> = new Map([
  [256, [512, GIB, 2 * GIB]],
  [512, steps(GIB, 4 * GIB, GIB)],
  [1024, steps(2 * GIB, 8 * GIB, GIB)],
  [2048, steps(4 * GIB, 16 * GIB, GIB)],
  [4096, steps(8 * GIB, 30 * GIB, GIB)],
  [8192, steps(16 * GIB, 60 * GIB, 4 * GIB)],
  [16_384, steps(32 * GIB, 120 * GIB, 8 * GIB)],
])

/** Whether Fargate has this pair of CPU units and MiB. */
export const isFargateSize = (cpu: number, memoryMiB: number): boolean =>
  FARGATE_MEMORY_MIB.get(cpu)?.includes(memoryMiB) ?? false

/** Refuses, in Fargate's words, a size that Fargate does not have. */
function checkFargateSize(cpu: string | undefined, memory: string | undefined): void {
  if (cpu === undefined)
    throw clientException("Fargate requires that 'cpu' be defined at the task level.")
  if (memory === undefined)
    throw clientException("Fargate requires that 'memory' be defined at the task level.")
  if (!isFargateSize(parseCpu(cpu), parseMemory(memory)))
    throw clientException('No Fargate configuration exists for given values.')
}

type Sized = Pick<RegisterTaskDefinitionRequest, 'cpu' | 'memory' | 'containerDefinitions'>

/** Refuses a task size that no such task may have, or that one of its containers exceeds. */
export function checkSizes(task: Sized, fargate: boolean): void {
  if (fargate) checkFargateSize(task.cpu, task.memory)
  else if (task.cpu !== undefined) checkEc2Cpu(parseCpu(task.cpu))
  const memory = task.memory === undefined ? undefined : parseMemory(task.memory)
  const cpu = task.cpu === undefined ? undefined : parseCpu(task.cpu)
  const ofContainers = task.containerDefinitions.reduce((sum, { cpu: one = 0 }) => sum + one, 0)
  if (fargate && cpu !== undefined && ofContainers > cpu)
    throw clientException(
      "The sum of the containers' 'cpu' values must not exceed the task's 'cpu' value.",
    )
  if (memory === undefined) return
  for (const container of task.containerDefinitions)
    for (const what of ['memory', 'memoryReservation'] as const)
      if ((container[what] ?? 0) > memory)
        throw clientException(
          `The '${what}' setting for container '${container.name}' is greater than for the task.`,
        )
}
