/** A whole control plane without sockets: time is moved by the test, ids come in order, calls go as the gateway makes them. */
import type { HistoryOptions } from '#aws/ecs/history/history.ts'
import type { Policy } from '#aws/ecs/policy.ts'
import { createAccount } from '#aws/iam/accounts.ts'
import { tenantOf, accounts } from '#aws/iam/records.ts'
import { memoryFiles } from '#files/memory-storage.ts'
import type { OpenFiles } from '#files/storage.ts'
import type { Clock } from '#kernel/clock.ts'
import { Fault } from '#kernel/fault.ts'
import type { Ids } from '#kernel/ids.ts'
import type { Caller, Principal } from '#kernel/principal.ts'
import type { Conversation, Socket } from '#room/conversation.ts'
import type { Room } from '#room/room.ts'
import { MemoryLog } from '#store/memory-log.fixture.ts'
import { SEAL_KEY_BYTES, Sealer } from '#store/seal.ts'

import { commandsOf } from './admin.ts'
import { roomsWith } from './rooms.ts'
import { Server } from './server.ts'

export const ACCOUNT = '111122223333'
export const OTHER_ACCOUNT = '444455556666'
export const REGION = 'us-east-1'

export type As = {
  readonly region?: string
  readonly accountId?: string
  readonly principal?: Principal
}
// The tests look into answers by name; what is in them is the contract's matter.
// oxlint-disable-next-line typescript/no-explicit-any
export type Answer = any

/** Of the first account's root user. */
export const ROOT_KEY = {
  accessKeyId: 'AKIAHOUSE00000000001',
  secretAccessKey: 'a-secret-that-only-tests-know',
}

/** Time that stands still until a test moves it. */
export class MovedClock implements Clock {
  #now = Date.UTC(2026, 0, 1)
  #timers: { at: number; run: () => void }[] = []

  now(): number {
    return this.#now
  }

  after(ms: number, run: () => void): () => void {
    const timer = { at: this.#now + ms, run }
    this.#timers.push(timer)
    return () => void (this.#timers = this.#timers.filter((one) => one !== timer))
  }

  sleep(ms: number): Promise<void> {
    return new Promise((done) => this.after(ms, done))
  }

  /** Lets time pass; what is due runs in order. */
  async move(ms: number): Promise<void> {
    const end = this.#now + ms
    for (;;) {
      const [next] = this.#timers.filter(({ at }) => at <= end).toSorted((a, b) => a.at - b.at)
      if (!next) break
      this.#timers = this.#timers.filter((timer) => timer !== next)
      this.#now = Math.max(this.#now, next.at)
      next.run()
      await turn()
    }
    this.#now = end
    await turn()
  }
}

/** The clock of a thread that others want: time passes while it is held, and who sleeps wakes late. */
export class BusyClock extends MovedClock {
  lateMs = 0
  #passed = 0

  override now(): number {
    return super.now() + this.#passed
  }

  /** As while something is computed: nobody wakes. */
  pass(ms: number): void {
    this.#passed += ms
  }

  override sleep(ms: number): Promise<void> {
    return super.sleep(ms + this.lateMs)
  }
}

/** Lets everything that waits for nothing but the log go on. */
export async function turn(): Promise<void> {
  for (let n = 0; n < 20; n++) await new Promise((done) => setImmediate(done))
}

function orderedIds(): Ids {
  let count = 0
  const next = (digits: number): string => (++count).toString(16).padStart(digits, '0')
  return { hex: next, uuid: () => `00000000-0000-4000-8000-${next(12)}`, random: () => 0 }
}

export class House {
  readonly server: Server
  readonly clock: MovedClock
  readonly log: MemoryLog

  private constructor(server: Server, clock: MovedClock, log: MemoryLog) {
    this.server = server
    this.clock = clock
    this.log = log
  }

  /** `log` and `clock` of an earlier house make this its restart. */
  static async open(
    log = new MemoryLog(),
    clock = new MovedClock(),
    files: OpenFiles = memoryFiles(),
    policy: Policy = {},
    history?: HistoryOptions,
  ): Promise<House> {
    return House.of(roomsWith({ ecs: { policy, history } }), log, clock, files)
  }

  /** A house of these rooms. */
  static async of(
    rooms: readonly Room[],
    log = new MemoryLog(),
    clock = new MovedClock(),
    files: OpenFiles = memoryFiles(),
  ): Promise<House> {
    const ids = orderedIds()
    const sealer = new Sealer(new Uint8Array(SEAL_KEY_BYTES))
    const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined }
    const fatal = (error: Error): never => {
      throw error
    }
    const server = await Server.open({
      stateLog: log,
      rooms,
      files,
      clock,
      ids,
      log: quiet,
      sealer,
      fatal,
    })
    for (const accountId of [ACCOUNT, OTHER_ACCOUNT])
      if (!server.store.read((tx) => tx.get(accounts, accountId)))
        await server.store.write((tx) =>
          createAccount(tx, accountId === ACCOUNT ? { accountId, ...ROOT_KEY } : { accountId }, {
            ids,
            sealer,
            now: 0,
          }),
        )
    return new House(server, clock, log)
  }

  caller({ region = REGION, accountId = ACCOUNT, principal }: As = {}): Caller {
    const account = this.server.store.read((tx) => tx.get(accounts, accountId))
    if (!account) throw new Error(`no account ${accountId}`)
    return {
      principal: principal ?? { type: 'root', accountId },
      accountId,
      region,
      tenant: tenantOf(account),
      requestId: 'test',
      endpoint: 'http://berth.test',
    }
  }

  /** Asks, authorizes and runs, as the gateway does after decoding. */
  call(operation: string, input: object = {}, as: As = {}): Promise<Answer> {
    return this.callOf('ecs', operation, input, as)
  }

  /** As `call`, of another service than ECS. */
  async callOf(
    service: string,
    operation: string,
    input: object = {},
    as: As = {},
  ): Promise<Answer> {
    const built = this.server.operations.find(service, operation)
    if (!built) throw new Fault('NotImplemented', operation, 501)
    const caller = this.caller(as)
    const now = this.clock.now()
    for (const question of built.access(input, caller, now)) {
      const verdict = this.server.guard.authorize(caller, question)
      if (!verdict.allowed) throw new Fault('AccessDeniedException', verdict.message)
    }
    return built.run(input, caller, now)
  }

  /** What the operator's command line asks. */
  async order(path: string, asked: object = {}): Promise<Answer> {
    const { store, operators } = this.server
    return commandsOf({ store, operators, clock: this.clock, about: {} })[path]?.({ ...asked })
  }

  /** A registered host whose agent is this test. */
  async host(options: HostOptions = {}): Promise<Host> {
    const { as = {}, cluster = 'default', cpu = 2048, memory = 4096, attributes = [] } = options
    await this.call('CreateCluster', { clusterName: cluster }, as)
    const { containerInstance } = await this.call(
      'RegisterContainerInstance',
      {
        cluster,
        totalResources: [
          { name: 'CPU', integerValue: cpu },
          { name: 'MEMORY', integerValue: memory },
          { name: 'PORTS', stringSetValue: ['22'] },
          { name: 'PORTS_UDP', stringSetValue: [] },
        ],
        attributes: [...CAPABILITIES.map((name) => ({ name })), ...attributes],
      },
      as,
    )
    const host = new Host(this, containerInstance.containerInstanceArn, as)
    await host.connect()
    return host
  }

  conversation(path: string): Conversation {
    const found = this.server.conversations.find((one) => one.path === path)
    if (!found) throw new Error(`no conversation at ${path}`)
    return found
  }
}

type HostOptions = {
  readonly as?: As
  readonly cluster?: string
  readonly cpu?: number
  readonly memory?: number
  readonly attributes?: readonly { readonly name: string; readonly value?: string }[]
}

const CAPABILITIES = [
  ...[17, 18, 19, 21, 24, 25].map(
    (minor) => `com.amazonaws.ecs.capability.docker-remote-api.1.${minor}`,
  ),
  'com.amazonaws.ecs.capability.logging-driver.json-file',
  'com.amazonaws.ecs.capability.privileged-container',
  'ecs.capability.container-health-check',
  'ecs.capability.container-ordering',
  'ecs.capability.docker-plugin.local',
]

type Frame = { readonly type: string; readonly message: Answer }

/** The agent's end of the socket, played by a test: it hears everything and answers what it is told to. */
export class Host {
  readonly arn: string
  readonly heard: Frame[] = []
  closed: { readonly code: number; readonly reason: string } | undefined
  readonly #house: House
  readonly #as: As
  #toServer: (text: string) => void = () => undefined
  #onClose: (code: number, reason: string) => void = () => undefined

  constructor(house: House, arn: string, as: As = {}) {
    this.#house = house
    this.arn = arn
    this.#as = as
  }

  /** Opens ACS; gives the refusal's body when it is refused. */
  async connect(identity: Readonly<Record<string, string>> = {}): Promise<string | undefined> {
    const query = new URLSearchParams({
      containerInstanceArn: this.arn,
      agentVersion: '1.99.0',
      sendCredentials: 'true',
      ...identity,
    })
    const opened = this.#house
      .conversation('/acs/ws')
      .open(`/acs/ws?${query.toString()}`, this.#house.caller(this.#as))
    if (typeof opened !== 'function') return opened.body
    this.closed = undefined
    const socket: Socket = {
      waiting: 0,
      send: (text) => void this.heard.push(JSON.parse(text) as Frame),
      close: (code, reason) => {
        this.closed = { code, reason }
        this.#onClose(code, reason)
      },
      onMessage: (hear) => void (this.#toServer = hear),
      onClose: (hear) => void (this.#onClose = hear),
    }
    opened(socket)
    await turn()
    return undefined
  }

  async disconnect(): Promise<void> {
    this.#onClose(1006, '')
    await turn()
  }

  async say(type: string, message: object): Promise<void> {
    await this.sayText(JSON.stringify({ type, message }))
  }

  async sayText(text: string): Promise<void> {
    this.#toServer(text)
    await turn()
  }

  /** The payloads heard so far that have a task. */
  payloads(taskArn: string): Answer[] {
    return this.heard
      .filter(({ type }) => type === 'PayloadMessage')
      .filter(({ message }) => message.tasks.some((task: Answer) => task.arn === taskArn))
      .map(({ message }) => message)
  }

  async acknowledge(message: Answer): Promise<void> {
    const { clusterArn: cluster, containerInstanceArn: containerInstance, messageId } = message
    await this.say('AckRequest', { cluster, containerInstance, messageId })
  }

  /** Reports a task's state as agents do. */
  async report(task: string, status: string, containers: readonly object[] = []): Promise<Answer> {
    return this.#house.call('SubmitTaskStateChange', { task, status, containers }, this.#as)
  }
}

/** The code and text of the Fault that a call ends with. */
export async function faultOf(call: Promise<unknown>): Promise<string> {
  try {
    await call
  } catch (error) {
    if (error instanceof Fault) return `${error.code}: ${error.message}`
    throw error
  }
  return 'no fault'
}
