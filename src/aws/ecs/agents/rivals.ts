/**
 * Two agents with one host key, on a cloned machine or in a second process: each would run every task. The connection
 * that is alive keeps its place, and the operator hears of the other.
 */
import type { Tools } from '#room/room.ts'
import { publish } from '#store/notices.ts'
import type { AcsConnect } from '#wire/connect.ts'

import { clusterArn, containerInstanceArn } from '../names/names.ts'
import type { ContainerInstance } from '../records/records.ts'

/** Which installation of an agent on which start of a machine: a cloned disk has the same installation. */
export type AgentIdentity = { readonly installationId: string; readonly bootId: string }
/** An agent that is connected, and when anything was last heard of it. */
export type Holder = { readonly identity: AgentIdentity | undefined; readonly heardAt: number }

/** One that was silent for two heartbeats is gone, as far as anybody can know. */
const SILENT_MS = 60_000
/** Agents try again every few seconds; one event a minute says it. */
const EVENT_EVERY_MS = 60_000
/** An agent that says no identity takes over whenever it comes back; so often in so long it is no coming back. */
const REPLACED_OFTEN = 5
const REPLACED_IN_MS = 10 * 60_000
const DETAIL_TYPE = 'ECS Agent Connection Conflict'

/** Amazon's agent says neither. */
export const identityOf = ({ installationId, bootId }: AcsConnect): AgentIdentity | undefined =>
  installationId !== undefined && bootId !== undefined ? { installationId, bootId } : undefined

/** Why a second agent may not have the connection; `undefined` where it may. */
export function rivalRefusal(
  holder: Holder | undefined,
  next: AgentIdentity | undefined,
  now: number,
): string | undefined {
  // Of one that says nothing of itself nobody can tell whether it only comes back: there the newer connection wins.
  if (!holder?.identity) return undefined
  const { installationId, bootId } = holder.identity
  if (next?.installationId === installationId && next.bootId === bootId) return undefined
  if (isSilent(holder, now)) return undefined
  const silentMs = now - holder.heardAt
  const why =
    next?.installationId === installationId
      ? 'on another machine, of whose disk this one is a copy'
      : 'with another data directory'
  return (
    `Another agent is connected with this host's key, ${why}; it was heard ${Math.round(silentMs / 1000)} s ago. ` +
    ONE_MACHINE
  )
}

const ONE_MACHINE =
  'A host key is for one machine: give this one a key of its own (berth host create), or stop the other agent.'

/** Why an agent that does not know which container instance it is may not register as the one of its key. */
export const registrationRefusal = (instance: ContainerInstance): string | undefined =>
  instance.agentConnected && instance.agentHolds
    ? `Another agent is connected with this host's key, with another data directory. ${ONE_MACHINE}`
    : undefined

/** Whether nothing was heard of it for so long that another may take its place. */
export const isSilent = ({ heardAt }: Holder, now: number): boolean => now - heardAt > SILENT_MS

/** Says to the operator that two agents want one connection, so often that it is seen and not more. */
export class Rivalries {
  readonly #tools: Tools
  readonly #toldAt = new Map<string, number>()
  readonly #replaced = new Map<string, number[]>()

  constructor(tools: Tools) {
    this.#tools = tools
  }

  /** A second agent was refused. */
  refused(key: string, instance: ContainerInstance, reason: string): void {
    this.#tell(key, instance, reason)
  }

  /** A connection took the place of one that had not ended. */
  replaced(key: string, instance: ContainerInstance): void {
    const now = this.#tools.clock.now()
    const recent = (this.#replaced.get(key) ?? []).filter((at) => at > now - REPLACED_IN_MS)
    recent.push(now)
    this.#replaced.set(key, recent.slice(-REPLACED_OFTEN))
    if (recent.length >= REPLACED_OFTEN)
      this.#tell(
        key,
        instance,
        `The agent's connection was taken over ${REPLACED_OFTEN} times in ${REPLACED_IN_MS / 60_000} minutes: two agents may have one host key.`,
      )
  }

  forget(key: string): void {
    this.#toldAt.delete(key)
    this.#replaced.delete(key)
  }

  #tell(key: string, instance: ContainerInstance, reason: string): void {
    const { store, clock, ids, log } = this.#tools
    const now = clock.now()
    if (now - (this.#toldAt.get(key) ?? -Infinity) < EVENT_EVERY_MS) return
    this.#toldAt.set(key, now)
    const arn = containerInstanceArn(instance)
    log.warn('two agents want the connection of one container instance', { arn, reason })
    store.transact((tx) =>
      publish(tx, {
        source: 'berth.ecs',
        detailType: DETAIL_TYPE,
        tenant: instance.tenant,
        accountId: instance.accountId,
        region: instance.region,
        resources: [arn],
        time: now,
        id: ids.uuid(),
        detail: {
          clusterArn: clusterArn(instance, instance.clusterName),
          containerInstanceArn: arn,
          reason,
        },
      }),
    )
  }
}
