import type { Clock } from '#kernel/clock.ts'
import type { Ids } from '#kernel/ids.ts'
import type { Log } from '#kernel/log.ts'
import { keepNewest } from '#kernel/newest.ts'
import { own } from '#kernel/own.ts'
import type { AcsTask } from '#wire/task.ts'

import type { AgentConfig } from '../config.ts'
import type { Engine, Listing, Observed } from '../engine.ts'
import type { Host, PortRange } from '../host.ts'
import { Slots } from '../slots.ts'
import { accept, problemOf, refuse } from './accept.ts'
import { AGAIN_MS, perform, type Tools } from './acts.ts'
import { admit, type Capacity } from './admission.ts'
import { adopt, reconcile } from './adopt.ts'
import { attachments } from './attach.ts'
import { attachmentsOf, withAttachments } from './attachments.ts'
import type { ContainerLogs } from './container-logs.ts'
import { LABELS, ownLabels, type BodySettings, type Owner } from './create.ts'
import { ImageCleanup, type PulledImages } from './image-cleanup.ts'
import { isOver, tooMany } from './leftovers.ts'
import { PortChooser } from './ports.ts'
import { reported, type Report } from './report.ts'
import { pullWithRetries } from './retry.ts'
import { step, type Act } from './step.ts'
import {
  change,
  containerOf,
  containersOf,
  isStopped,
  observe,
  taskIdOf,
  type KnownTask,
} from './task.ts'

const STARTS_AT_ONCE = 4
const PULLS_AT_ONCE = 4
/** Of a task's id: they are as good as chance. */
const JITTER_DIGITS = 6
const KEPT_LABELS = Object.values(LABELS)
/** Ended tasks whose ARNs are kept, so that a late payload does not run them again. */
const FORGOTTEN_MAX = 1000
/** Digits at the end of names on the engine. */
const NAME_HEX_DIGITS = 20

export type RunnerOptions = {
  readonly engine: Engine
  readonly host: Host
  readonly settings: BodySettings
  /** Without it logs by awslogs go nowhere, and tasks that want them are refused. */
  readonly logs?: ContainerLogs | undefined
  readonly capacity: Capacity
  readonly ports: PortRange
  readonly clock: Clock
  readonly ids: Ids
  readonly log: Log
  readonly config: AgentConfig
  readonly owner: Owner
  /** What was known before. Nothing is done with it until `restore`. */
  readonly tasks: readonly KnownTask[]
  readonly forgotten: readonly string[]
  readonly images: PulledImages
  /** Resolves once what is known is durable. */
  readonly save: () => Promise<void>
  /** Told after every change of a task: to save, and to report what is new. */
  readonly changed: (arn: string) => void
}

/** The tasks of one container instance, each brought forward by `step` whenever something is heard of it. */
export class TaskRunner {
  readonly #options: RunnerOptions
  readonly #tools: Tools
  readonly #images: ImageCleanup
  readonly #tasks = new Map<string, KnownTask>()
  readonly #forgotten = new Set<string>()
  readonly #wakes = new Map<string, () => void>()
  /** Not yet admitted, in the order in which they came. */
  readonly #waiting = new Set<string>()
  /** Over, and cleaned up before their time. */
  readonly #crowdedOut = new Set<string>()
  readonly #cleaning = new Set<string>()
  #stopped = false

  constructor(options: RunnerOptions) {
    this.#options = options
    for (const task of options.tasks) this.#tasks.set(task.arn, task)
    for (const arn of options.forgotten) this.#forgotten.add(arn)
    const { pullBehavior, imageCleanup } = options.config
    this.#images = new ImageCleanup({
      ...options,
      limits: pullBehavior === 'prefer-cached' ? undefined : imageCleanup,
      inUse: () => this.#imagesInUse(),
    })
    this.#tools = {
      engine: options.engine,
      host: options.host,
      settings: options.settings,
      hostPolicy: options.config.hostPolicy,
      ports: new PortChooser(options.host, options.ports),
      images: this.#images,
      logs: options.logs,
      again: (pull) => pullWithRetries(pull, options),
      owner: options.owner,
      pullBehavior: options.config.pullBehavior,
      stopTimeoutSeconds: options.config.stopTimeoutSeconds,
      starts: new Slots(STARTS_AT_ONCE),
      pulls: new Slots(PULLS_AT_ONCE),
      now: () => options.clock.now(),
      save: options.save,
      noteStart: (arn, name) => this.#noteStart(arn, name),
    }
  }

  get tasks(): ReadonlyMap<string, KnownTask> {
    return this.#tasks
  }

  get images(): PulledImages {
    return this.#images.images
  }

  get forgotten(): readonly string[] {
    return [...this.#forgotten]
  }

  /** What the engine has of this host's. Rejects where it cannot be told. */
  async survey(): Promise<Listing> {
    const { engine, owner } = this.#options
    const { found, silent } = await engine.list(ownLabels(owner), KEPT_LABELS)
    // Were it left out, its task would be run a second time.
    const stranger = silent.find(
      (one) => !this.#tasks.has(one.labels[LABELS.taskArn] ?? '') && !this.#isForgotten(one),
    )
    if (stranger) throw new Error(`the engine does not answer for container ${stranger.id}`)
    return { found, silent }
  }

  /** Takes up what was known, as the engine has it now, and what the engine has beyond that. */
  async restore(): Promise<void> {
    const { clock, log } = this.#options
    const { found, silent } = await this.survey()
    const now = clock.now()
    if (silent.length > 0)
      log.warn('the engine does not answer for containers; it may have to be restarted', {
        containers: silent.map(({ id }) => id).join(' '),
      })
    for (const task of this.#tasks.values())
      this.#tasks.set(task.arn, this.#attached(reconcile(task, found, silent, now)))
    const unknown = found.filter((one) => !this.#isForgotten(one))
    const adopted = adopt(unknown, this.#tasks, () => this.#hex(), now)
    for (const task of adopted) this.#tasks.set(task.arn, this.#attached(task))
    if (adopted.length > 0) log.warn('adopted tasks by their labels', { tasks: adopted.length })
    for (const arn of this.#tasks.keys()) this.#advance(arn)
    this.#admit()
    this.#images.start()
  }

  #isForgotten({ labels }: Pick<Observed, 'labels'>): boolean {
    return this.#forgotten.has(labels[LABELS.taskArn] ?? '')
  }

  /**
   * A task of a payload. One that is known already can only be told to stop. Says whether the task is sound: one
   * that cannot run here is refused.
   */
  receive(task: AcsTask, seqNum: number): boolean {
    const known = this.#tasks.get(task.arn)
    if (known) {
      if (task.desiredStatus === 'STOPPED') this.stopTask(task.arn)
      else if (known.adopted) this.#set({ ...known, adopted: false })
      return true
    }
    if (this.#forgotten.has(task.arn)) return true
    const { config, logs } = this.#options
    const problem =
      task.desiredStatus === 'RUNNING'
        ? problemOf(task, { ...config, hasAwslogs: logs !== undefined })
        : undefined
    if (problem) this.refuse(task.arn, seqNum, problem)
    else this.#set(this.#attached(accept(task, seqNum, () => this.#hex())))
    return problem === undefined
  }

  #attached(task: KnownTask): KnownTask {
    return withAttachments(task, this.#options.settings.taskPidsLimit)
  }

  /** Reports the task as stopped, and does nothing else with it. */
  refuse(arn: string, seqNum: number, problem: string): void {
    if (!this.#tasks.has(arn) && !this.#forgotten.has(arn)) this.#set(refuse(arn, seqNum, problem))
  }

  stopTask(arn: string): void {
    const task = this.#tasks.get(arn)
    if (task && task.desired !== 'STOPPED') this.#set({ ...task, desired: 'STOPPED' })
  }

  acknowledged(arn: string, report: Report): void {
    const task = this.#tasks.get(arn)
    if (task) this.#set(reported(task, report))
  }

  /** The engine says that something happened to this container. */
  async look(containerId: string): Promise<void> {
    for (const task of this.#tasks.values())
      for (const name of Object.keys(task.containers))
        if (containerOf(task, name).dockerId === containerId) {
          await this.#inspect(task.arn, name, containerId)
          return
        }
  }

  /** Looks at every container that is not over, since something may have been missed. */
  async resync(): Promise<void> {
    for (const task of this.#tasks.values())
      for (const name of Object.keys(task.containers)) {
        const { dockerId, status } = containerOf(task, name)
        if (dockerId === undefined || status === 'STOPPED' || this.#stopped) continue
        // One after another: a resync must not crowd out the starts.
        await this.#inspect(task.arn, name, dockerId)
      }
    await this.#endLate()
  }

  /**
   * What the engine did after everybody had given it up: a create leaves a container that nobody will start, a start
   * brings back one that is over.
   */
  async #endLate(): Promise<void> {
    const { engine, owner, config } = this.#options
    for (const { id, state, labels } of (await engine.list(ownLabels(owner), KEPT_LABELS)).found) {
      if (state === 'exited' || this.#stopped) continue
      const arn = labels[LABELS.taskArn] ?? ''
      const task = this.#tasks.get(arn)
      const known = task && own(task.containers, labels[LABELS.containerName] ?? '')
      const isLate = known
        ? known.status === 'STOPPED' || (known.dockerId ?? id) !== id
        : task !== undefined || state === 'created' || this.#forgotten.has(arn)
      if (!isLate) continue
      if (state === 'running') await engine.stop(id, config.stopTimeoutSeconds)
      else await engine.remove(id)
    }
  }

  /** Ends all waiting. Containers run on. */
  stop(): void {
    this.#stopped = true
    this.#images.stop()
    for (const cancel of this.#wakes.values()) cancel()
    this.#wakes.clear()
  }

  async #inspect(arn: string, name: string, containerId: string): Promise<void> {
    try {
      const { engine, clock, config } = this.#options
      const seen = await engine.inspect(containerId)
      const task = this.#tasks.get(arn)
      if (!task || this.#stopped) return
      if (seen?.state === 'running' && containerOf(task, name).status === 'STOPPED')
        await engine.stop(containerId, config.stopTimeoutSeconds)
      else this.#set(observe(task, name, seen, clock.now()))
    } catch (error) {
      this.#options.log.warn('cannot inspect a container', { containerId, error: String(error) })
    }
  }

  #set(task: KnownTask): void {
    const before = this.#tasks.get(task.arn)
    this.#tasks.set(task.arn, task)
    this.#advance(task.arn)
    const after = this.#tasks.get(task.arn)
    const makesRoom = before && !isStopped(before) && after && isStopped(after)
    if (!before || makesRoom) this.#admit()
  }

  /** Lets in those that wait, as far as what runs leaves room. */
  #admit(): void {
    if (this.#waiting.size === 0 || this.#stopped) return
    const waiting = [...this.#waiting].flatMap((arn) => this.#tasks.get(arn) ?? [])
    for (const arn of admit(waiting, this.#tasks.values(), this.#options.capacity)) {
      this.#waiting.delete(arn)
      const task = this.#tasks.get(arn)
      if (task) this.#set({ ...task, admitted: true })
    }
  }

  #advance(arn: string): void {
    const known = this.#tasks.get(arn)
    if (!known || this.#stopped) return
    const { clock, config } = this.#options
    if (!known.admitted && known.desired === 'RUNNING') this.#waiting.add(arn)
    else this.#waiting.delete(arn)
    const { task, acts, wakeAt } = step(known, clock.now(), config.pullDependentUpfront)
    this.#tasks.set(arn, task)
    for (const act of acts) void this.#perform(task, act)
    this.#wake(arn, Math.min(wakeAt, this.#cleanupAt(task)))
    if (isOver(task))
      for (const old of tooMany(this.#tasks.values(), task))
        if (!this.#crowdedOut.has(old.arn)) {
          this.#crowdedOut.add(old.arn)
          this.#wake(old.arn, clock.now())
        }
    this.#options.changed(arn)
  }

  async #perform(task: KnownTask, act: Act): Promise<void> {
    const outcome = await perform(task, act, this.#tools)
    const known = this.#tasks.get(task.arn)
    if (!known || this.#stopped) return
    const after = outcome(known)
    if ('attachment' in act) {
      const { failure } = after.attachments?.[act.attachment] ?? {}
      const { type, attachment } = act
      if (failure !== undefined && failure !== known.attachments?.[attachment]?.failure)
        this.#options.log.warn(`cannot ${type}`, { task: task.arn, attachment, reason: failure })
      return this.#set(after)
    }
    const { reason } = containerOf(after, act.container)
    if (reason && reason !== containerOf(known, act.container).reason)
      this.#options.log.warn('container failed', {
        task: task.arn,
        container: act.container,
        reason,
      })
    this.#set(after)
  }

  /** Nothing is begun by an agent that ends: the next one would have to wait for it. */
  #noteStart(arn: string, name: string): Promise<boolean> {
    const { clock, save } = this.#options
    const task = this.#tasks.get(arn)
    if (!task || this.#stopped) return Promise.resolve(false)
    this.#tasks.set(arn, change(task, name, { startAskedAt: clock.now() }))
    return save().then(
      () => true,
      () => false,
    )
  }

  #cleanupAt(task: KnownTask): number {
    if (!isOver(task)) return Infinity
    if (this.#crowdedOut.has(task.arn)) return task.stoppedAt ?? 0
    const { cleanupWaitMs, cleanupJitterMs } = this.#options.config
    // The same for a task each time it is asked.
    const part = parseInt(taskIdOf(task.arn).slice(-JITTER_DIGITS), 16) / 16 ** JITTER_DIGITS || 0
    return (task.stoppedAt ?? 0) + cleanupWaitMs + part * cleanupJitterMs
  }

  #wake(arn: string, at: number): void {
    this.#wakes.get(arn)?.()
    this.#wakes.delete(arn)
    if (at === Infinity) return
    const { clock } = this.#options
    const cancel = clock.after(Math.max(0, at - clock.now()), () => {
      this.#wakes.delete(arn)
      const task = this.#tasks.get(arn)
      if (!task || this.#cleanupAt(task) > clock.now()) this.#advance(arn)
      // What the engine tells of the removal of its containers wakes it once more.
      else if (!this.#cleaning.has(arn)) void this.#cleanUp(task)
    })
    this.#wakes.set(arn, cancel)
  }

  /** Removes what a task that is over left behind, and then forgets the task. */
  async #cleanUp(task: KnownTask): Promise<void> {
    const { clock, log } = this.#options
    this.#cleaning.add(task.arn)
    let isClean = false
    try {
      isClean = await this.#removeAll(task)
    } catch (error) {
      log.warn('cannot clean up a task', { task: task.arn, error: String(error) })
    }
    this.#cleaning.delete(task.arn)
    if (!isClean) {
      if (!this.#stopped) this.#wake(task.arn, clock.now() + AGAIN_MS)
      return
    }
    this.#tasks.delete(task.arn)
    this.#crowdedOut.delete(task.arn)
    this.#forgotten.add(task.arn)
    keepNewest(this.#forgotten, FORGOTTEN_MAX)
    this.#options.changed(task.arn)
  }

  /** False where a log has to be sent before its container may go. */
  async #removeAll(task: KnownTask): Promise<boolean> {
    const { engine, logs } = this.#options
    for (const [name, { dockerId, removed }] of Object.entries(task.containers)) {
      if (dockerId === undefined || removed) continue
      if (logs?.isRemovable(task, name) === false) return false
      await engine.remove(dockerId)
      await logs?.removed(dockerId)
    }
    // Once more also what was: a container that the engine created late may have brought it back.
    for (const { name } of task.admitted ? attachmentsOf(task) : [])
      await attachments[name].detach(task, this.#options)
    return true
  }

  /** Until a task is cleaned up its images stay: somebody may want to look at its containers. */
  #imagesInUse(): ReadonlySet<string> {
    const names = [...this.#tasks.values()].flatMap((task) =>
      containersOf(task).map(({ image }) => image),
    )
    return new Set(names)
  }

  #hex(): string {
    return this.#options.ids.hex(NAME_HEX_DIGITS)
  }
}
