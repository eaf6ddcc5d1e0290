/**
 * The awslogs driver, in the agent: containers that ask for it write to the engine's json-file, and what they wrote is
 * sent from there. So the engine needs no credentials, and output waits on disk while the control plane is away.
 */
import type { Clock } from '#kernel/clock.ts'
import type { Ids } from '#kernel/ids.ts'
import type { Log } from '#kernel/log.ts'
import type { AcsContainer } from '#wire/task.ts'

import { CallFault } from '../control-plane.ts'
import { type Engine, EngineError } from '../engine.ts'
import type { Calls } from '../outside.ts'
import type { Part } from '../part.ts'
import { Slots } from '../slots.ts'
import { awslogsConfig, type ContainerLogs } from '../tasks/container-logs.ts'
import { containerOf, containersOf, type KnownTask } from '../tasks/task.ts'
import { Follower } from './follower.ts'
import { type AwslogsOptions, type LogsPlace, readOptions, streamName } from './options.ts'
import type { Spool } from './spool.ts'
import { LogStream } from './stream.ts'

const PASSES_AT_ONCE = 8
const INSPECT_AGAIN_MS = 1_000

/** What the agent is given to send logs with; without it no container logs by awslogs. */
export type AwslogsOutside = {
  readonly place: LogsPlace
  /** The calls of CloudWatch Logs, in the host's name. */
  readonly calls: Calls
  readonly spool: Spool
}

export type AwslogsTools = AwslogsOutside & {
  readonly engine: Engine
  readonly clock: Clock
  readonly ids: Ids
  readonly log: Log
}

type Sending = { readonly options: AwslogsOptions; readonly stream: LogStream }

export class Awslogs implements ContainerLogs, Part {
  readonly #tools: AwslogsTools
  readonly #passes = new Slots(PASSES_AT_ONCE)
  readonly #followers = new Map<string, Follower>()
  /** Those that the engine has no log of, or does not have any more. */
  readonly #silent = new Set<string>()
  /** Being set up. */
  readonly #starting = new Set<string>()
  #stopped = false

  constructor(tools: AwslogsTools) {
    this.#tools = tools
  }

  /** Before a container is created: throws where its options do not act here. */
  check(container: AcsContainer): void {
    const config = awslogsConfig(container)
    if (config) readOptions(config, this.#tools.place)
  }

  /**
   * Before a container starts: as with Docker's driver, in blocking mode a stream that cannot be made is a container that
   * cannot start. In the other one it starts, and what it says is dropped where nobody ever takes it.
   */
  async prepare(task: KnownTask, container: AcsContainer): Promise<void> {
    const { dockerId } = containerOf(task, container.name)
    const logs = dockerId ? this.#streamOf(task, container, dockerId) : undefined
    if (!logs) return
    const { stream, options } = logs
    try {
      await stream.create()
    } catch (error) {
      // While the control plane is away the container may run: its output waits.
      if (!(error instanceof CallFault) || error.again) return
      if (!options.isBlocking) {
        const why = { ...stream.names, error: error.message }
        this.#tools.log.warn('a container starts without its log stream', why)
        return
      }
      throw new EngineError(
        'CannotStartContainerError',
        `Error response from daemon: failed to initialize logging driver: failed to create Cloudwatch log stream: ${error.message}`,
      )
    }
  }

  taskChanged(_arn: string, task: KnownTask | undefined): void {
    if (task) this.look(task)
  }

  /** Something has changed about the task: what runs is followed, what ended is sent to its end. */
  look(task: KnownTask): void {
    for (const container of containersOf(task)) {
      const { dockerId, status, startedAt, removed } = containerOf(task, container.name)
      if (!dockerId || removed || startedAt === undefined || this.#stopped) continue
      const isOver = status === 'STOPPED'
      const follower = this.#followers.get(dockerId)
      if (follower) follower.over(isOver)
      else void this.#start(task, container, dockerId, isOver)
    }
  }

  /** Whether the container may be removed; not while some of its output is not sent yet. */
  isRemovable(task: KnownTask, name: string): boolean {
    const { dockerId = '', startedAt } = containerOf(task, name)
    const container = containersOf(task).find((one) => one.name === name)
    const logs = container && startedAt !== undefined && awslogsConfig(container)
    if (!logs || this.#silent.has(dockerId)) return true
    const follower = this.#followers.get(dockerId)
    if (!follower) this.look(task)
    return follower?.isSent ?? false
  }

  /** The container is gone, and its log with it. Not before: whoever followed anew would send all of it again. */
  async removed(dockerId: string): Promise<void> {
    this.#followers.get(dockerId)?.removed()
    this.#followers.delete(dockerId)
    this.#silent.delete(dockerId)
    await this.#tools.spool.forget(dockerId)
  }

  stop(): void {
    this.#stopped = true
    for (const follower of this.#followers.values()) follower.stop()
  }

  async #start(
    task: KnownTask,
    container: AcsContainer,
    containerId: string,
    isOver: boolean,
  ): Promise<void> {
    if (this.#starting.has(containerId)) return
    const { engine, clock, log } = this.#tools
    let logs: Sending | undefined
    try {
      logs = this.#streamOf(task, container, containerId)
    } catch (error) {
      // An agent before this one took options that this one does not: what it wrote is lost, and nothing else.
      log.warn('cannot send a log', { containerId, error: String(error) })
      this.#silent.add(containerId)
    }
    if (!logs) return
    this.#starting.add(containerId)
    try {
      const path = (await engine.inspect(containerId))?.details?.logPath
      if (!path) this.#silent.add(containerId)
      if (!path || this.#stopped || this.#followers.has(containerId)) return
      const follower = new Follower({
        ...this.#tools,
        ...logs,
        containerId,
        path,
        passes: this.#passes,
      })
      this.#followers.set(containerId, follower)
      follower.over(isOver)
    } catch (error) {
      log.warn('cannot find a log', { containerId, error: String(error) })
      clock.after(INSPECT_AGAIN_MS, () => {
        if (!this.#stopped) this.look(task)
      })
    } finally {
      this.#starting.delete(containerId)
    }
  }

  #streamOf(task: KnownTask, container: AcsContainer, id: string): Sending | undefined {
    const config = awslogsConfig(container)
    if (!config) return undefined
    // What runs was accepted once: a control plane that has moved since still gets its logs.
    const options = readOptions(config)
    const { dockerName: name } = containerOf(task, container.name)
    const names = {
      logGroupName: options.group,
      logStreamName: streamName(options, { id, name, image: container.image }),
    }
    return { options, stream: new LogStream(names, options.createGroup, this.#tools.calls) }
  }
}
