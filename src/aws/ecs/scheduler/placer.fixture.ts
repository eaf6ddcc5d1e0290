/** Placement said simply: all hosts are looked at for each task. What the Placer gives must be one of these. */
import type { PlacementStrategy } from '#contract/ecs.ts'

import type { Need } from '../definitions/need.ts'
import { type Constraint, type Host, judge } from './place.ts'
import { Placer } from './placer.ts'

export function bestHosts<H extends Host>(
  need: Need,
  constraints: readonly Constraint[],
  strategies: readonly PlacementStrategy[],
  hosts: readonly H[],
): readonly H[] {
  let best = hosts.filter((host) => !judge(need, constraints, host))
  for (const strategy of strategies) {
    const scores = best.map(scoring(strategy, need, hosts))
    const least = Math.min(...scores)
    best = best.filter((_, at) => scores[at] === least)
  }
  return best
}

function scoring(
  { type, field = '' }: PlacementStrategy,
  { group }: Need,
  all: readonly Host[],
): (host: Host) => number {
  if (type === 'random') return () => 0
  if (type === 'binpack')
    return ({ remaining }) => (field === 'cpu' ? remaining.cpu : remaining.memoryMiB)
  const valueOf = (host: Host) =>
    field === 'instanceId' || field === 'host'
      ? host.arn
      : (host.attributes.get(field.replace('attribute:', '')) ?? '')
  return (host) =>
    all
      .filter((other) => valueOf(other) === valueOf(host))
      .reduce((total, { groupCounts }) => total + (groupCounts.get(group) ?? 0), 0)
}

/** A placer of these hosts, each by its ARN. */
export function placerOf<H extends Host>(
  need: Need,
  constraints: readonly Constraint[],
  strategies: readonly PlacementStrategy[],
  hosts: readonly H[],
  random: () => number,
): Placer<H> {
  const placer = new Placer<H>(need, constraints, strategies, random)
  for (const host of hosts) placer.set(host.arn, host, host.groupCounts.get(need.group))
  return placer
}
