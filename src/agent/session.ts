import type { AcsTaskIdentity, PayloadReceived, TaskManifest } from '#wire/acs.ts'
import type { Tag } from '#wire/calls.ts'
import { acsUrl, tcsUrl } from '#wire/connect.ts'
import { list, object, text } from '#wire/read.ts'
import { readTask } from '#wire/task.ts'

import { AcsClient, type AcsEnd, type AcsHandlers } from './acs.ts'
import type { AgentOptions } from './agent.ts'
import type { ControlPlane } from './control-plane.ts'
import type { EngineInfo } from './engine.ts'
import { Extension, Unanswered } from './extension.ts'
import type { HostInfo } from './host.ts'
import { Awslogs } from './logs/awslogs.ts'
import { CredentialStore } from './metadata/credentials.ts'
import type { Endpoint } from './metadata/endpoint.ts'
import { introspect } from './metadata/introspection.ts'
import { Metadata } from './metadata/metadata.ts'
import { memoryMiB, UNITS_PER_CORE } from './registration.ts'
import { Reporter } from './reporter.ts'
import type { AgentState } from './state/state.ts'
import { ownLabels, type Owner } from './tasks/create.ts'
import type { Report } from './tasks/report.ts'
import { TaskRunner } from './tasks/runner.ts'
import { isStopped } from './tasks/task.ts'
import { runTcs } from './telemetry/tcs.ts'
import { healthOf, Telemetry } from './telemetry/telemetry.ts'

const RESTORE_RETRY_MS = 2_000
const RESYNC_MS = 5 * 60_000
/** The agent's own version, as the sockets' addresses have it. */
const AGENT_VERSION = '0.1.0'
const AGENT_HASH = 'berth'

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

/** The life of the agent as one registered container instance. */
export class Session {
  readonly #options: SessionOptions
  readonly #runner: TaskRunner
  readonly #reporter: Reporter
  readonly #awslogs: Awslogs | undefined
  readonly #telemetry: Telemetry
  readonly #credentials = new CredentialStore()
  readonly #extension: Extension
  /** Of each task, the health that was last told at once. */
  readonly #toldHealth = new Map<string, string>()
  readonly #ending = new AbortController()
  #timeline: number
  /** What the last manifest did not have, and the control plane has been asked about. */
  #candidates: { readonly messageId: string; readonly arns: ReadonlySet<string> } | undefined
  #endpoints: { readonly endpoint: string; readonly telemetryEndpoint: string } | undefined
  #cancelResync: (() => void) | undefined
  /** Nothing is done before the control plane has let this agent in: another one may have the host's tasks. */
  #begun: Promise<void> | undefined
  #unwatch: (() => void) | undefined
  #telemetryEnd: Promise<void> | undefined

  constructor(options: SessionOptions) {
    this.#options = options
    this.#timeline = options.before.timeline
    const { engine, host, clock, ids, log, config, containerInstanceArn, installationId } = options
    const { info, hostInfo } = options
    const { cluster } = config
    const owner: Owner = { installationId, containerInstanceArn, cluster }
    const signal = AbortSignal.any([options.signal, this.#ending.signal])
    this.#extension = new Extension(options)
    this.#awslogs = options.awslogs && new Awslogs({ ...options, ...options.awslogs })
    this.#runner = new TaskRunner({
      logs: this.#awslogs,
      tasks: options.before.tasks,
      forgotten: options.before.forgotten,
      images: options.before.images ?? {},
      engine,
      host,
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
      clock,
      ids,
      log,
      config,
      owner,
      save: options.save,
      changed: (arn) => {
        this.#forgetCredentials(arn)
        this.#tellHealth(arn)
        options.save().catch((error: unknown) => log.error('cannot save', { error: String(error) }))
        this.#reporter.poke(arn)
        const task = this.#runner.tasks.get(arn)
        if (task) this.#awslogs?.look(task)
      },
    })
    this.#reporter = new Reporter({
      clock,
      ids,
      log,
      signal,
      task: (arn) => this.#runner.tasks.get(arn),
      submit: async (report) => {
        // What is told is durable first: an agent that forgot that a task has ended would run it again.
        await options.save()
        await this.#submit(report)
      },
      acknowledged: (arn, report) => this.#runner.acknowledged(arn, report),
    })
    this.#telemetry = new Telemetry({
      engine,
      clock,
      ids,
      cluster,
      containerInstanceArn,
      metricsDisabled: config.metricsDisabled,
      tasks: () => this.#runner.tasks,
    })
    this.#answerQuestions()
  }

  /** From now on containers and tools that ask are answered by this session. */
  #answerQuestions(): void {
    const { engine, clock, config, containerInstanceArn, controlPlane, endpoint } = this.#options
    const { cluster } = config
    const tasks = () => this.#runner.tasks
    const metadata = new Metadata({
      engine,
      clock,
      controlPlane,
      cluster,
      containerInstanceArn,
      availabilityZone: this.#options.availabilityZone,
      rate: config.metadataRate,
      credentials: this.#credentials,
      instanceTags: () => tagsOfTopic(this.#extension.topic('container-instance')),
      tasks,
    })
    const about = {
      engine,
      cluster,
      containerInstanceArn,
      version: `Berth agent - v${AGENT_VERSION}`,
      tasks,
    }
    endpoint.answerWith(
      (question) => metadata.answer(question),
      (question) => introspect(question, about),
    )
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

  /** Health that has changed does not wait for the next telemetry. */
  #tellHealth(arn: string): void {
    if (!this.#extension.isThere) return
    const task = this.#runner.tasks.get(arn)
    const containers = (task ? healthOf(task) : []).map(({ containerName, healthStatus }) => ({
      containerName,
      healthStatus,
    }))
    const text = JSON.stringify(containers)
    if (text === (this.#toldHealth.get(arn) ?? '[]')) return
    if (containers.length === 0) this.#toldHealth.delete(arn)
    else this.#toldHealth.set(arn, text)
    if (containers.length > 0) this.#extension.health([{ taskArn: arn, containers }])
  }

  #forgetCredentials(arn: string): void {
    const task = this.#runner.tasks.get(arn)
    if (task?.credentialsId !== undefined && isStopped(task))
      this.#credentials.forget(task.credentialsId)
  }

  get state(): SessionState {
    return {
      timeline: this.#timeline,
      tasks: [...this.#runner.tasks.values()],
      forgotten: this.#runner.forgotten,
      images: this.#runner.images,
    }
  }

  /** Takes up what was known before, and runs until the agent stops or the control plane will not have it. */
  async run(): Promise<AcsEnd> {
    const { clock, ids, log, connect, config, containerInstanceArn, connected } = this.#options
    const signal = AbortSignal.any([this.#options.signal, this.#ending.signal])
    // A host whose engine does not answer gets no tasks.
    await this.#untilTheEngine(signal, () => this.#runner.survey())
    const acs = new AcsClient({
      clock,
      ids,
      log,
      connect,
      signal,
      containerInstanceArn,
      cluster: config.cluster,
      url: (sendCredentials) => this.#acsUrl(sendCredentials),
      handlers: this.#handlers(),
      opened: async () => {
        await (this.#begun ??= this.#begin(signal))
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
      this.#awslogs?.stop()
      await this.#telemetryEnd
    }
  }

  async #begin(signal: AbortSignal): Promise<void> {
    const { engine, config } = this.#options
    await this.#untilTheEngine(signal, () => this.#runner.restore())
    if (signal.aborted) return
    this.#unwatch = engine.watch(
      ownLabels({ ...this.#options, cluster: config.cluster }),
      (event) => {
        if (event.type === 'changed') void this.#runner.look(event.containerId)
        else this.#telemetry.runtimeIs(event.type === 'connected' ? 'OK' : 'IMPAIRED')
        if (event.type === 'connected') this.#resync()
      },
    )
    this.#telemetryEnd = runTcs({
      ...this.#options,
      signal,
      url: () => this.#tcsUrl(),
      frames: () => this.#telemetry.frames(),
    })
  }

  async #untilTheEngine(signal: AbortSignal, says: () => Promise<unknown>): Promise<void> {
    const { clock, log } = this.#options
    while (!signal.aborted) {
      try {
        await says()
        return
      } catch (error) {
        log.warn('cannot list containers', { error: String(error) })
        await clock.sleep(RESTORE_RETRY_MS, signal).catch(() => {})
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

  #handlers(): AcsHandlers {
    const { config } = this.#options
    return {
      extension: config.plainProtocol ? undefined : this.#extension,
      payload: (message) => this.#payload(message),
      manifest: (message) => this.#manifest(message),
      stopVerified: (messageId, tasks) => this.#stopVerified(messageId, tasks),
      credentials: (arn, credentials) => {
        const task = this.#runner.tasks.get(arn)
        const known = task?.credentialsId === credentials.credentialsId && !isStopped(task)
        if (known) this.#credentials.put(credentials)
        return known
      },
    }
  }

  async #payload({ tasks = [], seqNum = 0 }: PayloadReceived) {
    let sound = true
    const read = tasks.flatMap((task) => {
      try {
        return [readTask(task, 'task')]
      } catch (error) {
        sound = false
        const arn = (task as { arn?: unknown } | null)?.arn
        if (typeof arn === 'string') this.#runner.refuse(arn, seqNum, (error as Error).message)
        return []
      }
    })
    // What stops makes room for what starts.
    const stops = read.filter(({ desiredStatus }) => desiredStatus === 'STOPPED')
    const starts = read.filter(({ desiredStatus }) => desiredStatus === 'RUNNING')
    for (const task of [...stops, ...starts]) {
      sound = this.#runner.receive(task, seqNum) && sound
      if (task.roleCredentials && this.#runner.tasks.has(task.arn))
        this.#credentials.put(task.roleCredentials)
    }
    await this.#options.save()
    const credentials = starts.flatMap(({ roleCredentials, executionRoleCredentials }) =>
      [roleCredentials, executionRoleCredentials].filter((one) => one !== undefined),
    )
    return { sound, credentials }
  }

  async #manifest(manifest: TaskManifest): Promise<readonly AcsTaskIdentity[] | undefined> {
    const { save, log } = this.#options
    if (manifest.timeline <= this.#timeline) return undefined
    this.#timeline = manifest.timeline
    // Of what it leaves out the control plane is asked before it is stopped, so one that is taken twice does no harm; one
    // that a full disk kept from being taken would not be said again for as long as the connection lasts.
    await save().catch((error: unknown) => log.error('cannot save', { error: String(error) }))
    const listed = new Set(
      manifest.tasks
        .filter(({ desiredStatus }) => desiredStatus !== 'STOPPED')
        .map(({ taskArn }) => taskArn),
    )
    // A task that a later payload brought is not missing from this manifest: it is newer.
    const candidates = [...this.#runner.tasks.values()].filter(
      (task) =>
        task.desired === 'RUNNING' &&
        !isStopped(task) &&
        !listed.has(task.arn) &&
        task.seqNum <= manifest.timeline,
    )
    const arns = new Set(candidates.map(({ arn }) => arn))
    this.#candidates = { messageId: manifest.messageId, arns }
    return candidates.map(({ arn, definition }) => ({
      taskArn: arn,
      taskClusterArn: definition.taskClusterArn ?? manifest.clusterArn,
      desiredStatus: 'STOPPED',
    }))
  }

  /** Stops only what was asked about and is named in the answer. */
  #stopVerified(messageId: string, tasks: readonly AcsTaskIdentity[]): void {
    if (this.#candidates?.messageId !== messageId) return
    const { arns } = this.#candidates
    this.#candidates = undefined
    for (const { taskArn } of tasks) if (arns.has(taskArn)) this.#runner.stopTask(taskArn)
  }

  async #acsUrl(sendCredentials: boolean): Promise<string> {
    const { endpoint } = await this.#discover()
    const { config, containerInstanceArn, directoryId, hostInfo, info } = this.#options
    return acsUrl(endpoint, {
      agentHash: AGENT_HASH,
      agentVersion: AGENT_VERSION,
      clusterArn: config.cluster,
      containerInstanceArn,
      dockerVersion: `DockerVersion: ${info.version}`,
      sendCredentials,
      ...(!config.plainProtocol && { installationId: directoryId, bootId: hostInfo.bootId }),
    })
  }

  async #tcsUrl(): Promise<string> {
    const { telemetryEndpoint } = await this.#discover()
    const { config, containerInstanceArn, info } = this.#options
    return tcsUrl(telemetryEndpoint, {
      agentHash: AGENT_HASH,
      agentVersion: AGENT_VERSION,
      cluster: config.cluster,
      containerInstance: containerInstanceArn,
      dockerVersion: info.version,
    })
  }

  /** Asked before each connection, since the control plane may have moved; its last answer serves while it is away. */
  async #discover() {
    const { controlPlane, config, containerInstanceArn } = this.#options
    try {
      this.#endpoints = await controlPlane.discoverPollEndpoint(
        config.cluster,
        containerInstanceArn,
      )
    } catch (error) {
      if (!this.#endpoints) throw error
    }
    return this.#endpoints
  }
}

const readInstanceTopic = object({}, { tags: list(object({ key: text, value: text })) })

/** `undefined` where the control plane has not said. */
function tagsOfTopic(content: unknown): readonly Tag[] | undefined {
  return content === undefined ? undefined : readInstanceTopic(content, 'topic').tags
}
