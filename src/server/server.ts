/** The control plane, put together from its rooms. Nothing else knows them all. */
import { Gateway } from '#gateway/gateway.ts'
import { AssertionFailure } from '#kernel/assert.ts'
import type { Clock } from '#kernel/clock.ts'
import { Fault } from '#kernel/fault.ts'
import type { Ids } from '#kernel/ids.ts'
import type { Log } from '#kernel/log.ts'
import { listening } from '#reconcile/listeners.ts'
import { runReconcilers } from '#reconcile/runner.ts'
import type { Conversation, Room, Running, Tools, Policy } from '#room/room.ts'
import type { Log as StateLog } from '#store/log.ts'
import type { Sealer } from '#store/seal.ts'
import { Store } from '#store/store.ts'

import { authorize } from './authorize.ts'
import { credentialsOf } from './credentials.ts'
import { History, type HistoryOptions } from './history/history.ts'
import { Operations } from './operations.ts'
import { Rates, type RateProfile } from './rates.ts'
import { roomsOn, type Storages } from './rooms.ts'
import { Sockets } from './sockets.ts'

export type ServerOptions = {
  readonly stateLog: StateLog
  /** What rooms keep beside records; the server closes them. */
  readonly storages: Storages
  readonly clock: Clock
  readonly ids: Ids
  readonly log: Log
  readonly sealer: Sealer
  readonly scheme?: 'http' | 'https'
  /** How much an account may ask: as much as it likes, or as much as at AWS. */
  readonly rates?: RateProfile
  readonly policy?: Policy
  /** Where what services were is kept, and how long; the server closes the storage. Absent, it is forgotten. */
  readonly history?: HistoryOptions
  /** Told when the server must not go on: the state log failed, or an assertion. The process ends then. */
  readonly fatal: (error: Error) => void
  /** Another list of rooms, for tests of the composition itself. */
  readonly rooms?: readonly Room[]
}

export class Server {
  readonly store: Store
  readonly gateway: Gateway
  readonly operations: Operations
  readonly history: History | undefined
  readonly #sockets: Sockets
  readonly #stop = new AbortController()
  readonly #running: readonly Running[]
  readonly #storages: Storages

  private constructor(store: Store, options: ServerOptions) {
    const { clock, ids, log, sealer, scheme = 'http', storages, policy = {} } = options
    const rooms = options.rooms ?? roomsOn(storages)
    const rates = options.rates === 'aws' ? new Rates(clock) : undefined
    this.store = store
    this.#sockets = new Sockets(clock)
    this.#storages = storages
    this.history = options.history && new History({ store, clock, log }, options.history)
    this.operations = new Operations({ rooms, store, clock, ids, authorize })
    this.gateway = new Gateway({
      clock,
      ids,
      log,
      scheme,
      credential: credentialsOf(store, sealer),
      operation: (service, name) => this.operations.find(service, name),
      authorize,
      throttle: rates && ((caller, service, name) => rates.check(caller, service, name)),
    })
    const tools: Tools = {
      store,
      clock,
      ids,
      log,
      policy,
      authorize,
      authenticate: ({ target, headers, body }) =>
        this.gateway.authenticate(
          { method: 'GET', target, headers, body: Buffer.from(body) },
          'ecs',
        ).caller,
    }
    this.#running = rooms.flatMap((room) => (room.start ? [room.start(tools)] : []))
    this.#sockets.serve(this.gateway, this.conversations)
    // Whoever acts on its own would try in vain, again and again.
    if (store.unwritable !== undefined) return
    runReconcilers(
      [
        ...this.#running.flatMap(({ reconcilers }) => reconcilers),
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
    return new Server(store, options)
  }

  /** What hosts talk over, path by path. */
  get conversations(): readonly Conversation[] {
    const all = this.#running.flatMap(({ conversations }) => conversations)
    const { unwritable } = this.store
    if (unwritable === undefined) return all
    // What a host says cannot be kept: it tries again, and its containers run on.
    const body = JSON.stringify({ ServerException: `Nothing can be written: ${unwritable}.` })
    return all.map(({ path }) => ({ path, open: () => ({ status: 503, body }) }))
  }

  /** Lets connections go, keeps what runs on hosts, and makes durable what was taken. */
  async close(): Promise<void> {
    this.#stop.abort()
    for (const running of this.#running) running.stop()
    this.#sockets.close()
    await this.gateway.close()
    this.#sockets.terminate()
    await this.store.close()
    await this.history?.close()
    await this.#storages.logs.close()
  }

  #reconcilerFailed({ log, fatal }: ServerOptions) {
    return (reconciler: string, key: string, error: unknown): void => {
      if (error instanceof AssertionFailure) return fatal(error)
      const message = error instanceof Fault ? `${error.code}: ${error.message}` : String(error)
      log.warn('a reconciler will try again', { reconciler, key, error: message })
    }
  }
}
