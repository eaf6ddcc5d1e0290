/**
 * The life of the agent as one registered container instance: its tasks, the connection that orders them, the reports of
 * them, and a list of parts that do the rest.
 */
import { AcsClient, type AcsEnd } from './acs.ts'
import type { ControlPlane } from './control-plane.ts'
import type { EngineInfo } from './engine.ts'
import { Extension, Unanswered } from './extension.ts'
import type { HostInfo } from './host.ts'
import { Awslogs } from './logs/awslogs.ts'
import { CredentialStore } from './metadata/credentials.ts'
import type { Endpoint } from './metadata/endpoint.ts'
import { InstanceTags } from './metadata/instance-tags.ts'
import { metadataPart } from './metadata/part.ts'
import type { AgentOptions } from './options.ts'
import { Orders } from './orders.ts'
import type { Part } from './part.ts'
import { AGENT_VERSION, PollEndpoint } from './poll-endpoint.ts'
import { memoryMiB, UNITS_PER_CORE } from './registration.ts'
import { Reporter } from './reporter.ts'
import type { AgentState } from './state/state.ts'
import type { ContainerLogs } from './tasks/container-logs.ts'
import { ownLabels, type Owner } from './tasks/create.ts'
import type { Report } from './tasks/report.ts'
import { TaskRunner } from './tasks/runner.ts'
import { TelemetryPart } from './telemetry/part.ts'
import { Topics } from './topics/topics.ts'

const RESTORE_RETRY_MS = 2_000
const RESYNC_MS = 5 * 60_000

/** What of the agent's state is the session's. */
export type SessionState = Pick<AgentState, 'timeline' | 'tasks' | 'forgotten' | 'images'>

export type SessionOptions = AgentOptions & {
  readonly controlPlane: ControlPlane
  readonly containerInstanceArn: string
  readonly info: EngineInfo
  readonly hostInfo: HostInfo
  readonly availabilityZone: string | undefined
  readonly endpoint: Endpoint
  /** What was known before, in an earlier life of the agent. */
  readonly before: SessionState
  readonly signal: AbortSignal
  /** Resolves once the agent's state is durable as it is now. */
  readonly save: () => Promise<void>
  /** Told whenever the control plane has let this agent in, and what it had is taken up. */
  readonly connected: () => void
}

export class Session {
  readonly #options: SessionOptions
  readonly #ending = new AbortController()
  readonly #signal: AbortSignal
  readonly #runner: TaskRunner
  readonly #orders: Orders
  readonly #reporter: Reporter
  readonly #parts: readonly Part[]
  readonly #topics: Topics
  readonly #extension: Extension
  readonly #pollEndpoint: PollEndpoint
  #cancelResync: (() => void) | undefined
  /** Nothing is done before the control plane has let this agent in: another one may have the host's tasks. */
  #begun: Promise<void> | undefined
  #unwatch: (() => void) | undefined

  constructor(options: SessionOptions) {
    this.#options = options
    this.#signal = AbortSignal.any([options.signal, this.#ending.signal])
    this.#pollEndpoint = new PollEndpoint(options)
    const credentials = new CredentialStore()
    const awslogs = options.awslogs && new Awslogs({ ...options, ...options.awslogs })
    this.#runner = this.#makeRunner(awslogs)
    this.#orders = new Orders({
      ...options,
      runner: this.#runner,
      credentials,
      timeline: options.before.timeline,
    })
    this.#reporter = this.#makeReporter()
    this.#parts = this.#makeParts(credentials, awslogs)
    this.#topics = new Topics(this.#parts, options)
    this.#extension = new Extension(options, this.#topics)
  }

  get #owner(): Owner {
    const { installationId, containerInstanceArn, config } = this.#options
    return { installationId, containerInstanceArn, cluster: config.cluster }
  }

  #makeRunner(logs: ContainerLogs | undefined): TaskRunner {
    const options = this.#options
    const { before, config, info, hostInfo } = options
    return new TaskRunner({
      ...options,
      logs,
      tasks: before.tasks,
      forgotten: before.forgotten,
      images: before.images ?? {},
      settings: {
        region: options.region,
        metadataUrl: options.endpoint.url,
        dynamicPorts: config.dynamicPorts,
        taskPidsLimit: config.taskPidsLimit,
        sharedVolumesMatch: config.sharedVolumesMatch,
      },
      capacity: {
        cpu: info.cpus * UNITS_PER_CORE,
        memoryMiB: memoryMiB(info, hostInfo, config),
      },
      ports: config.dynamicPorts ?? hostInfo.dynamicPorts,
      owner: this.#owner,
      changed: (arn) => this.#taskChanged(arn),
    })
  }

  #makeReporter(): Reporter {
    return new Reporter({
      ...this.#options,
      signal: this.#signal,
      task: (arn) => this.#runner.tasks.get(arn),
      submit: async (report) => {
        // What is told is durable first: an agent that forgot that a task has ended would run it again.
        await this.#options.save()
        await this.#submit(report)
      },
      acknowledged: (arn, report) => this.#runner.acknowledged(arn, report),
    })
  }

  #makeParts(credentials: CredentialStore, awslogs: Part | undefined): readonly Part[] {
    const { config } = this.#options
    const things = {
      ...this.#options,
      cluster: config.cluster,
      signal: this.#signal,
      tasks: () => this.#runner.tasks,
    }
    const instanceTags = new InstanceTags()
    return [
      credentials,
      instanceTags,
      new TelemetryPart({
        ...things,
        metricsDisabled: config.metricsDisabled,
        url: () => this.#pollEndpoint.tcsUrl(),
        tellHealth: () =>
          this.#extension.isThere ? (tasks) => this.#extension.health(tasks) : undefined,
      }),
      metadataPart({
        ...things,
        rate: config.metadataRate,
        credentials,
        instanceTags: () => instanceTags.tags,
        agentVersion: AGENT_VERSION,
      }),
      ...(awslogs ? [awslogs] : []),
    ]
  }

  #taskChanged(arn: string): void {
    const { save, log } = this.#options
    const task = this.#runner.tasks.get(arn)
    for (const part of this.#parts) part.taskChanged?.(arn, task)
    save().catch((error: unknown) => log.error('cannot save', { error: String(error) }))
    this.#reporter.poke(arn)
  }

  /** In a batch where the control plane takes such, else by a call of its own. */
  async #submit(report: Report): Promise<void> {
    const { controlPlane, config } = this.#options
    if (this.#extension.isThere)
      try {
        return await this.#extension.submit(report)
      } catch (error) {
        if (!(error instanceof Unanswered)) throw error
      }
    await controlPlane.submitTaskStateChange({ cluster: config.cluster, ...report })
  }

  get state(): SessionState {
    return {
      timeline: this.#orders.timeline,
      tasks: [...this.#runner.tasks.values()],
      forgotten: this.#runner.forgotten,
      images: this.#runner.images,
    }
  }

  /** Takes up what was known before, and runs until the agent stops or the control plane will not have it. */
  async run(): Promise<AcsEnd> {
    const { config, connected } = this.#options
    // A host whose engine does not answer gets no tasks.
    await this.#untilTheEngine(() => this.#runner.survey())
    const acs = new AcsClient({
      ...this.#options,
      signal: this.#signal,
      cluster: config.cluster,
      url: (sendCredentials) => this.#pollEndpoint.acsUrl(sendCredentials),
      orders: this.#orders,
      extension: config.plainProtocol ? undefined : this.#extension,
      opened: async () => {
        await (this.#begun ??= this.#begin())
        connected()
      },
    })
    try {
      return await acs.run()
    } finally {
      this.#ending.abort(new Error('the session ends'))
      // What has just been let in may still be taking up what was there: it would start what is stopped here.
      await this.#begun?.catch(() => {})
      this.#unwatch?.()
      this.#cancelResync?.()
      this.#runner.stop()
      this.#topics.stop()
      await Promise.all(this.#parts.map(async (part) => part.stop?.()))
    }
  }

  async #begin(): Promise<void> {
    const { engine } = this.#options
    await this.#untilTheEngine(() => this.#runner.restore())
    if (this.#signal.aborted) return
    this.#unwatch = engine.watch(ownLabels(this.#owner), (event) => {
      if (event.type === 'changed') return void this.#runner.look(event.containerId)
      const status = event.type === 'connected' ? 'OK' : 'IMPAIRED'
      for (const part of this.#parts) part.engineIs?.(status)
      if (event.type === 'connected') this.#resync()
    })
    for (const part of this.#parts) part.start?.()
  }

  async #untilTheEngine(says: () => Promise<unknown>): Promise<void> {
    const { clock, log } = this.#options
    while (!this.#signal.aborted) {
      try {
        await says()
        return
      } catch (error) {
        log.warn('cannot list containers', { error: String(error) })
        await clock.sleep(RESTORE_RETRY_MS, this.#signal).catch(() => {})
      }
    }
  }

  #resync(): void {
    const { clock, log } = this.#options
    this.#cancelResync?.()
    this.#cancelResync = clock.after(RESYNC_MS, () => this.#resync())
    this.#runner
      .resync()
      .catch((error: unknown) => log.warn('cannot resync', { error: String(error) }))
  }
}
