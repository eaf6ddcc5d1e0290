/** The wires between hosts, clients and the server: they delay, lose, repeat and break, as the weather is. */
import type { Connect, Connection, ConnectionEnd, Socket as AgentSocket } from '#agent/outside.ts'
import { sign, type Credentials } from '#agent/sign.ts'
import type { Clock } from '#kernel/clock.ts'
import { Fault } from '#kernel/fault.ts'
import type { Socket } from '#room/conversation.ts'
import type { Server } from '#server/server.ts'
import { parseRefusal } from '#wire/refusal.ts'

import type { Life } from './life.ts'
import { REGION } from './place.ts'
import type { Rng } from './rng.ts'
import type { Weather } from './weather.ts'

const CALL_TIMEOUT_MS = 60_000
const HANDSHAKE_TIMEOUT_MS = 30_000
/** How long a side that said good-bye waits for the other's. */
const GOODBYE_MS = 30_000
/** An agent that stops waits no longer than this for the good-bye. */
const STOP_MS = 1_000
/** After this long without an acknowledgment a kernel gives a connection up. */
const GIVEN_UP_MS = 15 * 60_000
const RESET_MS_MAX = 200
const OLD_FRAMES_MAX = 50

export type RawRequest = Parameters<Server['gateway']['answer']>[0]
export type RawAnswer = Awaited<ReturnType<Server['gateway']['answer']>>

/** Nobody knows whether what was asked is done. */
export class CallLost extends Error {
  override name = 'CallLost'
}

export type Endpoint = { readonly name: string; readonly life: Life }
type Listening = { readonly server: Server; readonly life: Life }

export type NetworkOptions = {
  readonly clock: Clock
  readonly rng: Rng
  readonly weather: () => Weather
  /** A request's answer leaves the server, or a frame goes either way. */
  readonly answered: (from: string, request: RawRequest, answer: RawAnswer) => void
  readonly said: (host: string, path: string, direction: 'up' | 'down', frame: string) => void
}

export class Network {
  readonly #options: NetworkOptions
  readonly #cut = new Set<string>()
  readonly #wires = new Set<Wire>()
  #listening: Listening | undefined

  constructor(options: NetworkOptions) {
    this.#options = options
  }

  get open(): ReadonlySet<Wire> {
    return this.#wires
  }

  serve(listening: Listening): void {
    this.#listening = listening
  }

  /** The server's process is gone: its kernel resets what was open. In good order its good-byes go first. */
  serverGone(inOrder: boolean): void {
    this.#listening = undefined
    for (const wire of this.#wires)
      if (inOrder) wire.server.close(1001, 'The server ends.')
      else wire.reset('server')
  }

  /** A process on a host is gone. After a power cut nobody is left to say so. */
  hostGone(host: string, silently: boolean): void {
    for (const wire of this.#wires)
      if (wire.host === host) {
        if (silently) wire.fallSilent()
        else wire.reset('agent')
      }
  }

  /** Nothing gets through between the host and the server until it is healed; what is open falls silent. */
  cut(host: string): void {
    this.#cut.add(host)
    for (const wire of this.#wires) if (wire.host === host) wire.fallSilent()
  }

  heal(host: string): void {
    this.#cut.delete(host)
  }

  /** Ends what hangs between life and death. */
  clearUp(): void {
    this.#cut.clear()
    for (const wire of this.#wires) if (wire.isSilent) wire.reset('both')
  }

  /** One request, and its answer if it comes. Rejects with `CallLost`. */
  request({ name, life }: Endpoint, request: RawRequest): Promise<RawAnswer> {
    const { clock, rng, weather, answered } = this.#options
    const now = weather()
    const isLost = rng.chance(now.loseRequest)
    const isMute = rng.chance(now.loseAnswer)
    const isDoubled = rng.chance(now.doubleRequest)
    const waysMs = [0, 1, 2].map(() => rng.between(...now.networkMs))
    const [thereMs = 0, backMs = 0, laterMs = 0] = waysMs
    if (life.over) return new Promise(() => undefined)
    return life.hears(
      new Promise((done, fail) => {
        const disarm = clock.after(CALL_TIMEOUT_MS, () => fail(new CallLost('no answer in time')))
        const fails = (): void => {
          disarm()
          fail(new CallLost('the connection was refused or reset'))
        }
        const arrive = (hear: (answer: RawAnswer) => void): void => {
          const listening = this.#listening
          if (!listening) return void clock.after(backMs, fails)
          void this.#serve(listening, request, (answer) => {
            answered(name, request, answer)
            clock.after(backMs, () => hear(answer))
          })
        }
        if (!isLost)
          clock.after(thereMs, () => {
            if (this.#cut.has(name)) return
            arrive((answer) => {
              if (isMute || this.#cut.has(name)) return
              disarm()
              done(answer)
            })
          })
        if (isDoubled) clock.after(thereMs + laterMs, () => arrive(() => undefined))
      }),
    )
  }

  async #serve(
    { server, life }: Listening,
    request: RawRequest,
    leaves: (answer: RawAnswer) => void,
  ): Promise<void> {
    leaves(await life.hears(server.gateway.answer(request)))
  }

  /** The agent's way of connecting, as `wire/` has it: a signed handshake, then frames in order. */
  connect(endpoint: Endpoint, credentials: Credentials): Connect {
    return (connection) => endpoint.life.hears(this.#dial(endpoint, credentials, connection))
  }

  async #dial(
    { name, life }: Endpoint,
    credentials: Credentials,
    connection: Connection,
  ): Promise<ConnectionEnd> {
    const { clock, rng, weather } = this.#options
    const failed = (reason: string, body = ''): ConnectionEnd => ({
      opened: false,
      code: 1006,
      reason,
      refusal: parseRefusal(body),
    })
    if (connection.signal.aborted) return failed('stopped')
    const signedAt = clock.now()
    await clock.sleep(rng.between(...weather().networkMs))
    if (this.#cut.has(name) || rng.chance(weather().loseRequest)) {
      await clock.sleep(HANDSHAKE_TIMEOUT_MS)
      return failed('no answer in time')
    }
    const listening = this.#listening
    if (connection.signal.aborted) return failed('stopped')
    if (!listening) return failed('connection refused')
    const url = new URL(connection.url)
    const target = url.pathname + url.search
    const headers = sign(
      { method: 'GET', url: connection.url, body: '' },
      { region: REGION, credentials, now: signedAt },
    )
    const conversation = listening.server.conversations.find(({ path }) => path === url.pathname)
    if (!conversation || life.over) return failed('nothing upgrades there')
    try {
      const raw = { method: 'GET', target, headers, body: new Uint8Array() }
      const { caller } = listening.server.gateway.authenticate(raw, 'ecs')
      const opened = conversation.open(target, caller)
      if (typeof opened !== 'function') return failed(`refused with ${opened.status}`, opened.body)
      return await this.#talk(
        { host: name, path: url.pathname, life, connection },
        listening,
        opened,
      )
    } catch (error) {
      if (error instanceof Fault) return failed(error.code)
      throw error
    }
  }

  #talk(
    at: Pick<Wire, 'host' | 'path'> & { readonly life: Life; readonly connection: Connection },
    listening: Listening,
    opened: (socket: Socket) => void,
  ): Promise<ConnectionEnd> {
    return new Promise((done) => {
      const wire = new Wire({
        ...this.#options,
        ...at,
        server: listening.life,
        over: (end) => {
          this.#wires.delete(wire)
          done(end)
        },
      })
      this.#wires.add(wire)
      opened(wire.server)
      wire.open()
    })
  }
}

type WireOptions = Omit<NetworkOptions, 'answered'> & {
  readonly host: string
  readonly path: string
  readonly life: Life
  readonly server: Life
  readonly connection: Connection
  readonly over: (end: ConnectionEnd) => void
}

/** One connection. Frames of a direction arrive in their order, until it breaks; each side learns that in its own time. */
export class Wire {
  readonly host: string
  readonly path: string
  readonly server: Socket
  readonly #options: WireOptions
  readonly #arrivesAt = { up: 0, down: 0 }
  readonly #old: string[] = []
  #hear: (text: string) => void = () => undefined
  #onClose: (code: number, reason: string) => void = () => undefined
  #isSilent = false
  #agentEnded = false
  #serverEnded = false

  constructor(options: WireOptions) {
    this.#options = options
    this.host = options.host
    this.path = options.path
    this.server = {
      waiting: 0,
      send: (text) => this.#send('down', text),
      close: (code, reason) => this.#close('down', code, reason),
      onMessage: (hear) => void (this.#hear = hear),
      onClose: (hear) => void (this.#onClose = hear),
    }
  }

  get isSilent(): boolean {
    return this.#isSilent
  }

  open(): void {
    const { connection, life } = this.#options
    const agent: AgentSocket = {
      send: (text) => this.#send('up', text),
      close: (code, reason) => this.#close('up', code, reason),
    }
    const stop = (): void => {
      if (life.over) return
      this.#close('up', 1001, 'the agent stops')
      this.#options.clock.after(STOP_MS, () => this.#agentEnds(1006, 'the agent stops'))
    }
    connection.signal.addEventListener('abort', stop, { once: true })
    this.#carry('down', () => {
      if (!life.over) connection.opened(agent)
    })
  }

  /** A manifest that names no task, as a control plane would send that has lost its mind. */
  slipEmptyManifest(): void {
    for (const frame of this.#old.toReversed()) {
      const { type, message } = JSON.parse(frame) as {
        type: string
        message: { seqNum?: number; timeline?: number }
      }
      const number = message.seqNum ?? message.timeline
      if (number === undefined) continue
      const manifest = {
        ...message,
        timeline: number + 1,
        tasks: [],
        messageId: `${type}-${number}`,
      }
      this.#slip(JSON.stringify({ type: 'TaskManifestMessage', message: manifest }))
      return
    }
  }

  #slip(frame: string): void {
    this.#carry('down', () => this.#options.connection.heard(frame))
  }

  reset(by: 'agent' | 'server' | 'both'): void {
    this.#isSilent = true
    const { clock, rng } = this.#options
    const soon = rng.between(0, RESET_MS_MAX)
    clock.after(by === 'agent' ? 0 : soon, () => this.#agentEnds(1006, 'reset'))
    clock.after(by === 'server' ? 0 : soon, () => this.#serverEnds(1006, 'reset'))
  }

  /** Nothing gets through any more, and nobody is told. */
  fallSilent(): void {
    if (this.#isSilent) return
    this.#isSilent = true
    this.#options.clock.after(GIVEN_UP_MS, () => this.reset('both'))
  }

  #send(direction: 'up' | 'down', frame: string): void {
    const { rng, weather, said, life, server } = this.#options
    const breaks = rng.chance(weather().breakConnection)
    const replays = rng.chance(weather().replayFrame)
    const sender = direction === 'up' ? life : server
    if (this.#isSilent || sender.over) return
    said(this.host, this.path, direction, frame)
    if (breaks) return this.reset('both')
    if (direction === 'down') {
      this.#old.push(frame)
      if (this.#old.length > OLD_FRAMES_MAX) this.#old.shift()
      this.#carry('down', () => this.#options.connection.heard(frame))
    } else this.#carry('up', () => this.#hear(frame))
    if (replays && direction === 'down') this.#slip(rng.pick(this.#old) ?? frame)
    if (replays && direction === 'up') this.#carry('up', () => this.#hear(frame))
  }

  #close(from: 'up' | 'down', code: number, reason: string): void {
    const { clock } = this.#options
    this.#carry(from, () => {
      this.#serverEnds(code, reason)
      this.#agentEnds(code, reason)
    })
    clock.after(GOODBYE_MS, () =>
      from === 'up' ? this.#agentEnds(1006, reason) : this.#serverEnds(1006, reason),
    )
  }

  #carry(direction: 'up' | 'down', arrive: () => void): void {
    const { clock, rng, weather } = this.#options
    const at = Math.max(
      this.#arrivesAt[direction],
      clock.now() + rng.between(...weather().networkMs),
    )
    this.#arrivesAt[direction] = at
    clock.after(at - clock.now(), () => {
      const ended = direction === 'up' ? this.#serverEnded : this.#agentEnded
      const { life, server } = this.#options
      if (!this.#isSilent && !ended && !(direction === 'up' ? server : life).over) arrive()
    })
  }

  #agentEnds(code: number, reason: string): void {
    if (this.#agentEnded) return
    this.#agentEnded = true
    this.#options.over({ opened: true, code, reason })
  }

  #serverEnds(code: number, reason: string): void {
    if (this.#serverEnded) return
    this.#serverEnded = true
    if (!this.#options.server.over) this.#onClose(code, reason)
  }
}
