import { Agent, request, type IncomingMessage } from 'node:http'

import type { Clock } from '#kernel/clock.ts'

/** An answer of the Engine is read up to here, and one line of those that come line by line. */
const ANSWER_BYTES_MAX = 32 * 1024 * 1024
/** Calls beyond this many wait for a free connection. */
const CONNECTIONS_MAX = 64
/** Calls that wait for a container to end, however long it takes: one for each that a host could have. */
const CONNECTIONS_OF_ENDS_MAX = 10_000

export type Call = {
  readonly method: 'GET' | 'POST' | 'DELETE'
  readonly path: string
  readonly query?:
    | Readonly<Record<string, string>>
    | readonly (readonly [string, string])[]
    | undefined
  /** JSON, or an archive. */
  readonly body?: unknown
  readonly timeoutMs: number
  /** Whether a container decides when it is answered: then it takes no connection from other calls. */
  readonly awaitsEnd?: boolean | undefined
  /** Ends the call from outside. */
  readonly signal?: AbortSignal | undefined
}
export type Answer = { readonly status: number; readonly body: unknown }

/** The Engine did not answer within the call's limit. */
export class CallTimeout extends Error {
  override name = 'CallTimeout'
}

/** The Engine said more than is kept of one answer. */
export class AnswerTooLarge extends Error {
  override name = 'AnswerTooLarge'
  constructor() {
    super('the Engine answers more than is read')
  }
}

/** HTTP over the Engine's unix socket, with connections that are kept. */
export class DockerClient {
  readonly #socketPath: string
  readonly #clock: Clock
  readonly #connections = new Agent({ keepAlive: true, maxSockets: CONNECTIONS_MAX })
  readonly #ends = new Agent({ keepAlive: false, maxSockets: CONNECTIONS_OF_ENDS_MAX })
  /** Streams last as long as the watcher, so they never take a connection from the calls. */
  readonly #streams = new Agent({ keepAlive: false })

  constructor(socketPath: string, clock: Clock) {
    this.#socketPath = socketPath
    this.#clock = clock
  }

  /** What goes well is given to `heard` as it comes, where that is there: it has no limit, and no body then. */
  async call(call: Call, heard?: (chunk: string) => void): Promise<Answer> {
    const chunks: string[] = []
    const connections = call.awaitsEnd ? this.#ends : this.#connections
    const status = await this.#send(call, connections, async (response) => {
      const isGood = (response.statusCode ?? 0) < 400
      let length = 0
      response.setEncoding('utf8')
      for await (const chunk of response as AsyncIterable<string>) {
        if (heard && isGood) {
          heard(chunk)
          continue
        }
        length += chunk.length
        if (length > ANSWER_BYTES_MAX) throw new AnswerTooLarge()
        chunks.push(chunk)
      }
    })
    return { status, body: parse(chunks.join('')) }
  }

  /** Gives each line of the answer to `heard` as it comes; resolves with the status when the stream ends. */
  stream(call: Call, heard: (line: unknown) => void, opened?: () => void): Promise<number> {
    return this.#send(call, this.#streams, async (response) => {
      let rest = ''
      opened?.()
      response.setEncoding('utf8')
      for await (const chunk of response as AsyncIterable<string>) {
        const lines = (rest + chunk).split('\n')
        rest = lines.pop() ?? ''
        if (rest.length > ANSWER_BYTES_MAX) throw new AnswerTooLarge()
        for (const line of lines) if (line.trim()) heard(parse(line))
      }
      if (rest.trim()) heard(parse(rest))
    })
  }

  close(): void {
    this.#connections.destroy()
    this.#ends.destroy()
    this.#streams.destroy()
  }

  async #send(
    call: Call,
    agent: Agent,
    read: (response: IncomingMessage) => Promise<void>,
  ): Promise<number> {
    const query = call.query ? `?${new URLSearchParams(queryOf(call.query)).toString()}` : ''
    const archive = Buffer.isBuffer(call.body)
    const body =
      call.body === undefined ? undefined : archive ? call.body : JSON.stringify(call.body)
    const limit = new AbortController()
    const disarm =
      call.timeoutMs === Infinity
        ? () => {}
        : this.#clock.after(call.timeoutMs, () => limit.abort(new CallTimeout('timed out')))
    const signal = call.signal ? AbortSignal.any([limit.signal, call.signal]) : limit.signal
    try {
      const response = await new Promise<IncomingMessage>((resolve, reject) => {
        const sending = request(
          {
            socketPath: this.#socketPath,
            method: call.method,
            path: call.path + query,
            agent,
            signal,
            headers: {
              host: 'docker',
              ...(body === undefined
                ? { 'content-length': '0' }
                : {
                    'content-type': archive ? 'application/x-tar' : 'application/json',
                    'content-length': String(Buffer.byteLength(body)),
                  }),
            },
          },
          resolve,
        )
        sending.on('error', reject)
        sending.end(body)
      })
      await read(response)
      return response.statusCode ?? 0
    } catch (error) {
      throw signal.aborted && signal.reason instanceof Error ? signal.reason : error
    } finally {
      disarm()
    }
  }
}

/** In two shapes, because some parameters may be said more than once. */
function queryOf(query: NonNullable<Call['query']>): Record<string, string> | [string, string][] {
  return Array.isArray(query)
    ? query.map(([name, value]: readonly [string, string]) => [name, value])
    : { ...(query as Readonly<Record<string, string>>) }
}

function parse(text: string): unknown {
  if (text.trim() === '') return undefined
  try {
    return JSON.parse(text)
  } catch {
    return { message: text.trim() }
  }
}
