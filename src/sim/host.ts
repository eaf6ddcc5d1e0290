/** One machine of the simulated world: an engine, a disk, and the real agent, which lives and dies on it. */
import { Agent } from '#agent/agent.ts'
import { readConfig } from '#agent/config.ts'
import type { Connect } from '#agent/outside.ts'
import type { Credentials } from '#agent/sign.ts'
import type { Clock } from '#kernel/clock.ts'

import { AgentDisk } from './agent-disk.ts'
import { signedCalls } from './calls.ts'
import type { Observable } from './checks/check.ts'
import { engineClient } from './engine-client.ts'
import { SimEngine, type ContainerEvent } from './engine.ts'
import type { Images } from './images.ts'
import { Life } from './life.ts'
import { machine } from './machine.ts'
import type { Network } from './network.ts'
import { CLUSTER, REGION } from './place.ts'
import type { Rng } from './rng.ts'
import type { Trace } from './trace.ts'
import type { Weather } from './weather.ts'

/** A supervisor starts an agent again that has ended. */
const RESTART_MS = 5_000

export type HostOptions = {
  readonly name: string
  readonly credentials: Credentials
  readonly clock: Clock
  readonly rng: Rng
  readonly network: Network
  readonly trace: Trace
  readonly weather: () => Weather
  readonly images: Images
  readonly planted: ((connect: Connect) => Connect) | undefined
  readonly happened: (host: Host, event: ContainerEvent) => void
  readonly failed: (message: string) => void
}

export class Host implements Observable {
  readonly name: string
  readonly engine: SimEngine
  readonly #options: HostOptions
  readonly #disk: AgentDisk
  #life: Life | undefined
  #agent: Agent | undefined
  #engineFailedAt = 0
  #losses = 0
  #isOn = true
  #isLost = false

  constructor(options: HostOptions) {
    const { name, clock, rng, images, weather, happened } = options
    this.#options = options
    this.name = name
    this.engine = new SimEngine({
      clock,
      rng: rng.fork(`engine of ${name}`),
      images,
      happened: (event) => happened(this, event),
    })
    this.#disk = new AgentDisk({ rng: rng.fork(`disk of ${name}`), weather })
  }

  get containerInstanceArn(): string | undefined {
    return this.#agent?.containerInstanceArn
  }

  get engineFailedAt(): number {
    return this.#engineFailedAt
  }

  get losses(): number {
    return this.#losses
  }

  get isOn(): boolean {
    return this.#isOn
  }

  get isLost(): boolean {
    return this.#isLost
  }

  /** Starts the agent, if the machine is on and no agent lives. */
  startAgent(): void {
    if (this.#life || !this.#isOn) return
    const { name, credentials, clock, rng, network, trace, weather, planted } = this.#options
    const life = new Life(clock)
    const connect = network.connect({ name, life }, credentials)
    this.#life = life
    this.#agent = new Agent({
      calls: signedCalls(network, life.clock, { name, life }, credentials),
      connect: planted ? planted(connect) : connect,
      state: this.#disk.open(life),
      region: REGION,
      credentials,
      installationId: name,
      architecture: 'x64',
      engine: engineClient({
        engine: this.engine,
        life,
        clock,
        rng: rng.fork(`calls of ${name} at ${clock.now()}`),
        weather,
        failed: () => {
          this.#engineFailedAt = clock.now()
        },
      }),
      host: machine,
      clock: life.clock,
      ids: rng.fork(`ids of ${name} at ${clock.now()}`).ids(),
      log: life.log(trace.log(name, (message) => this.#complain(message))),
      // Every other host speaks nothing but the public protocol.
      config: readConfig({
        ECS_CLUSTER: CLUSTER,
        BERTH_PLAIN_PROTOCOL: isPlain(name),
        ECS_INSTANCE_ATTRIBUTES: JSON.stringify({ 'ecs.availability-zone': zoneOf(name) }),
      }),
    })
    trace.say(name, 'the agent starts')
    const again = (): void => {
      if (life.over) return
      this.killAgent()
      clock.after(RESTART_MS, () => this.startAgent())
    }
    const agent = this.#agent
    agent.start().then(() => agent.ended.catch(again), again)
  }

  /** As kill -9. */
  killAgent(silently = false): void {
    if (!this.#life) return
    this.#options.trace.say(this.name, 'the agent is killed')
    this.#life.end()
    this.#life = undefined
    // Only so that the runtime lets go of it: a dead agent's hands reach nothing any more.
    void this.#agent?.stop()
    this.#disk.crash()
    this.#options.network.hostGone(this.name, silently)
  }

  /** As SIGTERM: it ends in good order, or never if something hangs. */
  async stopAgent(): Promise<void> {
    const life = this.#life
    if (!life) return
    await life.hears(this.#agent?.stop().catch(() => undefined) ?? Promise.resolve())
    if (this.#life === life) this.killAgent()
  }

  /** The agent's state file is gone. */
  forget(): void {
    this.killAgent()
    this.#disk.lose()
    this.#losses += 1
  }

  powerCut(): void {
    this.#isOn = false
    this.killAgent(true)
    this.engine.powerCut()
  }

  /** It burns down, with all that is on it. */
  lose(): void {
    this.#options.trace.say(this.name, 'is lost')
    this.#isLost = true
    this.powerCut()
    for (const { id } of this.engine.all()) this.engine.vanish(id)
  }

  powerOn(): void {
    if (this.#isLost) return
    this.#isOn = true
    this.engine.comeUp()
    this.startAgent()
  }

  /** A sound agent complains of its disk, and of what ended it; all else would be a mistake of ours. */
  #complain(message: string): void {
    if (!/^(cannot save|the agent ended)|ENOSPC/.test(message))
      this.#options.failed(`${this.name}: ${message}`)
  }
}

const numberOf = (name: string): number => Number(/\d+$/.exec(name)?.[0] ?? 0)
const isPlain = (name: string): string => String(numberOf(name) % 2 === 1)
/** The third host is in another zone, the others share one. */
const zoneOf = (name: string): string => `us-east-1${numberOf(name) % 3 === 0 ? 'b' : 'a'}`
