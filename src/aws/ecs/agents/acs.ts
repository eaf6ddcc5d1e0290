/**
 * ACS, the control plane's half: the socket on which a host is told what to run. All that is said is computed from the
 * store's desired state, and leaves only when the log holds what it was computed from.
 */
import type { Caller } from '#kernel/principal.ts'
import type { Conversation, Socket } from '#room/conversation.ts'
import type { Tools } from '#room/room.ts'
import { inCommits } from '#store/in-commits.ts'
import { type AcsConnect, parseAcsConnect } from '#wire/connect.ts'
import { type AcsDown, type AcsTask, type AcsUp, formatAcs, parseAcsUp } from '#wire/wire.ts'

import { changeInstance, keptVersions } from '../instances/change.ts'
import {
  clusterArn,
  containerInstanceArn,
  containerInstanceKey,
  definitionKey,
  ofInstance,
  taskArn,
  taskKeyOnHost,
} from '../names/names.ts'
import {
  type ContainerInstance,
  containerInstances,
  type Task,
  taskDefinitions,
  tasks,
  tasksByInstance,
} from '../records/records.ts'
import { together } from '../tasks/change.ts'
import { isLater } from '../tasks/report.ts'
import { connectingInstance, refusal } from './caller-instance.ts'
import { takeHealth } from './health.ts'
import type { AgentHub, Connected } from './hub.ts'
import { type AgentIdentity, identityOf, isSilent, rivalRefusal } from './rivals.ts'
import { Sequence } from './sequence.ts'
import { ToldTopics } from './told-topics.ts'
import { toAcsTask, toStop } from './translate.ts'

/** Agents close a connection on which nothing came for a minute or two. */
const HEARTBEAT_MS = 25_000
/** A message without an acknowledgment is said again after this time. */
const ACKNOWLEDGE_MS = 60_000
/** More would make frames that agents need not read. */
const TASKS_PER_PAYLOAD = 10
/** Acknowledgments change tasks this many at a time. */
const TASKS_PER_COMMIT = 40
/** Agents wait for an answer before they send more state changes. */
const UNANSWERED_MAX = 8
/** One that cannot be read may be of a newer agent; several are no agent's. */
const BAD_FRAMES_MAX = 5
/** A host that does not read is let go; it comes back and hears all anew. */
const WAITING_CHARACTERS_MAX = 16 << 20

type BerthStateChanges = Extract<AcsUp, { type: 'BerthStateChanges' }>['message']

export function acsConversation(tools: Tools, hub: AgentHub): Conversation {
  return {
    path: '/acs/ws',
    open(target, caller) {
      let connect: AcsConnect
      try {
        connect = parseAcsConnect(target)
      } catch (error) {
        return refusal('BadRequestException', (error as Error).message)
      }
      const arn = connect.containerInstanceArn
      const instance = tools.store.read((tx) =>
        connectingInstance(tx, tools.authorize, { caller, arn, action: 'ecs:Poll' }),
      )
      if ('body' in instance) return instance
      const key = ofInstance(instance)
      const rival = rivalRefusal(hub.get(key), identityOf(connect), tools.clock.now())
      if (rival !== undefined) {
        hub.rivalries.refused(key, instance, rival)
        return refusal('ConflictException', rival, 409)
      }
      return (socket) => new AcsConnection(tools, hub, { instance, caller, socket }).begin(connect)
    },
  }
}

type Session = {
  readonly instance: ContainerInstance
  /** Also how this server is reached from the host. */
  readonly caller: Caller
  readonly socket: Socket
}

type Said = {
  readonly at: number
  readonly tasks: readonly { readonly key: string; readonly desired: string }[]
}

class AcsConnection implements Connected {
  readonly #tools: Tools
  readonly #hub: AgentHub
  readonly #socket: Socket
  readonly #key: string
  readonly instance: ContainerInstance
  readonly #address: { readonly clusterArn: string; readonly containerInstanceArn: string }
  readonly #caller: Caller
  readonly #sequence: Sequence
  /** What the host was last told of each task that has not ended. */
  readonly #told = new Map<string, 'RUNNING' | 'STOPPED'>()
  readonly #unacknowledged = new Map<string, Said>()
  readonly #due = new Set<string>()
  #unanswered = 0
  /** Only a host that speaks Berth's own part is told any. */
  readonly #topics: ToldTopics
  #open = true
  #badFrames = 0
  heardAt: number
  identity: AgentIdentity | undefined
  /** As the record has it. */
  #holds = false
  #stopHeartbeat: () => void = () => {}

  constructor(tools: Tools, hub: AgentHub, { instance, caller, socket }: Session) {
    this.#caller = caller
    this.#tools = tools
    this.#hub = hub
    this.#socket = socket
    this.#key = ofInstance(instance)
    this.instance = instance
    this.#address = {
      clusterArn: clusterArn(instance, instance.clusterName),
      containerInstanceArn: containerInstanceArn(instance),
    }
    this.#sequence = new Sequence(tools.store, this.#key)
    this.#topics = new ToldTopics(tools, hub, this.#key)
    this.heardAt = tools.clock.now()
  }

  begin(connect: AcsConnect): void {
    this.#socket.onMessage((text) => this.#hear(text))
    this.#socket.onClose(() => this.#closed())
    this.identity = identityOf(connect)
    this.#hub.join(this)
    const { agentVersion, agentHash } = connect
    const versionInfo = keptVersions({
      agentVersion,
      agentHash,
      dockerVersion: connect.dockerVersion.replace(/^DockerVersion: /, ''),
    })
    this.#holds = this.identity !== undefined
    this.#changeInstance({ agentConnected: true, agentHolds: this.#holds, versionInfo })
    const all = this.#tools.store.read((tx) => [...tx.find(tasksByInstance, this.#key)])
    void this.#say(() => ({
      type: 'TaskManifestMessage',
      message: {
        ...this.#address,
        messageId: this.#tools.ids.uuid(),
        generatedAt: this.#tools.clock.now(),
        timeline: this.#sequence.next(),
        tasks: all.map(({ row }) => ({
          taskArn: taskArn(row),
          taskClusterArn: this.#address.clusterArn,
          desiredStatus: row.desiredStatus,
        })),
      },
    }))
    for (const { key } of all) this.taskChanged(key)
    this.#beat()
  }

  taskChanged(key: string): void {
    this.#due.add(key)
    this.#hub.rounds.add(this)
  }

  topicChanged(name: string): void {
    this.#topics.changed(name)
    if (this.#topics.isDue) this.#hub.rounds.add(this)
  }

  /** A newer connection took over, or the host was deregistered. */
  dismiss(): void {
    this.#socket.close(1000, 'ConnectionReplaced')
  }

  #beat(): void {
    const { clock, ids } = this.#tools
    this.#stopHeartbeat = clock.after(HEARTBEAT_MS, () => {
      this.#sayAgain()
      if (isSilent(this, clock.now())) this.#setHolds(false)
      this.#send({ type: 'HeartbeatMessage', message: { healthy: true, messageId: ids.uuid() } })
      if (this.#open) this.#beat()
    })
  }

  /** What was said and not acknowledged in time is due again; agents take a repeated task as no news. */
  #sayAgain(): void {
    const before = this.#tools.clock.now() - ACKNOWLEDGE_MS
    for (const [messageId, { at, tasks: said }] of this.#unacknowledged) {
      if (at > before) continue
      this.#unacknowledged.delete(messageId)
      for (const { key } of said) {
        this.#told.delete(key)
        this.taskChanged(key)
      }
    }
  }

  get isMore(): boolean {
    return this.#topics.isDue || this.#due.size > 0
  }

  /** What the host is told is news of the topics, as tasks may need it, and then the next payload of what is due. */
  next(): (() => void) | undefined {
    const topic = this.#open ? this.#topics.next() : undefined
    if (topic) return () => this.#send(topic)
    const keys = [...this.#due].slice(0, TASKS_PER_PAYLOAD)
    for (const key of keys) this.#due.delete(key)
    const frame = this.#open ? this.#payload(keys) : undefined
    return frame && (() => this.#send(frame))
  }

  #payload(keys: readonly string[]): AcsDown | undefined {
    const { store, clock, ids } = this.#tools
    const news = store.read((tx) =>
      keys.flatMap((key): { key: string; desired: 'RUNNING' | 'STOPPED'; acs: AcsTask }[] => {
        const task = tx.get(tasks, key)
        if (!task || task.lastStatus === 'STOPPED') {
          this.#told.delete(key)
          return []
        }
        const desired = task.desiredStatus
        if (this.#told.get(key) === desired) return []
        if (desired === 'STOPPED') return [{ key, desired, acs: toStop(task) }]
        if (task.awaits !== undefined) return []
        const row = tx.get(taskDefinitions, definitionKey(task, task.family, task.revision))
        return row ? [{ key, desired, acs: toAcsTask(task, row, this.#caller.endpoint) }] : []
      }),
    )
    if (news.length === 0) return undefined
    const messageId = ids.uuid()
    for (const { key, desired } of news) this.#told.set(key, desired)
    this.#unacknowledged.set(messageId, { at: clock.now(), tasks: news })
    return {
      type: 'PayloadMessage',
      message: {
        ...this.#address,
        messageId,
        generatedAt: clock.now(),
        seqNum: this.#sequence.next(),
        tasks: news.map(({ acs }) => acs),
      },
    }
  }

  /** Sends what `compute` reads from the store once all that it may have read is durable. */
  async #say(compute: () => AcsDown | undefined): Promise<void> {
    const { store } = this.#tools
    const frame = compute()
    if (!frame) return
    try {
      await store.settled(store.revision)
    } catch {
      // The log has failed: the server is about to end, and nothing may leave any more.
      return
    }
    this.#send(frame)
  }

  #send(frame: AcsDown): void {
    if (!this.#open) return
    if (this.#socket.waiting > WAITING_CHARACTERS_MAX)
      this.#socket.close(1011, 'The agent does not read.')
    else this.#socket.send(formatAcs(frame))
  }

  #hear(text: string): void {
    this.heardAt = this.#tools.clock.now()
    this.#setHolds(this.identity !== undefined)
    let frame: AcsUp | undefined
    try {
      frame = parseAcsUp(text)
    } catch (error) {
      this.#tools.log.warn('an agent sent a frame that cannot be read', {
        containerInstance: this.#address.containerInstanceArn,
        error: (error as Error).message,
      })
      this.#badFrames += 1
      if (this.#badFrames >= BAD_FRAMES_MAX)
        this.#socket.close(1008, 'Too many frames cannot be read.')
      return
    }
    if (frame) this.#take(frame)
  }

  #take(frame: AcsUp): void {
    switch (frame.type) {
      case 'AckRequest':
        return this.#acknowledged(frame.message.messageId)
      case 'TaskStopVerificationMessage': {
        const { messageId, stopCandidates } = frame.message
        return this.#verify(
          messageId,
          stopCandidates.map((candidate) => candidate.taskArn),
        )
      }
      case 'BerthHello':
        this.#send({ type: 'BerthWelcome', message: {} })
        this.#topics.hello(frame.message)
        return this.#hub.rounds.add(this)
      case 'BerthTopicState':
        return this.#topics.heard(frame.message)
      case 'BerthStateChanges':
        return void this.#stateChanges(frame.message)
      case 'BerthHealth':
        return takeHealth(this.#tools, this.#key, frame.message.tasks)
      default:
    }
  }

  async #stateChanges({ messageId, changes }: BerthStateChanges): Promise<void> {
    try {
      this.#unanswered += 1
      if (this.#unanswered > UNANSWERED_MAX) throw new Error('it does not wait for answers')
      const results = await this.#hub.intake.take(this.#caller, changes)
      this.#unanswered -= 1
      this.#send({ type: 'BerthStateChangesAck', message: { messageId, results } })
    } catch (error) {
      this.#tools.log.error('state changes failed', { error: String(error) })
      this.#socket.close(1011, 'The state changes could not be taken.')
    }
  }

  /** An acknowledged stop means that the signal is on its way: the task is STOPPING until the agent says STOPPED. */
  #acknowledged(messageId: string): void {
    const said = this.#unacknowledged.get(messageId)
    this.#unacknowledged.delete(messageId)
    const stopping = (said?.tasks ?? []).filter(({ desired }) => desired === 'STOPPED')
    inCommits(this.#tools.store, stopping, TASKS_PER_COMMIT, (tx, some) =>
      together(tx, (all) => {
        for (const { key } of some) {
          const task = tx.get(tasks, key)
          if (task && isLater('STOPPING', task.lastStatus))
            all.change(task, { lastStatus: 'STOPPING' }, this.#moment())
        }
      }),
    )
  }

  /**
   * The host asks before it kills what the manifest did not name. The answer comes from our own desired state: a task
   * that is not known here is left alone, because forgetting is no order to stop.
   */
  #verify(messageId: string, candidates: readonly string[]): void {
    const stop = this.#tools.store.read((tx) =>
      candidates.filter((arn) => {
        const task = tx.get(tasks, taskKeyOnHost(this.#key, arn))
        return task && this.#isMine(task) && task.desiredStatus === 'STOPPED'
      }),
    )
    if (stop.length === 0) return
    void this.#say(() => ({
      type: 'TaskStopVerificationAck',
      message: {
        messageId,
        generatedAt: this.#tools.clock.now(),
        stopTasks: stop.map((arn) => ({
          taskArn: arn,
          taskClusterArn: this.#address.clusterArn,
          desiredStatus: 'STOPPED',
        })),
      },
    }))
  }

  #isMine(task: Task): boolean {
    return containerInstanceKey(task, task.clusterName, task.containerInstanceId) === this.#key
  }

  #closed(): void {
    this.#open = false
    this.#stopHeartbeat()
    this.#hub.rounds.leave(this)
    if (this.#hub.leave(this.#key, this) && !this.#hub.stopped)
      this.#changeInstance({ agentConnected: false, agentHolds: false })
  }

  /** Nothing that anybody is told of. */
  #setHolds(holds: boolean): void {
    if (holds === this.#holds || this.#hub.get(this.#key) !== this) return
    this.#holds = holds
    this.#tools.store.transact((tx) => {
      if (tx.get(containerInstances, this.#key))
        tx.patch(containerInstances, this.#key, { agentHolds: holds })
    })
  }

  #changeInstance(fields: Partial<ContainerInstance>): void {
    this.#tools.store.transact((tx) => {
      const instance = tx.get(containerInstances, this.#key)
      if (instance && instance.status !== 'INACTIVE')
        changeInstance(tx, instance, fields, this.#moment())
    })
  }

  #moment(): { readonly now: number; readonly id: string } {
    return { now: this.#tools.clock.now(), id: this.#tools.ids.uuid() }
  }
}
