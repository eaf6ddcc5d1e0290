/**
 * Where a task goes: hosts that cannot take it are left out with the reason, those that break a constraint too,
 * then the strategies choose, each breaking the ties of the one before. Pure: the same hosts give the same answer.
 */
import type { Attribute, PlacementStrategy } from '#contract/ecs.ts'

import type { Resources } from '../records.ts'
import type { Predicate, Subject } from './query.ts'
import { isUnbuilt } from './unbuilt.ts'

/** A container instance as placement sees it. */
export type Host = Subject & {
  readonly arn: string
  readonly active: boolean
  readonly remaining: Resources
  /** How many tasks of each group it has. */
  readonly groupCounts: ReadonlyMap<string, number>
}

/** What a task needs. */
export type Need = {
  readonly cpu: number
  readonly memoryMiB: number
  readonly ports: readonly number[]
  readonly portsUdp: readonly number[]
  readonly gpus: number
  readonly requiresAttributes: readonly Attribute[]
  readonly group: string
}

export type Constraint =
  | { readonly type: 'distinctInstance' }
  | { readonly type: 'memberOf'; readonly holds: Predicate }

/** Why a host cannot take the task, in the words of the API's failures. */
export type Refusal = {
  readonly arn: string
  readonly reason: string
  readonly detail?: string
}
export type Placement<H extends Host> =
  | { readonly host: H }
  | { readonly host: undefined; readonly refusals: readonly Refusal[] }

/** `random` gives a number from 0 to 1; it decides only between hosts that are equally good. */
export function place<H extends Host>(
  need: Need,
  constraints: readonly Constraint[],
  strategies: readonly PlacementStrategy[],
  hosts: readonly H[],
  random: () => number,
): Placement<H> {
  const refusals: Refusal[] = []
  let best = hosts.filter((host) => {
    const refusal = refuse(need, host) ?? violated(need, constraints, host)
    if (refusal) refusals.push({ arn: host.arn, ...refusal })
    return !refusal
  })
  if (best.length === 0) return { host: undefined, refusals }
  for (const strategy of strategies) best = keep(strategy, need, best, hosts)
  return { host: best[Math.floor(random() * best.length)] as H }
}

type Why = { readonly reason: string; readonly detail?: string }

/** The first thing that the host lacks, in ECS's order; nothing when it can take the task. */
export function refuse(need: Need, host: Host): Why | undefined {
  if (!host.active) return { reason: 'INACTIVE' }
  if (!host.agentConnected) return { reason: 'AGENT' }
  const lacking = need.requiresAttributes.find(
    ({ name, value }) =>
      isUnbuilt(name) ||
      !host.attributes.has(name) ||
      (value !== undefined && host.attributes.get(name) !== value),
  )
  if (lacking) return { reason: 'ATTRIBUTE', detail: lacking.name }
  const { remaining } = host
  if (need.cpu > remaining.cpu) return { reason: 'RESOURCE:CPU' }
  if (need.memoryMiB > remaining.memoryMiB) return { reason: 'RESOURCE:MEMORY' }
  if (need.ports.some((port) => remaining.ports.includes(port))) return { reason: 'RESOURCE:PORTS' }
  if (need.portsUdp.some((port) => remaining.portsUdp.includes(port)))
    return { reason: 'RESOURCE:PORTS_UDP' }
  if (need.gpus > remaining.gpuIds.length) return { reason: 'RESOURCE:GPU' }
  return undefined
}

function violated(need: Need, constraints: readonly Constraint[], host: Host): Why | undefined {
  for (const constraint of constraints)
    if (constraint.type === 'memberOf') {
      if (!constraint.holds(host)) return { reason: 'MemberOf placement constraint unsatisfied.' }
    } else if (host.groupCounts.has(need.group))
      return { reason: 'DistinctInstance placement constraint unsatisfied.' }
  return undefined
}

/** The hosts that a strategy likes best. */
function keep<H extends Host>(
  strategy: PlacementStrategy,
  need: Need,
  hosts: readonly H[],
  all: readonly Host[],
): H[] {
  if (strategy.type === 'random') return [...hosts]
  const score = strategy.type === 'binpack' ? packing(strategy) : spreading(strategy, need, all)
  const scores = hosts.map(score)
  const least = Math.min(...scores)
  return hosts.filter((_, at) => scores[at] === least)
}

const packing = ({ field }: PlacementStrategy): ((host: Host) => number) =>
  field?.toLowerCase() === 'cpu' ? (host) => host.remaining.cpu : (host) => host.remaining.memoryMiB

/** Counts the group's tasks over all hosts with the same value, full ones too; those without the attribute are one group. */
function spreading(
  { field = '' }: PlacementStrategy,
  need: Need,
  hosts: readonly Host[],
): (host: Host) => number {
  const valueOf = (host: Host): string => {
    if (field === 'instanceId' || field === 'host') return host.arn
    return host.attributes.get(field.replace(/^attribute:/, '')) ?? ''
  }
  const counts = new Map<string, number>()
  for (const host of hosts) {
    const value = valueOf(host)
    counts.set(value, (counts.get(value) ?? 0) + (host.groupCounts.get(need.group) ?? 0))
  }
  return (host) => counts.get(valueOf(host)) ?? 0
}
