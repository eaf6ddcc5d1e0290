/** WebSockets for the rooms' conversations: the only place that knows the library. */
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'

import { type WebSocket, WebSocketServer } from 'ws'

import type { Gateway } from '#gateway/gateway.ts'
import { AssertionFailure } from '#kernel/assert.ts'
import type { Clock } from '#kernel/clock.ts'
import type { Log } from '#kernel/log.ts'
import type { Conversation, Refused, Socket } from '#room/conversation.ts'
import { gathering } from '#wire/gathering.ts'

/** The largest frame that any conversation reads. */
const FRAME_MAX_BYTES = 4 << 20
const STATUS_TEXT: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  403: 'Forbidden',
  409: 'Conflict',
  503: 'Service Unavailable',
}

/** A peer answers a close at once, or is busy; longer it is not waited for. */
const CLOSE_MS = 1000

type Ports = {
  readonly clock: Clock
  readonly log: Log
  /** Told of a mistake of ours: the process ends then. */
  readonly fatal: (error: Error) => void
}

export class Sockets {
  readonly #ports: Ports
  readonly #server = new WebSocketServer({ noServer: true, maxPayload: FRAME_MAX_BYTES })

  constructor(ports: Ports) {
    this.#ports = ports
  }

  serve(gateway: Gateway, service: string, conversations: readonly Conversation[]): void {
    for (const { path, open } of conversations)
      gateway.onUpgrade(path, service, (request, stream, head, caller) => {
        const opened = open(request.url ?? path, caller)
        if (typeof opened === 'function') this.#upgrade(request, stream, head, opened)
        else refuse(stream, opened)
      })
  }

  /** Closes every connection in a way that makes agents come back at once. */
  close(): void {
    for (const socket of this.#server.clients) socket.close(1001, 'The server ends.')
    this.#server.close()
  }

  /** For a server that cannot say goodbye. */
  terminate(): void {
    for (const socket of this.#server.clients) socket.terminate()
  }

  #upgrade(
    request: IncomingMessage,
    stream: Duplex,
    head: Buffer,
    opened: (socket: Socket) => void,
  ): void {
    this.#server.handleUpgrade(request, stream, head, (accepted) => {
      const socket = wrap(accepted, stream, this.#ports)
      guarded(this.#ports, socket, () => opened(socket))
    })
  }
}

/** Once it is closed nothing is heard of it any more, and a peer that does not close its half loses the connection. */
function wrap(socket: WebSocket, stream: Duplex, ports: Ports): Socket {
  socket.on('error', () => socket.terminate())
  const together = gathering(stream)
  let isClosing = false
  const wrapped: Socket = {
    send: (text) => together(() => socket.send(text)),
    close: (code, reason) => {
      if (isClosing) return
      isClosing = true
      socket.close(code, reason)
      const cancel = ports.clock.after(CLOSE_MS, () => socket.terminate())
      socket.once('close', cancel)
    },
    get waiting() {
      return socket.bufferedAmount
    },
    onMessage: (hear) =>
      socket.on('message', (data: Buffer) => {
        if (!isClosing) guarded(ports, wrapped, () => hear(data.toString('utf8')))
      }),
    onClose: (hear) =>
      socket.on('close', (code, reason) =>
        guarded(ports, wrapped, () => hear(code, reason.toString('utf8'))),
      ),
  }
  return wrapped
}

/** What a peer said, and what came of it, ends that peer's connection at most: the others go on. */
function guarded({ log, fatal }: Ports, socket: Socket, hear: () => void): void {
  try {
    hear()
  } catch (error) {
    if (error instanceof AssertionFailure) return fatal(error)
    log.error('a connection was closed: what came over it could not be taken', {
      error: error instanceof Error ? (error.stack ?? error.message) : String(error),
    })
    socket.close(1011, 'What was said could not be taken.')
  }
}

function refuse(stream: Duplex, { status, body }: Refused): void {
  // Whoever does not hang up by himself would hold his place for ever.
  stream.once('finish', () => stream.destroy())
  stream.end(
    `HTTP/1.1 ${status} ${STATUS_TEXT[status] ?? 'Error'}\r\nContent-Type: application/json\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  )
}
