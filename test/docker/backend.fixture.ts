/** A small control plane for tests of hosts: the JSON calls, ACS and TCS, over real HTTP and real sockets. */
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'

import { WebSocketServer, type WebSocket } from 'ws'

import { formatAcs, parseAcsUp, type AcsDown, type AcsUp } from '#wire/acs.ts'
import type { RegisterContainerInstanceRequest, SubmitTaskStateChangeRequest } from '#wire/calls.ts'
import { parseAcsConnect, type AcsConnect } from '#wire/connect.ts'
import { formatRefusal } from '#wire/refusal.ts'
import type { AcsTask } from '#wire/task.ts'
import {
  formatTcs,
  parseTcsUp,
  splitSignedFrame,
  TCS_ACKNOWLEDGEMENT,
  type TcsUp,
} from '#wire/tcs.ts'

export const CLUSTER_ARN = 'arn:aws:ecs:us-east-1:123456789012:cluster/default'

export class Backend {
  readonly registrations: RegisterContainerInstanceRequest[] = []
  readonly changes: SubmitTaskStateChangeRequest[] = []
  readonly acs: AcsUp[] = []
  readonly tcs: TcsUp[] = []
  readonly connections: AcsConnect[] = []
  /** Container instances whose sockets are refused. */
  readonly inactive = new Set<string>()
  /** Answers to the next state changes that are errors. */
  faults = 0
  readonly #server: Server
  readonly #sockets = new WebSocketServer({ noServer: true })
  readonly #waiting = new Set<() => void>()
  readonly #live = new Map<string, WebSocket>()
  #seqNum = 0

  private constructor() {
    this.#server = createServer((request, response) => {
      const body: Buffer[] = []
      request.on('data', (chunk: Buffer) => body.push(chunk))
      request.on('end', () => {
        const operation = String(request.headers['x-amz-target']).split('.')[1] ?? ''
        const [status, answer] = this.#answer(operation, JSON.parse(Buffer.concat(body).toString()))
        response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' })
        response.end(JSON.stringify(answer))
        this.#changed()
      })
    })
    this.#server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) =>
      this.#upgrade(request, socket, head),
    )
  }

  static async start(): Promise<Backend> {
    const backend = new Backend()
    backend.#server.listen(0, '127.0.0.1')
    await once(backend.#server, 'listening')
    return backend
  }

  get endpoint(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  /** Sends tasks to a container instance; gives the payload's message id. */
  send(containerInstanceArn: string, tasks: readonly AcsTask[]): string {
    this.#seqNum += 1
    const messageId = `payload-${this.#seqNum}`
    this.say(containerInstanceArn, {
      type: 'PayloadMessage',
      message: {
        clusterArn: CLUSTER_ARN,
        containerInstanceArn,
        messageId,
        generatedAt: 0,
        seqNum: this.#seqNum,
        tasks,
      },
    })
    return messageId
  }

  /** Sends a manifest; `timeline` is the next of the one counter where it is not given. */
  manifest(containerInstanceArn: string, running: readonly string[], timeline?: number): string {
    this.#seqNum += 1
    const messageId = `manifest-${this.#seqNum}`
    this.say(containerInstanceArn, {
      type: 'TaskManifestMessage',
      message: {
        clusterArn: CLUSTER_ARN,
        containerInstanceArn,
        messageId,
        timeline: timeline ?? this.#seqNum,
        tasks: running.map((taskArn) => ({ taskArn, desiredStatus: 'RUNNING' })),
      },
    })
    return messageId
  }

  say(containerInstanceArn: string, frame: AcsDown): void {
    const socket = this.#live.get(containerInstanceArn)
    if (!socket) throw new Error(`${containerInstanceArn} is not connected`)
    socket.send(formatAcs(frame))
  }

  disconnect(containerInstanceArn: string): void {
    this.#live.get(containerInstanceArn)?.close(1001)
  }

  changesOf(taskArn: string): readonly SubmitTaskStateChangeRequest[] {
    return this.changes.filter(({ task }) => task === taskArn)
  }

  /** The first report of that status, waited for. */
  status(taskArn: string, status: string): Promise<SubmitTaskStateChangeRequest> {
    return this.until(() => this.changesOf(taskArn).find((change) => change.status === status))
  }

  /** Asks again after everything that arrives, until it gives something. */
  async until<T>(ask: () => T | undefined): Promise<T> {
    for (;;) {
      const found = ask()
      if (found !== undefined) return found
      await new Promise<void>((resolve) => this.#waiting.add(resolve))
    }
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets.clients) socket.terminate()
    this.#server.closeAllConnections()
    this.#server.close()
    await once(this.#server, 'close')
  }

  #answer(operation: string, input: unknown): [number, object] {
    switch (operation) {
      case 'RegisterContainerInstance': {
        const request = input as RegisterContainerInstanceRequest
        this.registrations.push(request)
        const fresh = `arn:aws:ecs:us-east-1:123456789012:container-instance/default/${this.registrations.length}`
        const containerInstanceArn = request.containerInstanceArn ?? fresh
        return [
          200,
          { containerInstance: { containerInstanceArn, attributes: request.attributes } },
        ]
      }
      case 'DiscoverPollEndpoint':
        return [
          200,
          { endpoint: `${this.endpoint}/acs/`, telemetryEndpoint: `${this.endpoint}/tcs/` },
        ]
      case 'SubmitTaskStateChange':
        if (this.faults > 0) {
          this.faults -= 1
          return [500, { __type: 'ServerException', message: 'not now' }]
        }
        this.changes.push(input as SubmitTaskStateChangeRequest)
        return [200, { acknowledgment: 'ok' }]
      default:
        return [400, { __type: 'InvalidAction', message: operation }]
    }
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const target = request.url ?? ''
    if (target.startsWith('/tcs/')) {
      this.#sockets.handleUpgrade(request, socket, head, (open) =>
        open.on('message', (data) => this.#heardTcs(open, textOf(data))),
      )
      return
    }
    const connect = parseAcsConnect(target)
    if (this.inactive.has(connect.containerInstanceArn)) {
      const body = formatRefusal({ type: 'InactiveInstanceException', message: 'inactive' })
      socket.end(`HTTP/1.1 400 Bad Request\r\nContent-Length: ${body.length}\r\n\r\n${body}`)
      return
    }
    this.#sockets.handleUpgrade(request, socket, head, (open) => {
      this.#live.set(connect.containerInstanceArn, open)
      this.connections.push(connect)
      open.on('message', (data) => {
        const frame = parseAcsUp(textOf(data))
        if (frame) this.acs.push(frame)
        this.#changed()
      })
      open.send(
        formatAcs({ type: 'HeartbeatMessage', message: { healthy: true, messageId: 'beat' } }),
      )
      this.#changed()
    })
  }

  #heardTcs(socket: WebSocket, text: string): void {
    const frame = parseTcsUp(splitSignedFrame(text).body)
    if (!frame) return
    this.tcs.push(frame)
    socket.send(formatTcs({ type: TCS_ACKNOWLEDGEMENT[frame.type], message: { message: 'ok' } }))
    this.#changed()
  }

  #changed(): void {
    const waiting = [...this.#waiting]
    this.#waiting.clear()
    for (const resolve of waiting) resolve()
  }
}

function textOf(data: unknown): string {
  return Buffer.isBuffer(data) ? data.toString('utf8') : ''
}
