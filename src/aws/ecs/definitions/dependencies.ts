/** Which containers wait for which: the targets are there, the conditions can come true, and nobody waits in a circle. */
import type { ContainerDefinition } from '#contract/ecs.ts'

import { clientException } from '../names/names.ts'

export function validateDependencies(containers: readonly ContainerDefinition[]): void {
  const byName = new Map(containers.map((container) => [container.name as string, container]))
  for (const container of containers) {
    for (const { containerName, condition } of container.dependsOn ?? []) {
      const target = byName.get(containerName)
      if (!target || target === container)
        throw clientException(
          `Cannot depend on container + '${containerName}' because it does not exist`,
        )
      if (!['START', 'COMPLETE', 'SUCCESS', 'HEALTHY'].includes(condition))
        throw clientException(`Invalid container dependency condition '${condition}'`)
      if ((condition === 'SUCCESS' || condition === 'COMPLETE') && (target.essential ?? true))
        throw clientException(
          'A dependency container with SUCCESS or COMPLETE condition cannot be an essential container',
        )
      if (condition === 'HEALTHY' && !target.healthCheck)
        throw clientException(
          'A dependency container with HEALTHY condition must have health check configured',
        )
    }
    for (const { sourceContainer } of container.volumesFrom ?? [])
      if (!sourceContainer || !byName.has(sourceContainer) || sourceContainer === container.name)
        throw clientException(
          `Unknown container '${sourceContainer}' in volumesFrom of container '${container.name}'.`,
        )
  }
  if (circle(byName, linked).length > 0)
    throw clientException('Container links should not have a cycle')
  const names = circle(byName, waitsFor)
  if (names.length > 0)
    throw clientException(`There is a cycle in the container dependencies: ${names.join(', ')}`)
}

const linked = ({ links = [] }: ContainerDefinition): string[] =>
  links.map((link) => link.split(':')[0] ?? '')

export const waitsFor = (container: ContainerDefinition): string[] => [
  ...(container.dependsOn ?? []).map(({ containerName }) => containerName),
  ...linked(container),
  ...(container.volumesFrom ?? []).map(({ sourceContainer }) => sourceContainer ?? ''),
]

/** Takes away, again and again, what waits for nothing that is left; what remains is a circle. */
function circle(
  byName: ReadonlyMap<string, ContainerDefinition>,
  waitsFor: (container: ContainerDefinition) => readonly string[],
): readonly string[] {
  const left = new Map(byName)
  for (;;) {
    const free = [...left].filter(
      ([, container]) => !waitsFor(container).some((name) => left.has(name)),
    )
    if (free.length === 0) break
    for (const [name] of free) left.delete(name)
  }
  return [...left.keys()]
}
