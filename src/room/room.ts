/**
 * What the door of an AWS room looks like: what the room answers, keeps, hears and does on its own. A room is a folder in
 * `aws/`; its door is the file of its name. The server collects the doors and knows none of them by name.
 */
import type { OpenFiles } from '#files/storage.ts'
import type { Authorize } from '#kernel/access.ts'
import type { Clock } from '#kernel/clock.ts'
import type { Ids } from '#kernel/ids.ts'
import type { Log } from '#kernel/log.ts'
import type { Caller } from '#kernel/principal.ts'
import type { Listener } from '#reconcile/listeners.ts'
import type { Reconciler } from '#reconcile/reconciler.ts'
import type { Sealer } from '#store/seal.ts'
import type { Store, Table, Write } from '#store/store.ts'

import type { CallLater } from './call.ts'
import type { Conversation } from './conversation.ts'
import type { Burial } from './graveyard.ts'
import type { Account, Guard } from './guard.ts'
import type { Listed } from './operation.ts'
import type { Operator } from './operator.ts'
import type { Topic } from './topic.ts'
import type { Unbuilt } from './unbuilt.ts'

export type Room = {
  /** The AWS CLI's name of the service: also the folder's name and the contract's. */
  readonly service: string
  /** What its actions begin with in IAM's words, where that is not the service. */
  readonly prefix?: string
  readonly operations: Listed
  /** All tables of the room; their keys begin with the tenant, and go when an account is emptied. */
  readonly records?: Readonly<Record<string, Table<object>>>
  /** How those of them go that more hangs on. */
  readonly burial?: Burial
  /** What is refused by name, and what for. */
  readonly unbuilt?: Unbuilt
  /** What a new data directory's first account is begun with, by its root user. */
  readonly begins?: readonly { readonly operation: string; readonly input: object }[]
  /** What hosts are told of the room's without asking. */
  readonly topics?: readonly Topic[]
  /** Of one room: who is who, and who may. */
  readonly guard?: (ports: GuardPorts) => Guard
  /** Who hears of notices, of this room or others. */
  readonly listens?: readonly Listener[]
  /** Called once, when the state is loaded. */
  readonly start?: (tools: Tools) => Running
}

export type GuardPorts = { readonly store: Store; readonly sealer: Sealer }

/** What a room that acts on its own is made with. */
export type Tools = {
  readonly store: Store
  readonly clock: Clock
  readonly ids: Ids
  readonly log: Log
  readonly sealer: Sealer
  readonly authorize: Authorize
  /** See `Guard.accounts`. */
  readonly accounts: Guard['accounts']
  readonly call: CallLater
  /** What is no record; the room closes it in its own `close`. */
  readonly files: OpenFiles
  /** Of all rooms: told by the one that hosts talk with. */
  readonly topics: readonly Topic[]
  /** Runs an operation of this room as if it were to be kept, looks at what would be, and keeps nothing. Throws its Fault. */
  readonly rehearse: <R>(
    operation: string,
    input: unknown,
    caller: Caller,
    look: (tx: Write, output: object) => R,
  ) => R
  /** Who signed a text for this room that came inside a conversation, such as a frame with its own headers. Throws a Fault. */
  readonly authenticate: (signed: {
    readonly target: string
    readonly headers: readonly (readonly [string, string])[]
    readonly body: string
  }) => Caller
}

/** What a room does on its own. */
export type Running = {
  readonly reconcilers?: readonly Reconciler[]
  readonly conversations?: readonly Conversation[]
  readonly operator?: Operator
  /** Lets go of connections and timers; nothing that runs on a host is touched. */
  readonly stop?: () => void
  /** Once the store tells nothing any more: closes what the room keeps beside records. */
  readonly close?: () => Promise<void>
}

/** A caller as whom an account's operator asks. */
export const rootCaller = (
  { accountId, tenant }: Account,
  region: string,
  requestId: string,
): Caller => ({
  principal: { type: 'root', accountId },
  accountId,
  tenant,
  region,
  requestId,
  endpoint: '',
})
