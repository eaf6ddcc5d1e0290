/**
 * A whole cluster in one process, in virtual time, out of one seed: the real server and the real agents; only their
 * outside is pretended. Everything that happens in it is watched by the checks; the first that fails ends it.
 */
import { createAccount } from '#aws/iam/accounts.ts'
import { createHostKey } from '#aws/iam/host-keys.ts'
import { memoryFiles } from '#files/memory-storage.ts'
import { AssertionFailure } from '#kernel/assert.ts'
import { roomsWith } from '#server/rooms.ts'
import { Server } from '#server/server.ts'
import { SEAL_KEY_BYTES, Sealer } from '#store/seal.ts'
import { Store } from '#store/store.ts'

import { operationOf, signedCalls } from './calls.ts'
import type { Check } from './checks/check.ts'
import { CHECKS } from './checks/checks.ts'
import { VirtualClock } from './clock.ts'
import { IMAGE, soundDefinition } from './definitions.ts'
import { Host } from './host.ts'
import { Images } from './images.ts'
import { Life } from './life.ts'
import { Network, type RawAnswer, type RawRequest } from './network.ts'
import { Oracle } from './oracle.ts'
import { ACCOUNT, BEGIN, CLUSTER } from './place.ts'
import type { Planted } from './planted.ts'
import { Rng } from './rng.ts'
import { DISK_FAILURE, type Kept, StateDisk } from './state-disk.ts'
import { Trace } from './trace.ts'
import { User } from './user.ts'
import { CALM, type Weather } from './weather.ts'

const SETUP_MS = 60_000
const SEALED = /"v1\.[\w-]+"/g

export type WorldOptions = {
  readonly seed: number
  readonly hosts: number
  readonly users: number
  /** See `Policy.lostHostAfterMs`. */
  readonly lostAfterMs?: number | undefined
  readonly planted?: Planted | undefined
}
/** The first thing that was wrong. */
export type Failure = { readonly check: string; readonly message: string }

export class World {
  readonly clock = new VirtualClock(BEGIN)
  readonly trace = new Trace(this.clock)
  readonly rng: Rng
  readonly hosts: Host[] = []
  readonly users: User[] = []
  readonly network: Network
  readonly images = new Images([IMAGE])
  weather: Weather = CALM
  readonly #options: WorldOptions
  readonly #oracle = new Oracle()
  /** Outlives the server, as files do; what it has taken is durable at once. */
  readonly #files = memoryFiles()
  readonly #disk: StateDisk
  readonly #checks: readonly Check[]
  readonly #sealer = new Sealer(new Uint8Array(SEAL_KEY_BYTES))
  #life: Life | undefined
  #server: Server | undefined
  #failure: Failure | undefined

  private constructor(options: WorldOptions) {
    const weather = () => this.weather
    this.#options = options
    this.rng = new Rng(options.seed)
    this.network = new Network({
      clock: this.clock,
      rng: this.rng.fork('network'),
      weather,
      answered: (from, request, answer) => this.#answered(from, request, answer),
      said: (host, path, direction, frame) => this.#said(host, path, direction, frame),
    })
    this.#disk = new StateDisk({
      rng: this.rng.fork('state disk'),
      weather,
      durable: (commit) => this.#durable(commit),
    })
    this.#checks = CHECKS.map((make) =>
      make({
        clock: this.clock,
        oracle: this.#oracle,
        hosts: this.hosts,
        lostAfterMs: options.lostAfterMs,
      }),
    )
  }

  /** A world in calm weather whose hosts have joined and whose users have defined something. */
  static async open(options: WorldOptions): Promise<World> {
    const world = new World(options)
    await world.startServer()
    await world.#settle()
    await world.run(SETUP_MS)
    return world
  }

  get failure(): Failure | undefined {
    return this.#failure
  }

  get server(): Server | undefined {
    return this.#server
  }

  get lostAfterMs(): number | undefined {
    return this.#options.lostAfterMs
  }

  get oracle(): Oracle {
    return this.#oracle
  }

  /** Lets time pass, until something is wrong. */
  async run(ms: number): Promise<void> {
    await this.clock.run(ms, () => this.#failure !== undefined)
  }

  /** Lets time pass until `done` settles. */
  async until<T>(done: Promise<T>, limitMs: number): Promise<void> {
    let settled = false
    const end = (): void => void (settled = true)
    done.then(end, end)
    await this.clock.run(limitMs, () => settled || this.#failure !== undefined)
    if (!settled) this.fail('liveness', 'something that was waited for did not come')
  }

  fail(check: string, message: string): void {
    if (this.#failure) return
    this.#failure = { check, message }
    this.trace.say('CHECK', `${check}: ${message}`)
  }

  /** Asks every check that has a say. A check that breaks is a failure too. */
  ask(say: (check: Check) => void): void {
    for (const check of this.#checks)
      try {
        say(check)
      } catch (error) {
        this.fail(check.name, (error as Error).message)
      }
  }

  async startServer(): Promise<void> {
    if (this.#life) return
    const { planted, lostAfterMs } = this.#options
    const life = new Life(this.clock)
    this.#life = life
    await this.#readBack()
    const log = this.#disk.open(life)
    const policy = planted?.policy ?? { lostHostAfterMs: lostAfterMs }
    const rooms = roomsWith({ ecs: { policy } })
    const server = await Server.open({
      stateLog: planted?.stateLog?.(log) ?? log,
      clock: life.clock,
      ids: this.rng.fork(`ids of the server at ${this.clock.now()}`).ids(),
      log: this.trace.log('server', (message) => this.#complain(message)),
      sealer: this.#sealer,
      fatal: (error) => this.#fatal(error),
      rooms: planted?.rooms?.(rooms) ?? rooms,
      files: this.#files,
    })
    if (life.over) return
    this.#server = server
    this.trace.say('server', `starts at revision ${server.store.revision}`)
    this.network.serve({ server, life })
  }

  /** What a store reads of the disk, before a server that lives on it does anything. */
  async #readBack(): Promise<void> {
    const nobody = new Life(this.clock)
    const store = await Store.open(this.#disk.open(nobody), () => undefined)
    nobody.end()
    this.ask((check) => check.restarted?.(store))
  }

  /** As kill -9: of what is not durable some may be, and nobody is told. */
  killServer(): void {
    if (!this.#life) return
    this.trace.say('server', 'is killed')
    this.#life.end()
    this.#life = undefined
    this.#server = undefined
    this.#disk.crash()
    this.network.serverGone(false)
  }

  /** As SIGTERM. */
  async stopServer(): Promise<void> {
    const [life, server] = [this.#life, this.#server]
    if (!life || !server) return
    this.trace.say('server', 'is asked to end')
    this.network.serverGone(true)
    await server.close()
    if (this.#life === life) this.killServer()
  }

  /** Lets go of everything; what happened stays to be read. */
  end(): void {
    for (const host of this.hosts) host.killAgent()
    this.killServer()
  }

  async #settle(): Promise<void> {
    const { hosts, users, planted } = this.#options
    const making = { ids: this.rng.fork('keys').ids(), sealer: this.#sealer, now: this.clock.now() }
    const store = this.#server?.store
    if (!store) return
    const root = store.transact((tx) => createAccount(tx, { accountId: ACCOUNT }, making)).result
    for (let n = 1; n <= users; n++) {
      const name = `user${n}`
      const from = { name, life: new Life(this.clock) }
      const calls = signedCalls(this.network, this.clock, from, root)
      const failed = (message: string): void => this.fail('I1 what was acknowledged stays', message)
      this.users.push(
        new User({ name, calls, clock: this.clock, rng: this.rng.fork(name), failed }),
      )
    }
    await this.until(
      this.users[0]?.ask('CreateCluster', { clusterName: CLUSTER }) ?? Promise.resolve(),
      SETUP_MS,
    )
    await this.until(
      this.users[0]?.ask('RegisterTaskDefinition', soundDefinition) ?? Promise.resolve(),
      SETUP_MS,
    )
    for (let n = 1; n <= hosts; n++) {
      const name = `host${n}`
      const credentials = store.transact((tx) => createHostKey(tx, ACCOUNT, name, making)).result
      const host = new Host({
        name,
        credentials,
        clock: this.clock,
        rng: this.rng,
        network: this.network,
        trace: this.trace,
        weather: () => this.weather,
        images: this.images,
        planted: planted?.connect,
        happened: (at, event) => {
          this.trace.say(
            at.name,
            `container ${JSON.stringify({ ...event, labels: event.labels['com.amazonaws.ecs.task-arn'] })}`,
          )
          this.ask((check) => check.container?.(at, event))
        },
        failed: (message) => this.fail('errors', message),
      })
      this.hosts.push(host)
      host.startAgent()
    }
    for (const user of this.users)
      for (let n = 0; n < 3; n++) await this.until(user.define(), SETUP_MS)
  }

  #durable(commit: Kept): void {
    this.trace.say('disk', `${commit.revision} ${commit.changes.replaceAll(SEALED, '""')}`)
    const changes = this.#oracle.take(commit)
    this.ask((check) => check.commit?.(changes))
  }

  #answered(from: string, request: RawRequest, answer: RawAnswer): void {
    const operation = operationOf(request)
    const body = Buffer.from(answer.body).toString()
    this.trace.say(
      from,
      `${operation} ${Buffer.from(request.body).toString()} is answered with ${answer.status} ${body}`,
    )
    const input = JSON.parse(Buffer.from(request.body).toString()) as Record<string, unknown>
    const said = JSON.parse(body) as Record<string, unknown>
    const told = answer.status === 200 ? { output: said } : { refusal: said }
    this.ask((check) => check.answer?.({ operation, input, ...told }))
  }

  #said(host: string, path: string, direction: 'up' | 'down', frame: string): void {
    if (path === '/acs/ws') this.trace.say(host, `${direction} ${frame}`)
    this.ask((check) => check.said?.(host, path, frame))
  }

  /** A sound server complains of its disk; all else would be a mistake of ours. */
  #complain(message: string): void {
    if (!message.includes(DISK_FAILURE)) this.fail('errors', message)
  }

  /** A log that failed ends the server, and it is started again; an assertion of ours ends the world. */
  #fatal(error: Error): void {
    if (error instanceof AssertionFailure) this.fail('assertions', error.message)
    this.killServer()
    this.clock.after(1_000, () => void this.startServer())
  }
}
