/** One AWS operation: what it asks before it acts, and what it does in its transaction. */
import type { Ids } from '#kernel/ids.ts'
import type { Caller } from '#kernel/principal.ts'
import type { Rate } from '#kernel/token-buckets.ts'
import type { Read, Write } from '#store/store.ts'

import type { Call, CallLater } from './call.ts'

/** All that an operation may know beside its input and its transaction. */
export type Context = {
  /** Milliseconds since the epoch, read once a request: one request is one moment. */
  readonly now: number
  readonly ids: Ids
  readonly caller: Caller
  /** The front door of another room, inside this transaction. */
  readonly call: Call
}

/** A question of whether the caller may: one action on some resources. All questions of a request must be answered with yes. */
export type Question = {
  /** IAM's action, such as `iam:PassRole`; the operation's own where it is left out. */
  readonly action?: string
  /** The ARNs that the request touches, from the Service Authorization Reference. */
  readonly resources: readonly string[]
  /** The values of its condition keys. */
  readonly conditions?: Readonly<Record<string, string | readonly string[]>>
}

/** How often an account may ask: operations of one bucket share it. */
export type RateLimit = Rate & { readonly bucket: string }

type Asked<Input> = {
  readonly access: (tx: Read, input: Input, context: Context) => readonly Question[]
  /** AWS's limit, for those who want their tools to meet it. */
  readonly rate?: RateLimit
}

/** What it needs to be allowed, and what it does. It never waits. */
export type Operation<Input, Output> = Asked<Input> & {
  /** A throw changes nothing; a Fault becomes AWS's error. */
  readonly run: (tx: Write, input: Input, context: Context) => Output
}

/** What an operation knows that keeps its things outside the store. Its answer waits for all that it read and wrote. */
export type WaitingContext = Omit<Context, 'call'> & {
  readonly read: <R>(body: (tx: Read) => R) => R
  /** Resolves once the change is durable; a throw changes nothing. */
  readonly write: <R>(body: (tx: Write) => R) => Promise<R>
  /** The front door of another room, in a transaction of its own. */
  readonly call: CallLater
}

/**
 * An operation whose room keeps more than records, such as log events in files. It waits between its transactions,
 * never inside one: what it read before a wait may have changed after it, and is to be read again where that matters.
 * No transaction can call it.
 */
export type WaitingOperation<Input, Output> = Asked<Input> & {
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

// Operations are kept together whatever their input: each is checked against the contract where the door lists it.
// oxlint-disable-next-line typescript/no-explicit-any
export type AnyOperation = Operation<any, any>
// oxlint-disable-next-line typescript/no-explicit-any
export type AnyWaitingOperation = WaitingOperation<any, any>
/** What a door lists, by name. */
export type Listed = Readonly<Record<string, AnyOperation | AnyWaitingOperation | typeof notBuilt>>

/** The operations, with what each is given changed before it looks at it. */
export function onInput(
  operations: Listed,
  meant: (name: string, input: object) => object,
): Listed {
  return Object.fromEntries(
    Object.entries(operations).map(([name, operation]) => {
      if (operation === notBuilt) return [name, notBuilt]
      const access: AnyOperation['access'] = (tx, input: object, context) =>
        operation.access(tx, meant(name, input), context)
      if ('wait' in operation) {
        const wait: AnyWaitingOperation['wait'] = (input: object, context) =>
          operation.wait(meant(name, input), context)
        return [name, { ...operation, access, wait }]
      }
      const run: AnyOperation['run'] = (tx, input: object, context) =>
        operation.run(tx, meant(name, input), context) as object
      return [name, { ...operation, access, run }]
    }),
  )
}
