import type { Clock } from '#kernel/clock.ts'
import type { Ids } from '#kernel/ids.ts'
import type { Log } from '#kernel/log.ts'
import {
  formatAcs,
  parseAcsDown,
  type AcsDownReceived,
  type AcsTaskIdentity,
  type AcsUp,
  type PayloadReceived,
  type TaskManifest,
} from '#wire/acs.ts'
import { ACS_FRAME_BYTES_MAX } from '#wire/limits.ts'
import type { AcsRoleCredentials } from '#wire/task.ts'

import { Backoff } from './backoff.ts'
import type { Extension } from './extension.ts'
import type { Connect, Socket } from './outside.ts'

const RECONNECT = { minMs: 250, maxMs: 120_000, factor: 1.5, jitter: 0.2 }
/** Without a message for this long, and up to as long again by chance, the connection counts as dead. */
const SILENCE_MS = 60_000
/** A connection is renewed after this long, and up to five minutes more by chance. */
const CONNECTION_MS = 30 * 60_000
const CONNECTION_JITTER_MS = 5 * 60_000
/** The other side closed in good order. */
const GONE_CODES = new Set([1000, 1001])

/** Whoever does what is ordered. */
export type AcsOrders = {
  /** Resolves once the payload is durable: whether every task in it was sound, and the credentials it brought. */
  payload(message: PayloadReceived): Promise<{
    readonly sound: boolean
    readonly credentials: readonly AcsRoleCredentials[]
  }>
  /** What runs here and the manifest does not have; `undefined` for an old manifest, which gets no answer. */
  manifest(message: TaskManifest): Promise<readonly AcsTaskIdentity[] | undefined>
  stopVerified(messageId: string, tasks: readonly AcsTaskIdentity[]): void
  /** Whether they are those of a task that runs here: others are not acknowledged. */
  credentials(taskArn: string, credentials: AcsRoleCredentials): boolean
}
export type AcsOptions = {
  readonly clock: Clock
  readonly ids: Ids
  readonly log: Log
  readonly connect: Connect
  readonly cluster: string
  readonly containerInstanceArn: string
  readonly signal: AbortSignal
  /** The address for the next connection. */
  readonly url: (sendCredentials: boolean) => Promise<string>
  readonly orders: AcsOrders
  /** Absent where only the public protocol is to be spoken. */
  readonly extension: Extension | undefined
  /** The control plane has let this agent in. Resolves once it is ready for what it is told. */
  readonly opened: () => Promise<void>
}

/** Why there is no connection any more: another agent has the place, the container instance is gone, or all is over. */
export type AcsEnd =
  | { readonly type: 'stopped' | 'inactive' }
  | { readonly type: 'rival'; readonly reason: string }

/** Keeps the connection on which the control plane says what to run. */
export class AcsClient {
  readonly #options: AcsOptions
  readonly #backoff: Backoff
  #first = true
  #quiet: (() => void) | undefined
  #current: Socket | undefined
  /** Messages are handled one after another, in the order in which they came. */
  #handling: Promise<void> = Promise.resolve()

  constructor(options: AcsOptions) {
    this.#options = options
    this.#backoff = new Backoff(RECONNECT, options.ids)
  }

  /** Connects, again and again, until it is stopped or the control plane will not have it. */
  async run(): Promise<AcsEnd> {
    const { signal, clock, log } = this.#options
    while (!signal.aborted) {
      try {
        const { end, atOnce } = await this.#connect()
        if (end) return end
        if (atOnce) continue
      } catch (error) {
        log.warn('cannot find ACS', { error: String(error) })
      }
      await clock.sleep(this.#backoff.nextMs(), signal).catch(() => {})
    }
    return { type: 'stopped' }
  }

  async #connect(): Promise<{ readonly end: AcsEnd | undefined; readonly atOnce: boolean }> {
    const { clock, connect, signal, log, ids } = this.#options
    const url = await this.#options.url(this.#first)
    let socket: Socket | undefined
    let heardOne = false
    const renewMs = CONNECTION_MS + ids.random() * CONNECTION_JITTER_MS
    const cancelRenewal = clock.after(renewMs, () =>
      socket?.close(1000, 'ConnectionExpired: Reconnect to continue'),
    )
    const end = await connect({
      url,
      signal,
      frameBytesMax: ACS_FRAME_BYTES_MAX,
      opened: (open) => {
        socket = open
        this.#current = open
        this.#first = false
        this.#handling = this.#handling.then(() => this.#options.opened())
        this.#heardSomething(open)
        this.#options.extension?.opened((up) => open.send(formatAcs(up)))
      },
      heard: (text) => {
        if (!socket) return
        const frame = this.#parse(text)
        if (!frame) return
        heardOne = true
        this.#backoff.reset()
        this.#heardSomething(socket)
        this.#handle(frame, socket)
      },
    })
    cancelRenewal()
    this.#current = undefined
    this.#quiet?.()
    this.#options.extension?.closed()
    const { type, message: reason } = end.refusal ?? {}
    if (type === 'ConflictException' && reason !== undefined)
      return { end: { type: 'rival', reason }, atOnce: false }
    if (!signal.aborted) log.info('ACS connection ended', { code: end.code, reason: end.reason })
    return {
      end: type === 'InactiveInstanceException' ? { type: 'inactive' } : undefined,
      // A side that hangs up before it said anything would be called without pause.
      atOnce: heardOne && GONE_CODES.has(end.code),
    }
  }

  #heardSomething(socket: Socket): void {
    const { clock, ids } = this.#options
    this.#quiet?.()
    const ms = SILENCE_MS * (1 + ids.random())
    this.#quiet = clock.after(ms, () => socket.close(1000, 'nothing heard'))
  }

  #parse(text: string): AcsDownReceived | undefined {
    try {
      const frame = parseAcsDown(text)
      if (!frame) this.#options.log.info('ACS message of unknown type')
      return frame
    } catch (error) {
      this.#options.log.warn('ACS message not understood', { error: String(error) })
      return undefined
    }
  }

  #handle(frame: AcsDownReceived, socket: Socket): void {
    this.#handling = this.#handling
      .then(() => this.#answer(frame, socket))
      .catch((error: unknown) =>
        this.#options.log.error('ACS message failed', { type: frame.type, error: String(error) }),
      )
  }

  async #answer(frame: AcsDownReceived, socket: Socket): Promise<void> {
    const { orders, extension, log } = this.#options
    const send = (up: AcsUp): void => socket.send(formatAcs(up))
    switch (frame.type) {
      case 'HeartbeatMessage':
        if (frame.message.messageId)
          send({ type: 'HeartbeatAckRequest', message: { messageId: frame.message.messageId } })
        return
      case 'PayloadMessage':
        if (!this.#isMine(frame.message.containerInstanceArn)) return
        await this.#payload(frame.message, send)
        return
      case 'TaskManifestMessage': {
        if (!this.#isMine(frame.message.containerInstanceArn)) return
        const stopCandidates = await orders.manifest(frame.message)
        if (!stopCandidates) return
        const { messageId } = frame.message
        this.#acknowledge(frame.message, send)
        if (stopCandidates.length > 0)
          send({ type: 'TaskStopVerificationMessage', message: { messageId, stopCandidates } })
        return
      }
      case 'TaskStopVerificationAck':
        orders.stopVerified(frame.message.messageId, frame.message.stopTasks)
        return
      case 'IAMRoleCredentialsMessage': {
        const { messageId, taskArn, roleCredentials } = frame.message
        if (orders.credentials(taskArn, roleCredentials))
          send(credentialsAck(messageId, roleCredentials))
        return
      }
      case 'BerthWelcome':
      case 'BerthStateChangesAck':
      case 'BerthTopicEntries':
      case 'BerthTopic':
        // What the next connection's hello did not say is told by that again.
        return socket === this.#current ? extension?.hear(frame) : undefined
      case 'ErrorMessage':
      case 'CloseMessage':
        log.warn('ACS says', { type: frame.type, message: frame.message.message })
    }
  }

  async #payload(message: PayloadReceived, send: (frame: AcsUp) => void): Promise<void> {
    const { sound, credentials } = await this.#options.orders.payload(message)
    // A payload with one bad task is not acknowledged as a whole, as Amazon's agent has it.
    if (sound) this.#acknowledge(message, send)
    for (const one of credentials) send(credentialsAck(message.messageId, one))
  }

  /** A message for another container instance is not ours to act on, nor to acknowledge. */
  #isMine(containerInstanceArn: string): boolean {
    const mine = containerInstanceArn === this.#options.containerInstanceArn
    if (!mine) this.#options.log.warn('ACS message for another', { containerInstanceArn })
    return mine
  }

  #acknowledge(
    { clusterArn, messageId }: { clusterArn: string; messageId: string },
    send: (frame: AcsUp) => void,
  ): void {
    const containerInstance = this.#options.containerInstanceArn
    send({ type: 'AckRequest', message: { cluster: clusterArn, containerInstance, messageId } })
  }
}

function credentialsAck(
  messageId: string,
  { credentialsId, expiration }: AcsRoleCredentials,
): AcsUp {
  return { type: 'IAMRoleCredentialsAckRequest', message: { messageId, credentialsId, expiration } }
}
