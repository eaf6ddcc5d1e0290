/** Hands operations their transaction: the bridge between the gateway, which knows protocols, and the rooms. */
import type { Built } from '#gateway/gateway.ts'
import type { AccessRequest, Authorize } from '#kernel/access.ts'
import { AssertionFailure } from '#kernel/assert.ts'
import type { Clock } from '#kernel/clock.ts'
import { Fault } from '#kernel/fault.ts'
import type { Ids } from '#kernel/ids.ts'
import type { Caller } from '#kernel/principal.ts'
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

/** Who asks, and at which moment: one request is one moment, whatever it calls. */
type Asker = { readonly caller: Caller; readonly now: number }
type Inside = {
  /** Absent while the question is only whether the caller may. */
  readonly tx?: Write
  readonly depth?: number
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
      access: (input, caller, now) =>
        store.read((tx) => accessRequest(operation, tx, input, this.#context({ caller, now }))),
      run: (input, caller, now) =>
        'wait' in operation
          ? this.#wait(operation, input, { caller, now })
          : this.#run(operation, input, { caller, now }),
      settled: () => store.settled(store.revision),
    }
  }

  /** Every exit waits until the log holds what it was computed from, and a refusal is one: it may name what is there. */
  async #run(operation: AnyOperation, input: object, asker: Asker): Promise<object> {
    const { store } = this.#outside
    try {
      return await store.write(
        (tx) => operation.run(tx, input, this.#context({ ...asker, tx })) as object,
      )
    } catch (error) {
      if (error instanceof Fault) await store.settled(store.revision)
      throw error
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
      look(
        tx,
        operation.run(
          tx,
          input,
          this.#context({ caller, now: this.#outside.clock.now(), tx }),
        ) as object,
      ),
    )
  }

  /** Every exit waits until the log holds what it was computed from: here, the newest state that was looked at. */
  async #wait(operation: AnyWaitingOperation, input: object, asker: Asker): Promise<object> {
    const { store, ids } = this.#outside
    let seen = store.revision
    const context: WaitingContext = {
      ...asker,
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
    }
    try {
      return (await operation.wait(input, context)) as object
    } finally {
      await store.settled(seen)
    }
  }

  #context({ caller, now, tx, depth = 0 }: Asker & Inside): Context {
    return {
      now,
      ids: this.#outside.ids,
      caller,
      call: (principal, service, name, input) => {
        if (!tx || depth >= CALL_DEPTH_MAX)
          throw new AssertionFailure(`${service}:${name} cannot be called from here`)
        const as: Caller = { ...caller, principal }
        return this.#call({ caller: as, now, tx, depth: depth + 1 }, service, name, input)
      },
    }
  }

  /** The front door of another room, in the caller's transaction, with the same question whether it may. */
  #call(
    asker: Asker & { readonly tx: Write; readonly depth: number },
    ...[service, name, input]: [string, string, object]
  ): object {
    const operation = this.#byName.get(`${service}:${name}`)
    if (!operation) throw new Fault('NotImplemented', `${service}:${name} is not implemented.`, 501)
    if ('wait' in operation)
      throw new AssertionFailure(`${service}:${name} waits: no transaction can call it`)
    const context = this.#context(asker)
    const asked = accessRequest(operation, asker.tx, input, context)
    const verdict = this.#outside.authorize(asker.caller, asked)
    if (!verdict.allowed) throw new Fault('AccessDeniedException', verdict.message)
    return operation.run(asker.tx, input, context) as object
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
