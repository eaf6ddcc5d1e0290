/** Every reason for and against each container instance, where placement itself stops at the first. */
import { policyOf, refusedAsk } from '#wire/host-policy.ts'

import type { Need } from '../definitions/need.ts'
import type { Resources } from '../records/records.ts'
import type { Host } from '../scheduler/place.ts'
import { type Constraint, lackedAttribute, NOT_ALLOWED, refuse } from '../scheduler/place.ts'
import { unbuiltMember } from '../scheduler/unbuilt.ts'

/** One thing that a host has to have, what was asked and what it has. */
export type Predicate = {
  readonly predicate: string
  readonly holds: boolean
  readonly needs: string
  readonly has: string
}
export type Examined = {
  readonly containerInstanceArn: string
  readonly fits: boolean
  readonly predicates: readonly Predicate[]
}

/** `whole` is the host with the room that is kept there for daemons. */
export function examine(
  host: Host,
  whole: Host,
  need: Need,
  constraints: readonly (Constraint & { readonly says: string })[],
): Examined {
  const predicates = [
    ...state(host),
    ...attributes(host, need),
    ...policies(host, need),
    ...resources(host.remaining, whole.remaining, need),
    ...constraints.map((constraint) => obeys(host, need, constraint)),
  ]
  return {
    containerInstanceArn: host.arn,
    fits: predicates.every(({ holds }) => holds) && refuse(need, host) === undefined,
    predicates,
  }
}

const state = (host: Host): Predicate[] => [
  {
    predicate: 'status',
    holds: host.active,
    needs: 'ACTIVE',
    has: host.active ? 'ACTIVE' : 'DRAINING',
  },
  {
    predicate: 'agent',
    holds: host.agentConnected,
    needs: 'connected',
    has: host.agentConnected ? 'connected' : 'not connected',
  },
]

const attributes = (host: Host, need: Need): Predicate[] =>
  need.requiresAttributes.map(({ name, value }) => {
    const has = host.attributes.get(name)
    const member = unbuiltMember(name)
    if (member !== undefined)
      return { predicate: member, holds: false, needs: name, has: 'nothing: not in this release' }
    return {
      predicate: name === 'ecs.cpu-architecture' ? 'architecture' : `attribute ${name}`,
      holds: lackedAttribute({ requiresAttributes: [{ name, value }] }, host) === undefined,
      needs: value ?? 'present',
      has: has === undefined ? 'absent' : has === '' ? 'present' : has,
    }
  })

/** What the host's operator does not allow. */
const policies = (host: Host, { asks }: Need): Predicate[] =>
  asks
    .filter((ask) => refusedAsk(policyOf(host.attributes), [ask]))
    .map(({ member, what }) => ({ predicate: member, holds: false, needs: what, has: NOT_ALLOWED }))

function resources(left: Resources, all: Resources, need: Need): Predicate[] {
  const amount = (
    predicate: string,
    needs: number,
    [has, ofAll]: readonly [number, number],
    unit: string,
  ): Predicate => ({
    predicate,
    holds: needs <= has,
    needs: `${needs}${unit}`,
    has: `${has}${unit}${has < ofAll ? `, and ${ofAll - has} kept for daemons` : ''}`,
  })
  const free = (
    predicate: string,
    wanted: readonly number[],
    taken: readonly number[],
    inUse: readonly number[],
  ) => {
    const clash = wanted.filter((port) => taken.includes(port))
    const isKept = clash.length > 0 && !clash.some((port) => inUse.includes(port))
    return wanted.length === 0
      ? []
      : [
          {
            predicate,
            holds: clash.length === 0,
            needs: wanted.join(', '),
            has:
              clash.length === 0
                ? 'free'
                : `${clash.join(', ')} ${isKept ? 'kept for daemons' : 'in use'}`,
          },
        ]
  }
  return [
    amount('cpu', need.cpu, [left.cpu, all.cpu], ' units'),
    amount('memory', need.memoryMiB, [left.memoryMiB, all.memoryMiB], ' MiB'),
    ...free('ports', need.ports, left.ports, all.ports),
    ...free('ports (udp)', need.portsUdp, left.portsUdp, all.portsUdp),
    ...(need.gpus > 0
      ? [amount('gpus', need.gpus, [left.gpuIds.length, all.gpuIds.length], '')]
      : []),
  ]
}

function obeys(
  host: Host,
  need: Need,
  constraint: Constraint & { readonly says: string },
): Predicate {
  const count = host.groupCounts.get(need.group) ?? 0
  return constraint.type === 'memberOf'
    ? {
        predicate: 'constraint memberOf',
        holds: constraint.holds(host),
        needs: constraint.says,
        has: constraint.holds(host) ? 'a member' : 'no member',
      }
    : {
        predicate: 'constraint distinctInstance',
        holds: count === 0,
        needs: `no other task of ${need.group}`,
        has: String(count),
      }
}
