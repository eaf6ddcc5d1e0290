/** A pretended Docker: the daemon of one host, with its containers. It outlives agents and falls with its host. */
import {
  EngineError,
  type ContainerBody,
  type Health,
  type Observed,
  type Volume,
  type VolumeBody,
} from '#agent/engine.ts'
import type { Clock } from '#kernel/clock.ts'
import type { NetworkBinding } from '#wire/calls.ts'

import type { Images } from './images.ts'
import { programOf, type Program } from './program.ts'
import type { Rng } from './rng.ts'

const KILLED = 137
/** What the daemon says of containers that it finds dead after its host's fall. */
const FALLEN = 255
const EPHEMERAL_PORT_FIRST = 32_768
const LAST_WORDS_MS = 2_000
const HEALTH_KNOWN_AFTER_MS = 5_000
/** A health check that fails. */
export const FAILING = ['CMD', 'false']

type Box = {
  seen: Observed
  readonly body: ContainerBody
  readonly program: Program | undefined
  readonly ports: readonly { readonly containerPort: number; readonly hostPort: number }[]
  cancel: () => void
}

/** What becomes of a container, as those hear it who check. */
export type ContainerEvent = {
  readonly type: 'created' | 'started' | 'exited' | 'removed' | 'failed'
  readonly id: string
  readonly labels: Readonly<Record<string, string>>
  readonly exitCode?: number | undefined
  /** `started` long after it was asked for, when nobody waited for it any more. */
  readonly isLate?: boolean
  /** `exited` because the agent asked for it. */
  readonly asked?: boolean
}

export type SimEngineOptions = {
  readonly clock: Clock
  readonly rng: Rng
  readonly images: Images
  readonly happened: (event: ContainerEvent) => void
}

export class SimEngine {
  readonly #options: SimEngineOptions
  readonly #boxes = new Map<string, Box>()
  readonly #volumes = new Map<string, Volume>()
  /** By tag, what it meant when it was pulled last. */
  readonly #pulled = new Map<string, string>()
  readonly #listeners = new Set<(container: Observed | undefined) => void>()
  readonly #hanging = new Set<() => void>()
  /** By container that is being started: by how many calls, and who waits for an answer. */
  readonly #starting = new Map<string, { count: number; readonly waiting: (() => void)[] }>()
  #isUp = true
  #generation = 0

  constructor(options: SimEngineOptions) {
    this.#options = options
  }

  get isUp(): boolean {
    return this.#isUp
  }

  /** One more with each end of the daemon: calls that were under way then are never done. */
  get generation(): number {
    return this.#generation
  }

  /** The digest of the image that the reference names here: of a tag, what it meant at its last pull. */
  image(reference: string): string | undefined {
    return this.#pulled.get(reference) ?? this.#options.images.digestOf(reference)
  }

  pull(reference: string): void {
    const digest = this.#options.images.digestOf(reference)
    if (digest === undefined)
      throw new EngineError('CannotPullContainerError', `pull access denied for ${reference}`)
    this.#pulled.set(reference, digest)
  }

  all(): readonly Observed[] {
    return [...this.#boxes.values()].map(({ seen }) => seen)
  }

  /** By id or name. */
  find(idOrName: string): Observed | undefined {
    return this.#boxes.get(idOrName)?.seen ?? this.all().find(({ name }) => name === idOrName)
  }

  /** Hears containers that changed, and `undefined` when the daemon comes or goes. */
  listen(listener: (container: Observed | undefined) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  create(name: string, body: ContainerBody): string {
    if (this.image(body.Image) === undefined)
      throw refused('CannotCreateContainerError', `No such image: ${body.Image}`)
    if (this.all().some((one) => one.name === name))
      throw refused(
        'CannotCreateContainerError',
        `Conflict. The container name "/${name}" is already in use`,
      )
    const id = this.#options.rng.ids().hex(64)
    const seen: Observed = {
      id,
      name,
      labels: body.Labels,
      state: 'created',
      outOfMemory: false,
      error: '',
      createdAt: this.#options.clock.now(),
      networkBindings: [],
    }
    const ports = portsOf(body)
    this.#boxes.set(id, { seen, body, program: programOf(body), ports, cancel: () => undefined })
    this.#say('created', seen)
    return id
  }

  start(id: string, isLate = false): void {
    const box = this.#boxes.get(id)
    if (!box) throw refused('CannotStartContainerError', `No such container: ${id}`)
    if (box.seen.state === 'running') return
    const wrong = box.program ? this.#takenPort(box) : 'exec: no such file or directory: unknown'
    if (wrong !== undefined || !box.program) {
      box.seen = { ...box.seen, error: wrong ?? '' }
      this.#options.happened({ type: 'failed', id, labels: box.seen.labels })
      throw refused('CannotStartContainerError', wrong ?? '')
    }
    box.seen = {
      ...box.seen,
      state: 'running',
      startedAt: this.#options.clock.now(),
      networkBindings: this.#bindings(box),
    }
    this.#say('started', box.seen, isLate)
    const { ends } = box.program
    if (ends)
      this.#later(box, ends.afterMs, () => this.#exit(box, ends.exitCode, false, ends.outOfMemory))
    const check = box.body['Healthcheck'] as { readonly Test?: readonly string[] } | undefined
    if (!check) return
    const status = String(check.Test) === String(FAILING) ? 'UNHEALTHY' : 'HEALTHY'
    this.#options.clock.after(HEALTH_KNOWN_AFTER_MS, () => this.#checked(box, status))
  }

  /** Asks it to end, and kills it after `timeoutMs`; `done` is told when it has. */
  stop(id: string, timeoutMs: number, done: () => void): void {
    const box = this.#boxes.get(id)
    if (box?.seen.state !== 'running') return done()
    const { onTerm } = box.program ?? {}
    const lastWordsMs = this.#options.rng.between(0, LAST_WORDS_MS)
    const graceful = onTerm !== undefined && lastWordsMs < timeoutMs
    this.#options.clock.after(graceful ? lastWordsMs : timeoutMs, () => {
      if (this.#boxes.get(id) === box) this.#exit(box, graceful ? onTerm : KILLED, true)
      done()
    })
  }

  /** By id or name. */
  remove(idOrName: string): void {
    const { id = '' } = this.find(idOrName) ?? {}
    const box = this.#boxes.get(id)
    if (!box) return
    if (box.seen.state === 'running') this.#exit(box, KILLED, true)
    this.#boxes.delete(id)
    this.#say('removed', box.seen)
  }

  volume(name: string): Volume | undefined {
    return this.#volumes.get(name)
  }

  /** One that is there stays as it is, whatever is said of it. */
  createVolume({ Name, Labels = {}, DriverOpts = {} }: VolumeBody): void {
    if (!this.#volumes.has(Name)) this.#volumes.set(Name, { labels: Labels, options: DriverOpts })
  }

  removeVolume(name: string): void {
    this.#volumes.delete(name)
  }

  /** Something hangs: it is done after `ms`, or when the daemon comes to itself. */
  hold(ms: number, run: () => void): void {
    const once = (): void => {
      if (this.#hanging.delete(once)) run()
    }
    this.#hanging.add(once)
    this.#options.clock.after(ms, once)
  }

  /** The container is being started until what is returned is called: nobody is answered for it meanwhile. */
  occupy(id: string): () => void {
    const starting = this.#starting.get(id) ?? { count: 0, waiting: [] }
    this.#starting.set(id, starting)
    starting.count += 1
    return () => {
      starting.count -= 1
      if (starting.count > 0 || this.#starting.get(id) !== starting) return
      this.#starting.delete(id)
      for (const answer of starting.waiting) answer()
    }
  }

  isStarting(id: string): boolean {
    return this.#starting.has(id)
  }

  /** By id or name. A daemon that ends answers nobody who waits. */
  whenAnswered(idOrName: string, answer: () => void): void {
    const starting = this.#starting.get(this.find(idOrName)?.id ?? '')
    if (starting) starting.waiting.push(answer)
    else answer()
  }

  comeToItself(): void {
    for (const run of this.#hanging) run()
  }

  /** The daemon ends. With live restore its containers run on; without it they are killed. */
  goDown(liveRestore: boolean): void {
    this.#isUp = false
    this.#generation += 1
    this.#starting.clear()
    this.#tell(undefined)
    if (!liveRestore) this.#endAll(KILLED)
  }

  comeUp(): void {
    this.#isUp = true
    this.#tell(undefined)
  }

  powerCut(): void {
    this.#isUp = false
    this.#generation += 1
    this.#starting.clear()
    this.#endAll(FALLEN)
    this.#listeners.clear()
  }

  /** Somebody's clean-up takes what it should not: containers that ended, or that run. */
  vanish(id: string): void {
    const box = this.#boxes.get(id)
    if (!box) return
    if (box.seen.state === 'running') this.#exit(box, KILLED, false)
    this.#boxes.delete(id)
    this.#say('removed', box.seen)
  }

  #endAll(exitCode: number): void {
    for (const box of this.#boxes.values())
      if (box.seen.state === 'running') this.#exit(box, exitCode, false)
  }

  #exit(box: Box, exitCode: number, asked: boolean, outOfMemory = false): void {
    if (box.seen.state !== 'running') return
    box.cancel()
    const finishedAt = this.#options.clock.now()
    box.seen = {
      ...box.seen,
      state: 'exited',
      exitCode,
      finishedAt,
      outOfMemory,
      networkBindings: [],
    }
    const { id, labels } = box.seen
    this.#options.happened({ type: 'exited', id, labels, exitCode, asked })
    this.#tell(box.seen)
  }

  #checked(box: Box, status: 'HEALTHY' | 'UNHEALTHY'): void {
    if (box.seen.state !== 'running') return
    const health: Health = { status, since: this.#options.clock.now(), output: '' }
    box.seen = { ...box.seen, health }
    this.#tell(box.seen)
  }

  #later(box: Box, ms: number, run: () => void): void {
    box.cancel = this.#options.clock.after(ms, run)
  }

  #takenPort(box: Box): string | undefined {
    const taken = new Set(
      [...this.#boxes.values()].flatMap(({ seen, ports }) =>
        seen.state === 'running' ? ports.map(({ hostPort }) => hostPort) : [],
      ),
    )
    const port = box.ports.find(({ hostPort }) => hostPort !== 0 && taken.has(hostPort))
    return port && `Bind for 0.0.0.0:${port.hostPort} failed: port is already allocated`
  }

  #bindings(box: Box): readonly NetworkBinding[] {
    return box.ports.map(({ containerPort, hostPort }) => ({
      bindIP: '0.0.0.0',
      containerPort,
      hostPort:
        hostPort === 0 ? EPHEMERAL_PORT_FIRST + this.#options.rng.between(0, 9999) : hostPort,
      protocol: 'tcp',
    }))
  }

  #say(type: 'created' | 'started' | 'removed', seen: Observed, isLate = false): void {
    this.#options.happened({ type, id: seen.id, labels: seen.labels, isLate })
    if (type !== 'created') this.#tell(seen)
  }

  #tell(container: Observed | undefined): void {
    for (const listener of this.#listeners) listener(container)
  }
}

function portsOf(body: ContainerBody): Box['ports'] {
  const bindings = (body.HostConfig['PortBindings'] ?? {}) as Record<string, { HostPort: string }[]>
  return Object.entries(bindings).flatMap(([key, hosts]) =>
    hosts.map(({ HostPort }) => ({
      containerPort: Number.parseInt(key, 10),
      hostPort: Number(HostPort),
    })),
  )
}

function refused(
  name: 'CannotCreateContainerError' | 'CannotStartContainerError',
  message: string,
): EngineError {
  return new EngineError(name, `Error response from daemon: ${message}`)
}
