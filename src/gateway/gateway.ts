/**
 * The front door: bytes become an operation's input, its output or fault becomes bytes. It knows AWS's protocols and
 * no service. The order of its questions is AWS's: where to? who? what? is it sound? may they? (docs/design/gateway.md)
 */
import type { IncomingMessage, Server } from 'node:http'
import type { Duplex } from 'node:stream'

import { AssertionFailure } from '#kernel/assert.ts'
import { Fault } from '#kernel/fault.ts'
import type { Caller, Credential } from '#kernel/principal.ts'

import { Arrivals } from './arrivals.ts'
import { Bodies, SentBodies } from './bodies.ts'
import { inflate } from './compression.ts'
import { denied, viewFault } from './faults.ts'
import type { Built, House } from './house.ts'
import { GATEWAY_LIMITS, type GatewayLimits } from './limits.ts'
import { listen, type ListenOptions } from './listener.ts'
import { modelOf, type ProtocolName, type ServiceFacts } from './model.ts'
import type { Decoding, FaultPlace, Route } from './protocols/protocol.ts'
import { PROTOCOLS } from './protocols/protocols.ts'
import {
  type Allowance,
  allowance,
  type Headers,
  pairsOf,
  readRequest,
  tooLarge,
  type Answer,
  type RawRequest,
  type Request,
} from './request.ts'
import { findWay, isNamedByBody, protocolOf, unknownOperation, type Way } from './route.ts'
import { Seats, TooManyConnections } from './seats.ts'
import { candidates } from './services.ts'
import { isSigned, scopeService } from './signature/authorization.ts'
import { Refusal, refusalFault } from './signature/refusal.ts'
import { verify } from './sigv4.ts'
import { Turns } from './turns.ts'
import { validate } from './validate.ts'

export type { Built, Finding, House } from './house.ts'
export type { GatewayLimits } from './limits.ts'
export type { Answer, RawRequest } from './request.ts'

export type UpgradeHandler = (
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  caller: Caller,
) => void

type Upgrades = { readonly service: string; readonly handler: UpgradeHandler }

type Arrival = { readonly requestId: string; readonly now: number }
/** Who signed the request, and the request with its body inflated, where its way could not be found without. */
type Known = { readonly caller: Caller | undefined; readonly plain: Request | undefined }
type Question = { readonly input: object; readonly caller: Caller; readonly now: number }

export class Gateway {
  readonly limits: GatewayLimits
  readonly #house: House
  readonly #upgrades = new Map<string, Upgrades>()
  readonly #servers = new Set<Server>()
  readonly #seats: Seats
  readonly #arrivals: Arrivals

  constructor(house: House, limits: Partial<GatewayLimits> = {}) {
    this.#house = house
    this.limits = { ...GATEWAY_LIMITS, ...limits }
    this.#seats = new Seats(this.limits)
    this.#arrivals = new Arrivals(this.limits)
  }

  /** One request to one answer, without sockets. It never throws: what goes wrong is an answer too. */
  async answer(raw: RawRequest): Promise<Answer> {
    const requestId = this.#house.ids.uuid()
    // One request is one moment: its signature, its question and what it does are of the same.
    const arrival: Arrival = { requestId, now: this.#house.clock.now() }
    let request: Request | undefined
    let way: Way | undefined
    try {
      request = readRequest(raw, this.limits)
      const caller = this.#checkBody(request, arrival)
      const plain = caller && (await inflate(request, this.limits))
      way = findWay(plain ?? request, this.limits)
      return forMethod(request, await this.#serve(request, way, { ...arrival, caller, plain }))
    } catch (error) {
      return forMethod(request, this.#fail(error, request, way, requestId))
    }
  }

  /** Serves over HTTP, or HTTPS with `tls`; resolves when it listens. */
  async listen(options: ListenOptions): Promise<Server> {
    const { limits } = this
    const bodies = new SentBodies(limits)
    const server = await listen(options, {
      limits,
      share: (connection, accountId) =>
        bodies.share(accountId, accountId === this.#seats.accountOf(connection)),
      answers: new Bodies({
        bytes: limits.answersBytes,
        bytesOfKey: limits.answersBytesOfKey,
        unknownBytes: limits.unknownAnswersBytes,
        smallBytes: limits.smallBodyBytes,
      }),
      turns: new Turns(this.#house.clock, limits.waiting),
      allowance: (headers) => this.#allowance(headers),
      arrived: (socket) => this.#arrivals.arrive(socket),
      began: (connection) => this.#seats.begin(connection),
      ended: (connection) => this.#seats.end(connection),
      left: (connection) => this.#seats.leave(connection),
      answer: (request) => this.answer(request),
      refuse: (fault, request) =>
        this.#fail(
          fault,
          quietly(() => readRequest(request, this.limits)),
          undefined,
          this.#house.ids.uuid(),
        ),
      upgrade: (request, socket, head) => this.#upgrade(request, socket, head),
    })
    this.#servers.add(server)
    return server
  }

  /** Hands WebSocket upgrades of a path to `handler`, of those who have signed them for the service. */
  onUpgrade(path: string, service: string, handler: UpgradeHandler): void {
    this.#upgrades.set(path, { service, handler })
  }

  /** Who signed a request that came by another way, and for which service. Throws AWS's Fault. */
  authenticate(raw: RawRequest, service?: string): { caller: Caller; service: string } {
    return this.#authenticate(readRequest(raw, this.limits), service, this.#house.clock.now())
  }

  async close(): Promise<void> {
    await Promise.all(
      [...this.#servers].map(async (server) => {
        const closed = new Promise<void>((resolve) => server.close(() => resolve()))
        server.closeAllConnections()
        await closed
      }),
    )
    this.#servers.clear()
  }

  async #serve(
    request: Request,
    way: Way,
    { requestId, now, ...known }: Arrival & Known,
  ): Promise<Answer> {
    const model = modelOf(way.facts.service)
    const operation = way.operation === undefined ? undefined : model.operations.get(way.operation)
    const caller =
      known.caller ?? this.#callerOf(request, way, operation?.unsigned === 1, { requestId, now })
    if (!operation) throw unknownOperation(way, request)
    const built = this.#house.operation(way.facts.service, operation.name)
    if (!built)
      throw new Fault(
        'NotImplemented',
        `${way.facts.service}:${operation.name} is not implemented.`,
        501,
      )
    this.#house.throttle?.(caller, way.facts.service, operation.name)
    const route: Route = { ...way, model, operation }
    const protocol = PROTOCOLS[way.protocol]
    // An object is kept as it is given: a content encoding is its own.
    const plain = way.facts.objects
      ? request
      : (known.plain ?? (await inflate(request, this.limits)))
    const input = protocol.decode(route, plain, this.#decoding(route))
    validate(way.facts, operation.input, input, {
      unknownEnum: (path) => this.#find('unknown enum value', route, path),
    })
    await this.#permit(built, { input, caller, now, protocol: way.protocol })
    return protocol.encode(route, await built.run(input, caller, now), requestId)
  }

  /** Refuses what the caller may not. A refusal tells of the state too, and leaves when that is durable. */
  async #permit(
    built: Built,
    { input, caller, now, protocol }: Question & { readonly protocol: ProtocolName },
  ): Promise<void> {
    try {
      for (const question of built.access(input, caller, now)) {
        const verdict = this.#house.authorize(caller, question)
        if (!verdict.allowed) throw denied(protocol, verdict.message)
      }
    } catch (error) {
      await built.settled()
      throw error
    }
  }

  /** How the caller reached us. The Host header is signed, so it is the caller's own word. */
  #endpointOf(request: Request): string {
    return `${this.#house.scheme}://${request.headers.get('host') ?? 'localhost'}`
  }

  #decoding(route: Route): Decoding {
    return { limits: this.limits, unknown: (path) => this.#find('unknown member', route, path) }
  }

  #find(kind: 'unknown member' | 'unknown enum value', route: Route, path: string): void {
    this.#house.found?.({
      kind,
      service: route.facts.service,
      operation: route.operation.name,
      path,
    })
  }

  /**
   * Refuses a body that is too large. Where nothing but the body says what the request is for, it gives who signed it: a
   * body is not worked on before its signature is checked.
   */
  #checkBody(request: Request, arrival: Arrival): Caller | undefined {
    const max = this.#allowance(request.headers).bytes
    if (request.body.length > max) throw tooLarge(max)
    if (!isNamedByBody(request)) return undefined
    if (isSigned(request)) return this.#verify(request, scopeService(request), arrival).caller
    const { unsignedFormBytes } = this.limits
    if (request.body.length > unsignedFormBytes) throw tooLarge(unsignedFormBytes)
    return undefined
  }

  #allowance(headers: Headers): Allowance {
    return allowance(headers, this.limits, (id) => this.#house.credential(id)?.principal.accountId)
  }

  #callerOf(request: Request, way: Way, unsigned: boolean, arrival: Arrival): Caller {
    const { anonymous } = this.#house
    if (unsigned && anonymous && !request.headers.has('authorization'))
      return {
        principal: anonymous.principal,
        accountId: anonymous.principal.accountId,
        region: anonymous.region,
        tenant: anonymous.tenant,
        requestId: arrival.requestId,
        endpoint: this.#endpointOf(request),
      }
    return this.#verify(request, way.facts.signingName, arrival).caller
  }

  #verify(
    request: Request,
    service: string | undefined,
    { requestId, now }: Arrival,
  ): { caller: Caller; service: string } {
    const verified = verify<Credential>({
      request,
      service,
      now,
      find: (accessKeyId) => this.#house.credential(accessKeyId),
    })
    const { principal, tenant } = verified.found
    if (request.connection) {
      this.#seats.take(request.connection, principal)
      this.#arrivals.know(request.connection)
    }
    return {
      caller: {
        principal,
        accountId: principal.accountId,
        region: verified.region,
        tenant,
        requestId,
        endpoint: this.#endpointOf(request),
      },
      service: verified.service,
    }
  }

  #authenticate(
    request: Request,
    service: string | undefined,
    now: number,
  ): { caller: Caller; service: string } {
    try {
      return this.#verify(request, service, { requestId: this.#house.ids.uuid(), now })
    } catch (error) {
      throw error instanceof Refusal ? refusalFault(error, 'json-1.1', service ?? '') : error
    }
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const raw: RawRequest = {
      method: request.method ?? 'GET',
      target: request.url ?? '/',
      headers: pairsOf(request.rawHeaders),
      body: new Uint8Array(),
      connection: socket,
    }
    try {
      const asked = readRequest(raw, this.limits)
      const known = this.#upgrades.get(asked.path)
      if (!known)
        throw new Fault(
          'UnknownOperationException',
          `Nothing upgrades at ${asked.path.slice(0, 200)}`,
          404,
        )
      const { caller } = this.#authenticate(asked, known.service, this.#house.clock.now())
      known.handler(request, socket, head, caller)
    } catch (error) {
      const answer = this.#fail(error, undefined, undefined, this.#house.ids.uuid())
      const headers = Object.entries(answer.headers).map(([name, value]) => `${name}: ${value}\r\n`)
      const length = Buffer.byteLength(answer.body)
      // No time-out of the server's looks at it any more.
      socket.once('finish', () => socket.destroy())
      socket.end(
        `HTTP/1.1 ${answer.status} Refused\r\n${headers.join('')}content-length: ${length}\r\nconnection: close\r\n\r\n${Buffer.from(answer.body).toString()}`,
      )
    }
  }

  #fail(
    error: unknown,
    request: Request | undefined,
    way: Way | undefined,
    requestId: string,
  ): Answer {
    const protocol = way?.protocol ?? protocolOf(request)
    const place: FaultPlace = {
      protocol,
      facts: way?.facts ?? factsOf(request),
      model: way && modelOf(way.facts.service),
      requestId,
    }
    if (!(error instanceof Fault) && !(error instanceof Refusal))
      this.#report(error, way, requestId)
    try {
      const answer = PROTOCOLS[protocol].fault(viewFault(error, place), place)
      if (error instanceof TooManyConnections) answer.headers['connection'] = 'close'
      return answer
    } catch (second) {
      // The fault itself could not be written: its members were not the model's.
      this.#report(second, way, requestId)
      return PROTOCOLS[protocol].fault(viewFault(second, place), place)
    }
  }

  #report(error: unknown, way: Way | undefined, requestId: string): void {
    this.#house.log.error(
      error instanceof AssertionFailure ? 'assertion failed' : 'request failed',
      {
        requestId,
        service: way?.facts.service,
        operation: way?.operation,
        error: error instanceof Error ? (error.stack ?? error.message) : String(error),
      },
    )
  }
}

/** Whose words a refusal has that was made before the request found its way. */
function factsOf(request: Request | undefined): ServiceFacts | undefined {
  const scope = request && scopeService(request)
  return scope === undefined ? undefined : candidates(scope)[0]
}

/** HEAD and 204 have no body, whatever the protocol wrote. */
function forMethod(request: Request | undefined, answer: Answer): Answer {
  return request?.method === 'HEAD' || answer.status === 204 || answer.status === 304
    ? { ...answer, body: '' }
    : answer
}

function quietly<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch {
    // The request is refused already, and its error is written as well as what can be read of it allows.
    return undefined
  }
}
