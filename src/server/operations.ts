/** Hands operations their transaction: the bridge between the gateway, which knows protocols, and the rooms. */
import type { Built } from '#gateway/gateway.ts'
import type { AccessRequest, Authorize } from '#kernel/access.ts'
import { AssertionFailure } from '#kernel/assert.ts'
import type { Clock } from '#kernel/clock.ts'
import { Fault } from '#kernel/fault.ts'
import type { Ids } from '#kernel/ids.ts'
import type { Caller, Principal } from '#kernel/principal.ts'
import {
  type AnyOperation,
  type AnyWaitingOperation,
  type Context,
  notBuilt,
  type Room,
  type WaitingContext,
} from '#room/room.ts'
import type { Read, Store, Write } from '#store/store.ts'

type Outside = {
  readonly rooms: readonly Room[]
  readonly store: Store
  readonly clock: Clock
  readonly ids: Ids
  readonly authorize: Authorize
}

/** How deep rooms may call each other in one transaction. */
const CALL_DEPTH_MAX = 5

export class Operations {
  readonly #outside: Outside
  readonly #byName = new Map<string, AnyOperation | AnyWaitingOperation>()

  constructor(outside: Outside) {
    this.#outside = outside
    for (const { service, operations } of outside.rooms)
      for (const [name, operation] of Object.entries(operations))
        if (operation !== notBuilt) this.#byName.set(`${service}:${name}`, operation)
  }

  /** Names of what is built, by service. */
  built(): Record<string, string[]> {
    const built: Record<string, string[]> = {}
    for (const id of this.#byName.keys()) {
      const [service = '', name = ''] = id.split(':')
      ;(built[service] ??= []).push(name)
    }
    return built
  }

  find(service: string, name: string): Built | undefined {
    const operation = this.#byName.get(`${service}:${name}`)
    if (!operation) return undefined
    const { store } = this.#outside
    return {
      access: (input, caller) =>
        store.read((tx) => accessRequest(operation, tx, input, this.#context(caller, undefined))),
      run: (input, caller) =>
        'wait' in operation
          ? this.#wait(operation, input, caller)
          : store.write((tx) => operation.run(tx, input, this.#context(caller, tx)) as object),
    }
  }

  /** Runs an operation as if it were to be kept, looks at what would be, and keeps nothing. Throws its Fault. */
  rehearse<R>(
    [service, name]: readonly [string, string],
    input: object,
    caller: Caller,
    look: (tx: Write, output: object) => R,
  ): R {
    const operation = this.#byName.get(`${service}:${name}`)
    if (!operation || 'wait' in operation)
      throw new Fault('NotImplemented', `${name} cannot be rehearsed.`, 501)
    return this.#outside.store.rehearse((tx) =>
      look(tx, operation.run(tx, input, this.#context(caller, tx)) as object),
    )
  }

  /** Every exit waits until the log holds what it was computed from: here, the newest state that was looked at. */
  async #wait(operation: AnyWaitingOperation, input: object, caller: Caller): Promise<object> {
    const { store, clock, ids } = this.#outside
    let seen = store.revision
    const context: WaitingContext = {
      now: clock.now(),
      ids,
      caller,
      read: (body) => {
        seen = store.revision
        return store.read(body)
      },
      write: (body) => store.write(body),
    }
    try {
      return (await operation.wait(input, context)) as object
    } finally {
      await store.settled(seen)
    }
  }

  /** `tx` is absent while the question is only whether the caller may. */
  #context(caller: Caller, tx: Write | undefined, depth = 0): Context {
    const { clock, ids } = this.#outside
    const context: Context = {
      now: clock.now(),
      ids,
      caller,
      call: (principal, service, name, input) => {
        if (!tx || depth >= CALL_DEPTH_MAX)
          throw new AssertionFailure(`${service}:${name} cannot be called from here`)
        return this.#call(tx, { caller, principal, depth }, service, name, input)
      },
    }
    return context
  }

  /** The front door of another room, in the caller's transaction, with the same question whether it may. */
  #call(
    tx: Write,
    from: { readonly caller: Caller; readonly principal: Principal; readonly depth: number },
    ...[service, name, input]: [string, string, object]
  ): object {
    const operation = this.#byName.get(`${service}:${name}`)
    if (!operation) throw new Fault('NotImplemented', `${service}:${name} is not implemented.`, 501)
    if ('wait' in operation)
      throw new AssertionFailure(`${service}:${name} waits: no transaction can call it`)
    const caller: Caller = { ...from.caller, principal: from.principal }
    const context = this.#context(caller, tx, from.depth + 1)
    const verdict = this.#outside.authorize(caller, accessRequest(operation, tx, input, context))
    if (!verdict.allowed) throw new Fault('AccessDeniedException', verdict.message)
    return operation.run(tx, input, context) as object
  }
}

function accessRequest(
  operation: Pick<AnyOperation, 'access' | 'action'>,
  tx: Read,
  input: object,
  context: Context,
): AccessRequest {
  const { resources, conditions = {} } = operation.access(tx, input, context)
  return {
    action: operation.action,
    resources,
    conditions,
  }
}
