/** The control plane, put together from its rooms: it collects what their doors offer, and knows none of them by name. */
import type { OpenFiles } from '#files/storage.ts'
import { checkInput, readInput } from '#gateway/checked.ts'
import { Gateway } from '#gateway/gateway.ts'
import { assert, AssertionFailure } from '#kernel/assert.ts'
import type { Clock } from '#kernel/clock.ts'
import { Fault } from '#kernel/fault.ts'
import type { Ids } from '#kernel/ids.ts'
import type { Log } from '#kernel/log.ts'
import { listening } from '#reconcile/listeners.ts'
import { runReconcilers } from '#reconcile/runner.ts'
import type { Conversation } from '#room/conversation.ts'
import { graveyard } from '#room/graveyard.ts'
import type { Account, Guard } from '#room/guard.ts'
import type { Operator } from '#room/operator.ts'
import { type Room, rootCaller, type Running, type Tools } from '#room/room.ts'
import type { StateLog } from '#store/log.ts'
import type { Sealer } from '#store/seal.ts'
import { Store } from '#store/store.ts'

import { Operations } from './operations.ts'
import { Sockets } from './sockets.ts'
import { type RateProfile, Throttle } from './throttle.ts'

export type ServerOptions = {
  readonly stateLog: StateLog
  readonly clock: Clock
  readonly ids: Ids
  readonly log: Log
  readonly sealer: Sealer
  readonly scheme?: 'http' | 'https'
  /** How much an account may ask: as much as it likes, or as much as at AWS. */
  readonly rates?: RateProfile
  /** Told when the server must not go on: the state log failed, or an assertion. The process ends then. */
  readonly fatal: (error: Error) => void
  readonly rooms: readonly Room[]
  readonly files: OpenFiles
}

type Started = { readonly service: string; readonly running: Running }

export class Server {
  readonly store: Store
  readonly guard: Guard
  readonly gateway: Gateway
  readonly operations: Operations
  readonly #rooms: readonly Room[]
  readonly #sockets: Sockets
  readonly #stop = new AbortController()
  readonly #started: Started[] = []

  private constructor(store: Store, options: ServerOptions) {
    const { clock, ids, log, sealer, scheme = 'http', rooms } = options
    this.store = store
    this.#rooms = rooms
    this.#sockets = new Sockets({ clock, log, fatal: options.fatal })
    this.guard = guardOf(rooms, { store, sealer })
    const { authorize, credential } = this.guard
    const operations = new Operations({ rooms, store, clock, ids, authorize, check: checkInput })
    this.operations = operations
    const throttle = options.rates === 'aws' ? new Throttle(clock) : undefined
    this.gateway = new Gateway({
      clock,
      ids,
      log,
      scheme,
      credential,
      operation: (service, name) => operations.find(service, name),
      authorize,
      throttle:
        throttle &&
        ((caller, service, name) => {
          const limit = operations.rateOf(service, name)
          if (limit) throttle.check(caller, service, limit)
        }),
    })
  }

  /** Each room begins; the first that cannot keeps the server from it. */
  #start(options: ServerOptions): void {
    const { clock, ids, rooms } = options
    const { store } = this
    for (const room of rooms)
      if (room.start) {
        const { service } = room
        this.#started.push({ service, running: room.start(this.#tools(room, options)) })
      }
    for (const { service, conversations } of this.#conversations())
      this.#sockets.serve(this.gateway, service, conversations)
    // Whoever acts on its own would try in vain, again and again.
    if (store.unwritable !== undefined) return
    runReconcilers(
      [
        graveyard({ store, clock, ids }, rooms),
        ...this.#started.flatMap(({ running }) => running.reconcilers ?? []),
        ...listening(
          rooms.flatMap((room) => room.listens ?? []),
          store,
        ),
      ],
      { store, clock, signal: this.#stop.signal, onError: this.#reconcilerFailed(options) },
    )
  }

  /** Loads the state and begins to act on it; it answers once `gateway.listen` is called. */
  static async open(options: ServerOptions): Promise<Server> {
    const store = await Store.open(options.stateLog, options.fatal)
    const server = new Server(store, options)
    try {
      server.#start(options)
      return server
    } catch (error) {
      // Nothing of it may hold the data, or the process.
      await server.close()
      throw error
    }
  }

  /** What hosts talk over, path by path. */
  get conversations(): readonly Conversation[] {
    return this.#conversations().flatMap(({ conversations }) => conversations)
  }

  /** What the rooms answer their operator. */
  get operators(): readonly Operator[] {
    return this.#started.flatMap(({ running }) => running.operator ?? [])
  }

  /** Gives the account what the rooms begin a new data directory with. */
  async begin(account: Account, region: string): Promise<void> {
    const root = rootCaller(account, region, '')
    for (const { service, begins = [] } of this.#rooms)
      for (const { operation, input } of begins)
        await this.operations.ask(root, { service, name: operation }, input)
  }

  /** Lets connections go, keeps what runs on hosts, and makes durable what was taken. */
  async close(): Promise<void> {
    this.#stop.abort()
    for (const { running } of this.#started) running.stop?.()
    this.#sockets.close()
    await this.gateway.close()
    this.#sockets.terminate()
    await this.store.close()
    for (const { running } of this.#started) await running.close?.()
  }

  #tools({ service }: Room, options: ServerOptions): Tools {
    const { clock, ids, log, sealer, files } = options
    const { store, operations, guard } = this
    return {
      store,
      clock,
      ids,
      log,
      sealer,
      authorize: guard.authorize,
      accounts: guard.accounts,
      call: operations.call,
      files,
      topics: this.#rooms.flatMap(({ topics = [] }) => topics),
      rehearse: (name, input, caller, look) =>
        operations.rehearse({ service, name }, readInput(service, name, input), caller, look),
      authenticate: ({ target, headers, body }) =>
        this.gateway.authenticate(
          { method: 'GET', target, headers, body: Buffer.from(body) },
          service,
        ).caller,
    }
  }

  #conversations(): readonly { service: string; conversations: readonly Conversation[] }[] {
    const all = this.#started.map(({ service, running: { conversations = [] } }) => ({
      service,
      conversations,
    }))
    const { unwritable } = this.store
    if (unwritable === undefined) return all
    // What a host says cannot be kept: it tries again, and its containers run on.
    const body = JSON.stringify({ ServerException: `Nothing can be written: ${unwritable}.` })
    const open = () => ({ status: 503, body })
    return all.map(({ service, conversations }) => ({
      service,
      conversations: conversations.map(({ path }) => ({ path, open })),
    }))
  }

  #reconcilerFailed({ log, fatal }: ServerOptions) {
    return (reconciler: string, key: string, error: unknown): void => {
      if (error instanceof AssertionFailure) return fatal(error)
      const message = error instanceof Fault ? `${error.code}: ${error.message}` : String(error)
      log.warn('a reconciler will try again', { reconciler, key, error: message })
    }
  }
}

function guardOf(rooms: readonly Room[], ports: { store: Store; sealer: Sealer }): Guard {
  const [guard, more] = rooms.flatMap((room) => (room.guard ? [room.guard(ports)] : []))
  assert(guard && !more, 'one room knows who is who')
  return guard
}
