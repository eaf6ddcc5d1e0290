/** The HTTP server around the gateway: sockets, limits of time and size, and nothing of AWS. */
import {
  createServer,
  type IncomingMessage,
  type Server,
  type ServerOptions,
  type ServerResponse,
} from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'

import { Fault } from '#kernel/fault.ts'
import { Pipelines } from '#kernel/pipelines.ts'

import { type Bodies, type Share, tooMany } from './bodies.ts'
import type { GatewayLimits } from './limits.ts'
import {
  type Allowance,
  type Headers,
  pairsOf,
  readHeaders,
  tooLarge,
  type Answer,
  type RawRequest,
} from './request.ts'
import type { Turns } from './turns.ts'

export type ListenOptions = {
  readonly host: string
  readonly port: number
  readonly tls?: { readonly key: string; readonly cert: string }
}

/** What the server hands on. */
export type Desk = {
  readonly limits: GatewayLimits
  /** What a body may take of the memory for all; the account is whose key the request claims. */
  readonly share: (connection: object, accountId: string | undefined) => Share
  /** What was answered and is not read. */
  readonly answers: Bodies
  readonly turns: Turns
  readonly allowance: (headers: Headers) => Allowance
  /** Told of each connection, before any TLS. */
  readonly arrived: (socket: Socket) => void
  /** Told when a connection has a request in hand, and when that is answered. An upgraded one's never is. */
  readonly began: (connection: object) => void
  readonly ended: (connection: object) => void
  /** Told when a connection is gone. */
  readonly left: (connection: object) => void
  readonly answer: (request: RawRequest) => Promise<Answer>
  /** The answer to a request that is refused before it is read. */
  readonly refuse: (fault: Fault, request: RawRequest) => Answer
  readonly upgrade: (request: IncomingMessage, socket: Duplex, head: Buffer) => void
}

export async function listen(options: ListenOptions, desk: Desk): Promise<Server> {
  const { limits } = desk
  const settings: ServerOptions = {
    maxHeaderSize: limits.headerBytes,
    connectionsCheckingInterval: limits.checkMs,
    headersTimeout: limits.headersMs,
    requestTimeout: limits.requestMs,
    keepAliveTimeout: limits.idleMs,
    // AWS-shaped refusals are ours to write, also when Host is missing.
    requireHostHeader: false,
  }
  const server: Server = options.tls
    ? createTlsServer({ ...settings, ...options.tls, handshakeTimeout: limits.headersMs })
    : createServer(settings)
  server.maxHeadersCount = limits.headers + 1
  server.on('connection', desk.arrived)
  server.on(options.tls ? 'secureConnection' : 'connection', (socket: Duplex) =>
    socket.once('close', () => {
      desk.left(socket)
      for (const share of unread.get(socket) ?? []) share.end()
    }),
  )
  const pipelines = new Pipelines()
  const take = (request: IncomingMessage, response: ServerResponse, waits: boolean): void => {
    const { socket } = request
    if (!pipelines.take(socket, response)) return
    desk.began(socket)
    response.once('close', () => desk.ended(socket))
    void serve(request, response, { desk, waits })
  }
  server.on('request', (request, response) => take(request, response, false))
  server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) =>
    take(request, response, true),
  )
  server.on('upgrade', (request, socket, head) => {
    socket.on('error', () => socket.destroy())
    desk.began(socket)
    desk.upgrade(request, socket, head)
  })
  server.on('clientError', (error: Error & { code?: string }, socket) =>
    refuseBroken(error, socket, desk),
  )
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(options.port, options.host, () => {
      server.off('error', reject)
      resolve()
    })
  })
  return server
}

async function serve(
  request: IncomingMessage,
  response: ServerResponse,
  { desk, waits }: { desk: Desk; waits: boolean },
): Promise<void> {
  const raw = {
    method: request.method ?? 'GET',
    target: request.url ?? '/',
    headers: pairsOf(request.rawHeaders),
    connection: request.socket,
  }
  const { bytes: max, accessKeyId, accountId } = desk.allowance(readHeaders(raw.headers, Infinity))
  const share = desk.share(request.socket, accountId)
  try {
    if (Number(request.headers['content-length'] ?? 0) > max) throw tooLarge(max)
    if (waits) response.writeContinue()
    const body = await collect(request, max, share)
    const turn = desk.turns.wait(accessKeyId)
    if (turn) await turn
    // Asked before anything is done: whoever does not read its answers gets no more of them.
    if (desk.answers.isFull(accessKeyId)) throw tooMany()
    const answer = await desk.answer({ ...raw, body, share })
    // Small ones always have their place, and there are many of them.
    if (answer.body.length > desk.limits.smallBodyBytes)
      holdUntilRead(response, request.socket, desk.answers.share(accessKeyId), answer)
    send(response, answer)
    hurry(response, request.socket, desk.limits)
  } catch (error) {
    // Only a refused or broken-off body ends here: `answer` never throws.
    if (!(error instanceof Fault)) return void request.socket.destroy()
    const refusal = desk.refuse(error, { ...raw, body: new Uint8Array() })
    linger(request, response, refusal, desk.limits)
  } finally {
    share.end()
  }
}

/** Says the refusal at once and hangs up only when the rest has come, or too much of it: a reset would eat the answer. */
function linger(
  request: IncomingMessage,
  response: ServerResponse,
  { status, headers, body }: Answer,
  limits: GatewayLimits,
): void {
  const length = String(Buffer.byteLength(body))
  response.writeHead(status, { ...headers, 'content-length': length, connection: 'close' })
  response.write(body)
  let bytes = 0
  const end = (): void => {
    response.end()
    hurry(response, request.socket, limits)
  }
  request.on('data', (chunk: Buffer) => {
    bytes += chunk.length
    if (bytes > limits.lingerBytes) end()
  })
  request.once('end', end)
  request.once('error', end)
  if (request.complete) end()
}

/** What each connection's answers hold: one that waits behind another is not told by Node when the connection ends. */
const unread = new WeakMap<object, Set<Share>>()

/** Counts the answer for as long as it is here. A Fault where there is no room for it. */
function holdUntilRead(
  response: ServerResponse,
  connection: Socket,
  share: Share,
  { body }: Answer,
): void {
  share.take(Buffer.byteLength(body))
  const held = unread.get(connection) ?? new Set()
  unread.set(connection, held.add(share))
  response.once('close', () => {
    share.end()
    held.delete(share)
  })
  if (connection.destroyed) share.end()
}

/** Destroys the connection of a reader that takes nothing: a socket's time-out begins anew whenever some has gone. */
function hurry(response: ServerResponse, connection: Socket, { answerMs }: GatewayLimits): void {
  const isWritten = response.socket && connection.writableLength === 0
  if (!isWritten) connection.setTimeout(answerMs)
}

function send(response: ServerResponse, answer: Answer): void {
  const { status, headers, body } = answer
  if (status === 204 || status === 304) {
    response.writeHead(status, headers).end()
    return
  }
  const length = { 'content-length': String(Buffer.byteLength(body)) }
  // HEAD tells the length that GET would have, which only the operation knows; elsewhere the length is the body's.
  const all = response.req.method === 'HEAD' ? { ...length, ...headers } : { ...headers, ...length }
  response.writeHead(status, all).end(body)
}

/** Leaves the request open where its body is too large: what is left of it is read by whoever refuses it. */
function collect(request: IncomingMessage, max: number, share: Share): Promise<Uint8Array> {
  const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>()
  let chunks: Buffer[] = []
  let bytes = 0
  let isOver = false
  const give = (error: Error): void => {
    if (isOver) return
    isOver = true
    request.off('data', take)
    chunks = []
    reject(error)
  }
  const take = (chunk: Buffer): void => {
    bytes += chunk.length
    if (bytes > max) return give(tooLarge(max))
    try {
      share.take(chunk.length)
    } catch (error) {
      return give(error as Error)
    }
    chunks.push(chunk)
  }
  request.on('data', take)
  request.once('end', () => {
    if (isOver) return
    isOver = true
    resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks))
  })
  request.once('error', give)
  request.once('close', () => {
    // It also comes after the end, and an error that nobody hears of is still costly to make.
    if (!isOver) give(new Error('the request was broken off'))
  })
  return promise
}

/** What Node's parser refuses never becomes a request; its sender still hears AWS's shape, never HTML. */
function refuseBroken(error: Error & { code?: string }, socket: Duplex, desk: Desk): void {
  if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy()
  const fault =
    error.code === 'HPE_HEADER_OVERFLOW'
      ? new Fault(
          'RequestHeaderSectionTooLarge',
          `A request's headers may have ${desk.limits.headerBytes} bytes.`,
          431,
        )
      : error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
        ? new Fault('RequestTimeout', 'The request was not completed in time.', 408)
        : new Fault('BadRequest', 'The request is not valid HTTP.', 400)
  const { status, headers, body } = desk.refuse(fault, {
    method: 'GET',
    target: '/',
    headers: [],
    body: new Uint8Array(),
  })
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  const text = Buffer.from(body).toString()
  // One that does not hang up by itself would hold what it has sent so far: it is destroyed once the answer is written.
  socket.once('finish', () => socket.destroy())
  socket.end(
    `HTTP/1.1 ${status} Refused\r\n${lines.join('')}content-length: ${Buffer.byteLength(text)}\r\nconnection: close\r\n\r\n${text}`,
  )
}
