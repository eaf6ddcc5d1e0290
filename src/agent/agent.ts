/**
 * Berth's agent: one host's half of ECS. It registers the host as a container instance, hears over ACS what is to
 * run, brings it about on a container engine, and reports what became of it. It speaks the public agent protocol, so
 * that either half can be exchanged for Amazon's.
 */
import { parseArn } from '#kernel/arn.ts'

import { Backoff } from './backoff.ts'
import { clockError } from './clock-error.ts'
import { CallFault, ControlPlane } from './control-plane.ts'
import type { EngineInfo } from './engine.ts'
import type { HostInfo } from './host.ts'
import { Endpoint } from './metadata/endpoint.ts'
import type { AgentOptions } from './options.ts'
import { attributes, totalResources } from './registration.ts'
import { Session, type SessionOptions, type SessionState } from './session.ts'
import { BadSetting } from './settings.ts'
import type { AgentState } from './state/state.ts'
import { LABELS } from './tasks/create.ts'

const REGISTER_RETRY = { minMs: 1000, maxMs: 60_000, factor: 1.5, jitter: 0.2 }
/** A container instance that was deregistered registers anew after this long: Amazon's agent waits an hour. */
const REREGISTER_WAIT_MS = 60_000
/** What the control plane says to a container instance that it does not have any more. */
const UNKNOWN_INSTANCE = /^(ClientException|InvalidParameterException)$/

/** Another agent that is alive has this host's connection: it is asked again until that one is silent. */
const RIVAL_RETRY = { minMs: 5_000, maxMs: 60_000, factor: 1.5, jitter: 0.2 }
const RIVAL_TOLD_EVERY_MS = 60_000
const DENIED = 'AccessDeniedException'
const NO_CLUSTER = 'ClusterNotFoundException'

const NOTHING = { timeline: 0, tasks: [], forgotten: [] } as const

/** What the machine was when it was registered, and where the control plane says that it is. */
type Machine = {
  readonly info: EngineInfo
  readonly hostInfo: HostInfo
  readonly availabilityZone: string | undefined
}
const ZONE = 'ecs.availability-zone'

const belongsTo = (arn: string): string =>
  `the data directory belongs to another host, container instance ${arn}: use that host's machine key, or give this host a data directory of its own (--data)`
const accountOf = (arn: string): string | undefined => parseArn(arn, 'ecs')?.account

export class Agent {
  readonly #options: AgentOptions
  readonly #controlPlane: ControlPlane
  readonly #stopping = new AbortController()
  #containerInstanceArn: string | undefined
  /** Whose the data directory was when this agent began. */
  #savedArn: string | undefined
  #session: Session | undefined
  #endpoint: Endpoint | undefined
  #living: Promise<void> | undefined

  constructor(options: AgentOptions) {
    this.#options = options
    this.#controlPlane = new ControlPlane(options.calls)
  }

  /** Empty until the control plane has given one. */
  get containerInstanceArn(): string | undefined {
    return this.#containerInstanceArn
  }

  /** Resolves when the host is registered and ACS is connected; rejects when the control plane refuses it. */
  async start(): Promise<void> {
    const { config, log, state } = this.#options
    const saved = await state.load()
    if (saved && saved.cluster !== config.cluster)
      throw new Error(
        `the data directory belongs to cluster '${saved.cluster}', not to '${config.cluster}'`,
      )
    this.#savedArn = saved?.containerInstanceArn
    this.#containerInstanceArn = saved ? saved.containerInstanceArn : await this.#arnOfLabels()
    await new Promise<void>((resolve, reject) => {
      this.#living = this.#live(saved, resolve).catch((error: unknown) => {
        log.error('the agent ended', { error: String(error) })
        // Nothing of it stays open: a process that lives on without its duty would look sound.
        this.#stopping.abort(error)
        reject(error)
        throw error
      })
      // Whoever started it is told by `start`, and by `ended` from then on.
      this.#living.catch(() => {})
    })
  }

  /** Settles when a started agent has ended; rejects when the control plane will have nothing of it any more. */
  get ended(): Promise<void> {
    return this.#living ?? Promise.resolve()
  }

  /** Ends the agent and lets its containers run; the next one takes them up. */
  async stop(): Promise<void> {
    this.#stopping.abort(new Error('the agent stops'))
    await this.#living?.catch(() => {})
    if (this.#session) await this.#save()
  }

  /** Takes the host out of its cluster for good. Its containers are left to whoever deregisters it. */
  async deregister(): Promise<void> {
    if (!this.#containerInstanceArn) return
    const { cluster } = this.#options.config
    await this.#controlPlane.deregisterContainerInstance(cluster, this.#containerInstanceArn)
  }

  async #live(saved: AgentState | undefined, connected: () => void): Promise<void> {
    const { clock, log } = this.#options
    const { signal } = this.#stopping
    let before: SessionState = saved ?? NOTHING
    const endpoint = new Endpoint({ ...this.#options, signal, port: saved?.metadataPort })
    this.#endpoint = endpoint
    await endpoint.open()
    signal.addEventListener('abort', () => endpoint.close(), { once: true })
    while (!signal.aborted) {
      const found = await this.#register()
      const containerInstanceArn = this.#containerInstanceArn
      if (!found || containerInstanceArn === undefined) return
      // What another container instance was to run is not this one's: it may have ended long ago.
      if (before !== NOTHING && containerInstanceArn !== saved?.containerInstanceArn)
        before = NOTHING
      const end = await this.#serve({
        ...this.#options,
        controlPlane: this.#controlPlane,
        containerInstanceArn,
        ...found,
        endpoint,
        before,
        signal,
        save: () => this.#save(),
        connected,
      })
      if (end === 'stopped') return
      // What runs for the container instance that is gone is left alone, as ECS leaves it.
      log.warn('this container instance is inactive; registering anew', { containerInstanceArn })
      this.#containerInstanceArn = undefined
      this.#session = undefined
      before = NOTHING
      // Should this be forgotten, the control plane says it again.
      await this.#save().catch((error: unknown) =>
        log.error('cannot save', { error: String(error) }),
      )
      await clock.sleep(REREGISTER_WAIT_MS, signal).catch(() => {})
    }
  }

  /** One session after another, for as long as another agent has this host's connection now and then. */
  async #serve(options: SessionOptions): Promise<'stopped' | 'inactive'> {
    const { clock, ids, log, signal } = options
    const backoff = new Backoff(RIVAL_RETRY, ids)
    let { before } = options
    let toldAt = -Infinity
    const connected = (): void => {
      backoff.reset()
      options.connected()
    }
    for (;;) {
      const session = new Session({ ...options, before, connected })
      this.#session = session
      const end = await session.run()
      if (end.type !== 'rival') return end.type
      before = session.state
      if (clock.now() >= toldAt + RIVAL_TOLD_EVERY_MS) {
        toldAt = clock.now()
        log.warn('the control plane has another agent for this host', { reason: end.reason })
      }
      await clock.sleep(backoff.nextMs(), signal).catch(() => {})
    }
  }

  /** Tries until the control plane has registered the host; `undefined` when the agent stops before. */
  async #register(): Promise<Machine | undefined> {
    const { clock, ids, log } = this.#options
    const { signal } = this.#stopping
    const backoff = new Backoff(REGISTER_RETRY, ids)
    while (!signal.aborted) {
      try {
        return await this.#registerOnce()
      } catch (error) {
        if (error instanceof BadSetting) throw error
        // A cluster may be made after its hosts, or again after its account was reset.
        if (error instanceof CallFault && !error.again && error.code !== NO_CLUSTER) {
          if (!this.#isOfAnother(error)) throw error
          this.#containerInstanceArn = undefined
        }
        const clocks = clockError((error as Error).message)
        log.warn('cannot register', { error: String(error), ...(clocks && { clocks }) })
        await clock.sleep(backoff.nextMs(), signal).catch(() => {})
      }
    }
    return undefined
  }

  /** Whether the container instance is not this agent's, and it is another one. */
  #isOfAnother({ code, message }: CallFault): boolean {
    const arn = this.#containerInstanceArn
    if (arn === undefined) return false
    if (code !== DENIED) return UNKNOWN_INSTANCE.test(code)
    if (arn === this.#savedArn) throw new BadSetting(`${belongsTo(arn)} (${message})`)
    // Only the containers' labels said so.
    return true
  }

  async #registerOnce(): Promise<Machine> {
    const { engine, host, config, architecture, awslogs, ids, log } = this.#options
    const info = await engine.info()
    const hostInfo = await host.info()
    const tags = Object.entries(config.tags).map(([key, value]) => ({ key, value }))
    const { containerInstance } = await this.#controlPlane.registerContainerInstance({
      cluster: config.cluster,
      clientToken: ids.uuid(),
      ...(this.#containerInstanceArn ? { containerInstanceArn: this.#containerInstanceArn } : {}),
      instanceIdentityDocument: '',
      instanceIdentityDocumentSignature: '',
      totalResources: totalResources(info, hostInfo, config),
      attributes: attributes(info, hostInfo, config, architecture, awslogs !== undefined),
      ...(hostInfo.gpuIds.length > 0
        ? { platformDevices: hostInfo.gpuIds.map((id) => ({ id, type: 'GPU' as const })) }
        : {}),
      ...(tags.length > 0 ? { tags } : {}),
    })
    const { containerInstanceArn: arn } = containerInstance
    if (this.#savedArn !== undefined && accountOf(arn) !== accountOf(this.#savedArn))
      throw new BadSetting(belongsTo(this.#savedArn))
    this.#containerInstanceArn = arn
    log.info('registered', { containerInstanceArn: this.#containerInstanceArn })
    const zone = containerInstance.attributes?.find(({ name }) => name === ZONE)
    return { info, hostInfo, availabilityZone: zone?.value }
  }

  /** Where the state was lost, the containers still say whose they are; if they disagree, nobody is believed. */
  async #arnOfLabels(): Promise<string | undefined> {
    const { engine, installationId } = this.#options
    const ours = { [LABELS.installation]: installationId }
    const { found, silent } = await engine.list(ours, [LABELS.containerInstance])
    const arns = new Set(
      [...found, ...silent].map(({ labels }) => labels[LABELS.containerInstance]),
    )
    return arns.size === 1 ? [...arns][0] : undefined
  }

  #save(): Promise<void> {
    return this.#options.state.save(() => ({
      version: 1,
      cluster: this.#options.config.cluster,
      containerInstanceArn: this.#containerInstanceArn,
      metadataPort: this.#endpoint?.port,
      ...(this.#session?.state ?? NOTHING),
    }))
  }
}
