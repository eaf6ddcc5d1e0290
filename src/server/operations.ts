/** Hands operations their transaction: the bridge between the gateway, which knows protocols, and the rooms. */
import type { Built } from '#gateway/gateway.ts'
import type { AccessRequest, Authorize } from '#kernel/access.ts'
import { assert, AssertionFailure } from '#kernel/assert.ts'
import type { Clock } from '#kernel/clock.ts'
import { Fault } from '#kernel/fault.ts'
import type { Ids } from '#kernel/ids.ts'
import type { Caller } from '#kernel/principal.ts'
import { isRegion } from '#kernel/region.ts'
import type { As, Call, CallLater } from '#room/call.ts'
import {
  type AnyOperation,
  type AnyWaitingOperation,
  type Context,
  notBuilt,
  type RateLimit,
  type WaitingContext,
} from '#room/operation.ts'
import type { Room } from '#room/room.ts'
import type { Read, Store, Write } from '#store/store.ts'

type Outside = {
  readonly rooms: readonly Room[]
  readonly store: Store
  readonly clock: Clock
  readonly ids: Ids
  readonly authorize: Authorize
  /** Holds the input of a call from inside to its model, as a request's is. Throws a Fault. */
  readonly check: (service: string, operation: string, input: object) => void
}

/** Who asks, and at which moment: one request is one moment, whatever it calls. */
type Asker = { readonly caller: Caller; readonly now: number; readonly depth: number }
type Named = { readonly service: string; readonly name: string }
type Known = Named & {
  /** IAM's action where a question names none. */
  readonly action: string
  readonly operation: AnyOperation | AnyWaitingOperation
}

/** How deep rooms may call each other for one request. */
const CALL_DEPTH_MAX = 5

export class Operations {
  readonly #outside: Outside
  readonly #known = new Map<string, Known>()

  constructor(outside: Outside) {
    this.#outside = outside
    const services = new Set(outside.rooms.map(({ service }) => service))
    assert(services.size === outside.rooms.length, 'two rooms have one name')
    for (const { service, prefix = service, operations } of outside.rooms) {
      for (const [name, operation] of Object.entries(operations))
        if (operation !== notBuilt)
          this.#known.set(idOf({ service, name }), {
            service,
            name,
            action: `${prefix}:${name}`,
            operation,
          })
    }
  }

  /** Names of what is built, by service. */
  built(): Record<string, string[]> {
    const built: Record<string, string[]> = {}
    for (const { service, name } of this.#known.values()) (built[service] ??= []).push(name)
    return built
  }

  rateOf(service: string, name: string): RateLimit | undefined {
    return this.#known.get(idOf({ service, name }))?.operation.rate
  }

  find(service: string, name: string): Built | undefined {
    const known = this.#known.get(idOf({ service, name }))
    if (!known) return undefined
    const { store } = this.#outside
    return {
      access: (input, caller, now) =>
        store.read((tx) => this.#questions(known, tx, input, { caller, now, depth: 0 })),
      run: (input, caller, now) => this.#serve(known, input, { caller, now, depth: 0 }),
      settled: () => store.settled(store.revision),
    }
  }

  /** Runs an operation as if it were to be kept, looks at what would be, and keeps nothing. Throws its Fault. */
  rehearse<R>(
    { service, name }: Named,
    input: object,
    caller: Caller,
    look: (tx: Write, output: object) => R,
  ): R {
    const known = this.#known.get(idOf({ service, name }))
    if (!known || 'wait' in known.operation)
      throw new Fault('NotImplemented', `${name} cannot be rehearsed.`, 501)
    const { operation } = known
    const asker = { caller, now: this.#outside.clock.now(), depth: 0 }
    return this.#outside.store.rehearse((tx) =>
      look(tx, operation.run(tx, input, this.#context(asker, tx)) as object),
    )
  }

  /** As a request from outside that is checked and allowed. */
  ask(caller: Caller, named: Named, input: object): Promise<object> {
    return this.#callLater(
      { caller, now: this.#outside.clock.now(), depth: 0 },
      named,
      caller,
      input,
    )
  }

  /** The front door for a room that acts on its own. */
  readonly call: CallLater = (as, service, name, input) => {
    const { clock, ids } = this.#outside
    const { accountId } = as.principal
    const caller: Caller = { ...as, accountId, requestId: ids.uuid(), endpoint: '' }
    return this.#callLater({ caller, now: clock.now(), depth: 0 }, { service, name }, as, input)
  }

  #serve(known: Known, input: object, asker: Asker): Promise<object> {
    const { operation } = known
    return 'wait' in operation
      ? this.#wait(operation, input, asker)
      : this.#run(operation, input, asker)
  }

  /** Every exit waits until the log holds what it was computed from, and a refusal is one: it may name what is there. */
  async #run(operation: AnyOperation, input: object, asker: Asker): Promise<object> {
    const { store } = this.#outside
    try {
      return await store.write((tx) => operation.run(tx, input, this.#context(asker, tx)) as object)
    } catch (error) {
      if (error instanceof Fault) await store.settled(store.revision)
      throw error
    }
  }

  /** Every exit waits until the log holds what it was computed from: here, the newest state that was looked at. */
  async #wait(operation: AnyWaitingOperation, input: object, asker: Asker): Promise<object> {
    const { store, ids } = this.#outside
    const { caller, now } = asker
    let seen = store.revision
    const context: WaitingContext = {
      caller,
      now,
      ids,
      read: (body) => {
        seen = store.revision
        return store.read(body)
      },
      write: (body) => {
        // A throw in it is computed from what it saw.
        seen = store.revision
        return store.write(body)
      },
      call: (as, service, name, input) => this.#callLater(asker, { service, name }, as, input),
    }
    try {
      return (await operation.wait(input, context)) as object
    } finally {
      await store.settled(seen)
    }
  }

  #context(asker: Asker, tx: Write | undefined): Context {
    const { caller, now } = asker
    const call: Call = (as, service, name, input) => {
      assert(tx, `${service}:${name} is called by a question of access`)
      return this.#call(asker, { service, name }, as, input, tx) as never
    }
    return { now, ids: this.#outside.ids, caller, call }
  }

  /** The front door of another room, in the caller's transaction, with the same questions whether it may. */
  #call(asker: Asker, named: Named, as: As, input: unknown, tx: Write): unknown {
    const called = this.#called(asker, named, as, input)
    const { operation } = called.known
    if ('wait' in operation)
      throw new AssertionFailure(`${idOf(named)} waits: no transaction can call it`)
    this.#permit(called, tx)
    return operation.run(tx, called.input, this.#context(called.asker, tx)) as unknown
  }

  /** As a request from outside: all that was seen is durable before it is asked, and its outcome before it is told. */
  async #callLater<Output>(asker: Asker, named: Named, as: As, input: unknown): Promise<Output> {
    const { store } = this.#outside
    await store.settled(store.revision)
    const called = this.#called(asker, named, as, input)
    store.read((tx) => this.#permit(called, tx))
    return (await this.#serve(called.known, called.input, called.asker)) as Output
  }

  #called(asker: Asker, named: Named, as: As, input: unknown): Called {
    const known = this.#known.get(idOf(named))
    if (!known) throw new Fault('NotImplemented', `${idOf(named)} is not implemented.`, 501)
    if (asker.depth >= CALL_DEPTH_MAX)
      throw new Fault('ServiceUnavailable', `${idOf(named)} is called in too deep a chain.`, 503)
    // As of requests from outside, which the gateway has held to it.
    if (!isRegion(as.region))
      throw new Fault('ValidationException', `'${as.region}' is not the name of a region.`)
    this.#outside.check(named.service, named.name, input as object)
    const { accountId } = as.principal
    const caller: Caller = { ...asker.caller, ...as, accountId }
    return {
      known,
      input: input as object,
      asker: { caller, now: asker.now, depth: asker.depth + 1 },
      source: as.sourceArn,
    }
  }

  #permit({ known, input, asker, source }: Called, tx: Read): void {
    for (const question of this.#questions(known, tx, input, asker)) {
      const conditions = {
        ...question.conditions,
        ...(source !== undefined && {
          'aws:SourceArn': source,
          'aws:SourceAccount': asker.caller.accountId,
        }),
      }
      const verdict = this.#outside.authorize(asker.caller, { ...question, conditions })
      if (!verdict.allowed) throw new Fault('AccessDeniedException', verdict.message)
    }
  }

  #questions(
    { action, operation }: Known,
    tx: Read,
    input: object,
    asker: Asker,
  ): readonly AccessRequest[] {
    return operation
      .access(tx, input, this.#context(asker, undefined))
      .map((question) => ({ action, conditions: {}, ...question }))
  }
}

type Called = {
  readonly known: Known
  readonly input: object
  readonly asker: Asker
  readonly source: string | undefined
}

const idOf = ({ service, name }: Named): string => `${service}:${name}`
