import type { Clock } from '#kernel/clock.ts'
import { REFUSAL_BYTES_MAX } from '#wire/limits.ts'
import { WireError } from '#wire/read.ts'

import { connectionError } from './connection-error.ts'
import { CallFault } from './control-plane.ts'
import type { Calls } from './outside.ts'
import { type Credentials, ECS, type JsonService, signedJson } from './sign.ts'

const CALL_TIMEOUT_MS = 60_000

export type SignedCallsOptions = {
  /** The control plane's address, such as `http://127.0.0.1:4566`. */
  readonly endpoint: string
  readonly region: string
  readonly credentials: Credentials
  readonly clock: Clock
}

/** CloudWatch Logs, which containers' output is sent to. */
export const LOGS: JsonService = { service: 'logs', target: 'Logs_20140328' }

/** The calls of a host as signed JSON over HTTP. */
export class SignedCalls implements Calls {
  readonly #options: SignedCallsOptions
  readonly #service: JsonService

  constructor(options: SignedCallsOptions, service = ECS) {
    this.#options = options
    this.#service = service
  }

  async call(operation: string, input: object, as?: Credentials): Promise<unknown> {
    const { endpoint, region, clock } = this.#options
    const credentials = as ?? this.#options.credentials
    const signer = { endpoint, to: this.#service, credentials, region, now: clock.now() }
    const { url, headers, body } = signedJson(operation, input, signer)
    const { host: _host, ...sent } = headers
    const limit = new AbortController()
    const disarm = clock.after(CALL_TIMEOUT_MS, () =>
      limit.abort(new Error(`${operation} was not answered in time`)),
    )
    try {
      const answer = await posted(url, {
        method: 'POST',
        headers: { ...sent, 'user-agent': 'Berth agent' },
        body,
        signal: limit.signal,
        redirect: 'error',
      })
      const text = await answer.text()
      if (!answer.ok) throw fault(answer.status, text)
      return JSON.parse(text)
    } catch (error) {
      throw error instanceof SyntaxError
        ? new WireError(`${operation}'s answer is not JSON`)
        : error
    } finally {
      disarm()
    }
  }
}

/** Errors of the connection say what failed: the runtime's own say only that something did. */
function posted(url: string, request: RequestInit): Promise<Response> {
  return fetch(url, request).catch((error: unknown) => {
    throw connectionError(error, url)
  })
}

function fault(status: number, text: string): CallFault {
  let members: Readonly<Record<string, unknown>> = {}
  try {
    members = JSON.parse(text.slice(0, REFUSAL_BYTES_MAX)) as typeof members
  } catch {
    // Something between us and the control plane answered; the status has to do.
  }
  const type = members['__type']
  const message = members['message'] ?? members['Message']
  return new CallFault(
    typeof type === 'string' ? (type.split('#').at(-1) ?? type) : `Status${status}`,
    typeof message === 'string' ? message : '',
    status,
  )
}
