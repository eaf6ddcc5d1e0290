/**
 * What the door of an AWS room looks like: the operations that the room answers, what wakes it, and how
 * operations are handed their transaction. A room is a folder in `aws/`; its door is the file of its name.
 */
import type { Authorize } from '#kernel/access.ts'
import type { Clock } from '#kernel/clock.ts'
import type { Ids } from '#kernel/ids.ts'
import type { Log } from '#kernel/log.ts'
import type { Caller, Principal } from '#kernel/principal.ts'
import type { Listener } from '#reconcile/listeners.ts'
import type { Reconciler } from '#reconcile/reconciler.ts'
import type { Read, Store, Write } from '#store/store.ts'

/** All that an operation may know beside its input and its transaction. */
export type Context = {
  /** Milliseconds since the epoch, read once a request: one request is one moment. */
  readonly now: number
  readonly ids: Ids
  readonly caller: Caller
  /** The front door of another room, inside this transaction, as the principal named. Store-only operations. */
  readonly call: (principal: Principal, service: string, operation: string, input: object) => object
}

/** One AWS operation: what it needs to be allowed, and what it does. It never waits. */
export type Operation<Input, Output> = {
  /** IAM's action, such as `ecs:RunTask`. */
  readonly action: string
  /** The ARNs that the request touches and the values of its condition keys, from the Service Authorization Reference. */
  readonly access: (
    tx: Read,
    input: Input,
    context: Context,
  ) => {
    readonly resources: readonly string[]
    readonly conditions?: Readonly<Record<string, string | readonly string[]>>
  }
  /** A throw changes nothing; a Fault becomes AWS's error. */
  readonly run: (tx: Write, input: Input, context: Context) => Output
}

/** What an operation knows that keeps its things outside the store. Its answer waits for all that it read and wrote. */
export type WaitingContext = Omit<Context, 'call'> & {
  readonly read: <R>(body: (tx: Read) => R) => R
  /** Resolves once the change is durable; a throw changes nothing. */
  readonly write: <R>(body: (tx: Write) => R) => Promise<R>
}

/**
 * An operation whose room keeps more than records, such as log events in files. It waits between its transactions,
 * never inside one: what it read before a wait may have changed after it, and is to be read again where that matters.
 * No other room can call it, since a call joins its caller's transaction.
 */
export type WaitingOperation<Input, Output> = Omit<Operation<Input, Output>, 'run'> & {
  /** A Fault becomes AWS's error. */
  readonly wait: (input: Input, context: WaitingContext) => Promise<Output>
}

/** An operation that a later release builds; until then it answers 501 and names itself. */
export const notBuilt = Symbol('not built')

type Io = { input: unknown; output: unknown }
/** A table with an entry for every operation of a service: leaving one out is a type error. */
export type Handlers<Operations extends Record<keyof Operations, Io>> = {
  readonly [Name in keyof Operations]:
    | Operation<Operations[Name]['input'], Operations[Name]['output']>
    | WaitingOperation<Operations[Name]['input'], Operations[Name]['output']>
    | typeof notBuilt
}

/** What an operator decides, and no API asks. */
export type Policy = {
  /**
   * For how long a host may be out of reach before the tasks of services on it are replaced elsewhere. Absent, they never
   * are: nobody but the operator can know that a silent host does not still run them.
   */
  readonly lostHostAfterMs?: number | undefined
  /**
   * Until then nothing is started in the place of tasks that end, because the operator ends them all. Milliseconds since
   * the epoch; written by the operator's socket, and in memory only: a restart acts again.
   */
  haltedUntil?: number
}

/** What a room that acts on its own is made with. */
export type Tools = {
  readonly store: Store
  readonly clock: Clock
  readonly ids: Ids
  readonly log: Log
  readonly policy: Policy
  readonly authorize: Authorize
  /** Who signed a text that came inside a conversation, such as a frame with its own headers. Throws a Fault. */
  readonly authenticate: (signed: {
    readonly target: string
    readonly headers: readonly (readonly [string, string])[]
    readonly body: string
  }) => Caller
}

/** A connection that stays open, whatever carries it. */
export interface Socket {
  send(text: string): void
  close(code: number, reason: string): void
  /** How many characters wait to be sent: a peer that does not read is let go. */
  readonly waiting: number
  onMessage(hear: (text: string) => void): void
  onClose(hear: (code: number, reason: string) => void): void
}

/** Refuses a connection before it is opened: the HTTP status and the JSON body. */
export type Refused = { readonly status: number; readonly body: string }

/** A path on which signed callers talk for long. */
export type Conversation = {
  readonly path: string
  /** Says no, or how to go on once the connection is open. */
  readonly open: (target: string, caller: Caller) => Refused | ((socket: Socket) => void)
}

/** What a room does on its own. */
export type Running = {
  readonly reconcilers: readonly Reconciler[]
  readonly conversations: readonly Conversation[]
  /** Lets go of connections and timers; nothing that runs on a host is touched. */
  readonly stop: () => void
}

// Operations are kept together whatever their input: each is checked against the contract where the door lists it.
// oxlint-disable-next-line typescript/no-explicit-any
export type AnyOperation = Operation<any, any>
// oxlint-disable-next-line typescript/no-explicit-any
export type AnyWaitingOperation = WaitingOperation<any, any>

export type Room = {
  /** The AWS CLI's name of the service: also the folder's name and the contract's. */
  readonly service: string
  readonly operations: Readonly<
    Record<string, AnyOperation | AnyWaitingOperation | typeof notBuilt>
  >
  /** Who hears of notices, of this room or others. */
  readonly listens?: readonly Listener[]
  readonly start?: (tools: Tools) => Running
}
