/**
 * What a task asks of a host and whether a host has it: the first thing that it lacks, in ECS's order and words. Which
 * of those that have everything is taken is the Placer's. Pure.
 */
import type { Attribute } from '#contract/ecs.ts'
import { describeAsk, policyOf, refusedAsk } from '#wire/host-policy.ts'

import type { Need } from '../definitions/need.ts'
import type { Predicate, Subject } from '../query/query.ts'
import type { Resources } from '../records/records.ts'
import { isUnbuilt, unbuiltMember } from './unbuilt.ts'

/** A container instance as placement sees it. */
export type Host = Subject & {
  readonly arn: string
  readonly active: boolean
  readonly remaining: Resources
  /** How many tasks of each group it has. */
  readonly groupCounts: ReadonlyMap<string, number>
}

export type Constraint =
  | { readonly type: 'distinctInstance' }
  | { readonly type: 'memberOf'; readonly holds: Predicate }

/** Why a host cannot take the task, in the words of the API's failures. */
export type Refusal = Why & { readonly arn: string }
type Why = { readonly reason: string; readonly detail?: string }

/** Why the task cannot go there; nothing when it can. `count` is how many tasks of its group the host has. */
export const judge = (
  need: Need,
  constraints: readonly Constraint[],
  host: Host,
  count = host.groupCounts.get(need.group) ?? 0,
): Why | undefined => refuse(need, host) ?? violated(constraints, host, count)

/** The first thing that the host lacks, in ECS's order; nothing when it can take the task. */
export function refuse(need: Need, host: Host): Why | undefined {
  if (!host.active) return { reason: 'INACTIVE' }
  if (!host.agentConnected) return { reason: 'AGENT' }
  return unfit(need, host) ?? lackedResource(need, host.remaining)
}

/** Why the host cannot take the task, whatever room it has. */
export function unfit(
  need: Pick<Need, 'requiresAttributes' | 'asks'>,
  host: Host,
): Why | undefined {
  const lacking = lackedAttribute(need, host)
  if (lacking) return { reason: 'ATTRIBUTE', detail: detailOf(lacking) }
  const ask = need.asks.length > 0 && refusedAsk(policyOf(host.attributes), need.asks)
  return ask ? { reason: 'ATTRIBUTE', detail: `${describeAsk(ask)} (${NOT_ALLOWED})` } : undefined
}

export const NOT_ALLOWED = 'not allowed on this host'

const detailOf = ({ name }: Attribute): string => {
  const member = unbuiltMember(name)
  return member === undefined ? name : `${name} (${member} is not in this release)`
}

export const lackedAttribute = (
  { requiresAttributes }: Pick<Need, 'requiresAttributes'>,
  { attributes }: Host,
): Attribute | undefined =>
  requiresAttributes.find(
    ({ name, value }) =>
      isUnbuilt(name) ||
      !attributes.has(name) ||
      (value !== undefined && attributes.get(name) !== value),
  )

export function lackedResource(need: Need, remaining: Resources): Why | undefined {
  if (need.cpu > remaining.cpu) return LACKS.cpu
  if (need.memoryMiB > remaining.memoryMiB) return LACKS.memory
  if (need.ports.some((port) => remaining.ports.includes(port))) return LACKS.ports
  if (need.portsUdp.some((port) => remaining.portsUdp.includes(port))) return LACKS.portsUdp
  if (need.gpus > remaining.gpuIds.length) return LACKS.gpu
  return undefined
}
const LACKS = {
  cpu: { reason: 'RESOURCE:CPU' },
  memory: { reason: 'RESOURCE:MEMORY' },
  ports: { reason: 'RESOURCE:PORTS' },
  portsUdp: { reason: 'RESOURCE:PORTS_UDP' },
  gpu: { reason: 'RESOURCE:GPU' },
} as const

function violated(constraints: readonly Constraint[], host: Host, count: number): Why | undefined {
  for (const constraint of constraints)
    if (constraint.type === 'memberOf') {
      if (!constraint.holds(host)) return { reason: 'MemberOf placement constraint unsatisfied.' }
    } else if (count > 0) return { reason: 'DistinctInstance placement constraint unsatisfied.' }
  return undefined
}
