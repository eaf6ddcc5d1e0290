/** What a task needs of a host: from its definition, with its overrides laid over. */
import type { Attribute, ContainerDefinition, TaskOverride } from '#contract/ecs.ts'
import { oncePer } from '#kernel/once-per.ts'
import type { Ask } from '#wire/host-policy.ts'

import type { Definition } from '../records/records.ts'
import { requiresAttributes } from './capabilities.ts'
import { hostAsks } from './host-use.ts'
import { parseCpu, parseMemory } from './sizes.ts'

/** What a task needs. */
export type Need = {
  readonly cpu: number
  readonly memoryMiB: number
  readonly ports: readonly number[]
  readonly portsUdp: readonly number[]
  readonly gpus: number
  readonly requiresAttributes: readonly Attribute[]
  /** What of the host it uses beyond its containers, and the host's operator may not allow. */
  readonly asks: readonly Ask[]
  readonly group: string
}

/** The definition as this task runs it: container overrides applied. Without any it is the very definition. */
export function overridden(definition: Definition, overrides: TaskOverride): Definition {
  if (Object.keys(overrides).length === 0) return definition
  const byName = new Map((overrides.containerOverrides ?? []).map((one) => [one.name, one]))
  const { cpu, memory, taskRoleArn, executionRoleArn } = overrides
  return {
    ...definition,
    ...(cpu !== undefined && { cpu: String(parseCpu(cpu)) }),
    ...(memory !== undefined && { memory: String(parseMemory(memory)) }),
    ...(taskRoleArn !== undefined && { taskRoleArn }),
    ...(executionRoleArn !== undefined && { executionRoleArn }),
    containerDefinitions: definition.containerDefinitions.map((container) => {
      const over = byName.get(container.name)
      if (!over) return container
      const environment = new Map((container.environment ?? []).map((pair) => [pair.name, pair]))
      for (const pair of over.environment ?? []) environment.set(pair.name, pair)
      return {
        ...container,
        ...(over.command?.length && { command: over.command }),
        ...(over.cpu !== undefined && { cpu: over.cpu }),
        ...(over.memory !== undefined && { memory: over.memory }),
        ...(over.memoryReservation !== undefined && { memoryReservation: over.memoryReservation }),
        ...(over.environmentFiles?.length && { environmentFiles: over.environmentFiles }),
        ...(over.resourceRequirements?.length && {
          resourceRequirements: over.resourceRequirements,
        }),
        environment: [...environment.values()],
      }
    }),
  }
}

/** `definition` has its overrides applied. */
export const needOf = (definition: Definition, group: string): Need => ({
  ...needOfAny(definition),
  group,
})

/** What every task of the definition needs: one answer for all of them. */
export const needOfAny = oncePer((definition: Definition): Omit<Need, 'group'> => {
  const containers = definition.containerDefinitions
  const sum = (of: (container: (typeof containers)[number]) => number): number =>
    containers.reduce((total, container) => total + of(container), 0)
  const fixed = (protocol: 'tcp' | 'udp'): number[] =>
    containers.flatMap((container) =>
      (container.portMappings ?? [])
        .filter((mapping) => (mapping.protocol ?? 'tcp') === protocol && mapping.hostPort)
        .map((mapping) => mapping.hostPort as number),
    )
  const takesHostPorts = definition.networkMode !== 'awsvpc'
  return {
    cpu:
      definition.cpu === undefined
        ? sum((container) => container.cpu ?? 0)
        : Number(definition.cpu),
    memoryMiB:
      definition.memory === undefined
        ? sum((container) => container.memoryReservation || (container.memory ?? 0))
        : Number(definition.memory),
    ports: takesHostPorts ? fixed('tcp') : [],
    portsUdp: takesHostPorts ? fixed('udp') : [],
    gpus: sum(gpusOf),
    requiresAttributes: [...requiresAttributes(definition), ...platformOf(definition)],
    asks: hostAsks(definition),
  }
})

/** How many GPUs a container asks for. One that shares them says no number, and runs nowhere. */
export function gpusOf({ resourceRequirements = [] }: ContainerDefinition): number {
  const gpus = resourceRequirements.filter(({ type }) => type === 'GPU')
  return gpus.reduce((total, { value }) => total + Number(value ?? 0), 0)
}

/** What hosts say of their machine, by the attributes that agents register: an image runs on its own kind only. */
function platformOf({ runtimePlatform }: Definition): Attribute[] {
  const { cpuArchitecture, operatingSystemFamily } = runtimePlatform ?? {}
  const windows = operatingSystemFamily?.startsWith('WINDOWS')
  return [
    ...(cpuArchitecture
      ? [{ name: 'ecs.cpu-architecture', value: cpuArchitecture.toLowerCase() }]
      : []),
    ...(operatingSystemFamily
      ? [{ name: 'ecs.os-type', value: windows ? 'windows' : 'linux' }]
      : []),
  ]
}
