/** Where containers and the host's tools ask: binds the addresses, and gives each question to whoever answers now. */
import type { Clock } from '#kernel/clock.ts'
import type { Log } from '#kernel/log.ts'

import type { Answerer, Host, HttpAnswer } from '../host.ts'
import { INTROSPECTION_PORT } from './introspection.ts'

/** The link-local address that AWS's SDKs know. */
const ADDRESS = '169.254.170.2'
const LOOPBACK = '127.0.0.1'
const HTTP_PORT = 80
const RETRY_MS = 2000

export type EndpointOptions = {
  readonly host: Host
  readonly clock: Clock
  readonly log: Log
  readonly signal: AbortSignal
  /** The port that containers were told in an earlier life of the agent: it is in their environment for good. */
  readonly port: number | undefined
}

const NOBODY: HttpAnswer = {
  status: 503,
  contentType: 'text/plain; charset=utf-8',
  body: 'the agent is starting',
}

export class Endpoint {
  readonly #options: EndpointOptions
  readonly #closes: (() => void)[] = []
  #port: number | undefined
  #metadata: Answerer = async () => NOBODY
  #introspection: Answerer = async () => NOBODY

  constructor(options: EndpointOptions) {
    this.#options = options
    this.#port = options.port
  }

  /** Absent where containers cannot ask: the address needs a privilege that this agent does not have. */
  get port(): number | undefined {
    return this.#port
  }

  get url(): string | undefined {
    if (this.#port === undefined) return undefined
    return this.#port === HTTP_PORT ? `http://${ADDRESS}` : `http://${ADDRESS}:${this.#port}`
  }

  async open(): Promise<void> {
    const { host, log } = this.#options
    try {
      await host.ownAddress(ADDRESS)
    } catch (error) {
      log.warn('containers cannot ask for metadata and credentials', { error: String(error) })
      this.#port = undefined
      return
    }
    if (this.#port === undefined) this.#port = await this.#openFirst()
    else await this.#openAgain(this.#port)
    // Not where containers could ask: what runs on the host is none of their business.
    await this.#listen(LOOPBACK, INTROSPECTION_PORT, (question) =>
      this.#introspection(question),
    ).catch((error: unknown) =>
      log.warn('nobody can ask this agent about itself', { error: String(error) }),
    )
  }

  answerWith(metadata: Answerer, introspection: Answerer): void {
    this.#metadata = metadata
    this.#introspection = introspection
  }

  close(): void {
    for (const close of this.#closes) close()
  }

  /** Another agent of this machine may have port 80 already: then this one takes any other, and keeps it. */
  async #openFirst(): Promise<number | undefined> {
    try {
      return await this.#listenForMetadata(HTTP_PORT)
    } catch {
      return this.#listenForMetadata(0)
    }
  }

  /** The port of before may not be free yet: until it is, containers that ask have to try again. */
  async #openAgain(port: number): Promise<void> {
    const { clock, log, signal } = this.#options
    try {
      await this.#listenForMetadata(port)
    } catch (error) {
      log.warn('the metadata port is taken; trying again', { port, error: String(error) })
      clock.sleep(RETRY_MS, signal).then(
        () => this.#openAgain(port),
        () => {},
      )
    }
  }

  #listenForMetadata(port: number): Promise<number> {
    return this.#listen(ADDRESS, port, (question) => this.#metadata(question))
  }

  async #listen(address: string, port: number, answerer: Answerer): Promise<number> {
    const listening = await this.#options.host.listen(address, port, answerer)
    if (this.#options.signal.aborted) listening.close()
    else this.#closes.push(listening.close)
    return listening.port
  }
}
