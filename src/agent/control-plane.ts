import type { Clock } from '#kernel/clock.ts'
import {
  readEndpoints,
  readRegistration,
  TARGET_PREFIX,
  type DiscoverPollEndpointAnswer,
  type RegisterContainerInstanceAnswer,
  type RegisterContainerInstanceRequest,
  type SubmitTaskStateChangeRequest,
} from '#wire/calls.ts'
import { REFUSAL_BYTES_MAX } from '#wire/limits.ts'
import { WireError } from '#wire/read.ts'

import { sign, type Credentials } from './sign.ts'

const CALL_TIMEOUT_MS = 60_000

/** The control plane said no. */
export class CallFault extends Error {
  override name = 'CallFault'
  readonly code: string
  /** True when the same call may succeed later. */
  readonly again: boolean

  constructor(code: string, message: string, status: number) {
    super(`${code}: ${message}`)
    this.code = code
    this.again =
      status >= 500 || status === 429 || /Throttl|ServerException|TooManyRequests/.test(code)
  }
}

export type ControlPlaneOptions = {
  readonly endpoint: string
  readonly region: string
  readonly credentials: Credentials
  readonly clock: Clock
}

/** The signed JSON calls of a host. Everything but a `CallFault` that is not `again` is worth another try. */
export class ControlPlane {
  readonly #options: ControlPlaneOptions

  constructor(options: ControlPlaneOptions) {
    this.#options = options
  }

  async registerContainerInstance(
    request: RegisterContainerInstanceRequest,
  ): Promise<RegisterContainerInstanceAnswer> {
    return readRegistration(await this.#call('RegisterContainerInstance', request), 'answer')
  }

  async discoverPollEndpoint(
    cluster: string,
    containerInstance: string,
  ): Promise<DiscoverPollEndpointAnswer> {
    const request = { cluster, containerInstance, zoneId: '' }
    return readEndpoints(await this.#call('DiscoverPollEndpoint', request), 'answer')
  }

  async submitTaskStateChange(request: SubmitTaskStateChangeRequest): Promise<void> {
    await this.#call('SubmitTaskStateChange', request)
  }

  async deregisterContainerInstance(cluster: string, containerInstance: string): Promise<void> {
    await this.#call('DeregisterContainerInstance', { cluster, containerInstance, force: true })
  }

  async #call(operation: string, input: object): Promise<unknown> {
    const { endpoint, region, credentials, clock } = this.#options
    const url = endpoint.endsWith('/') ? endpoint : `${endpoint}/`
    const body = JSON.stringify(input)
    const headers = sign(
      {
        method: 'POST',
        url,
        headers: {
          'content-type': 'application/x-amz-json-1.1',
          'x-amz-target': `${TARGET_PREFIX}.${operation}`,
        },
        body,
      },
      { credentials, region, now: clock.now() },
    )
    const { host: _host, ...sent } = headers
    const limit = new AbortController()
    const disarm = clock.after(CALL_TIMEOUT_MS, () =>
      limit.abort(new Error(`${operation} was not answered in time`)),
    )
    try {
      const answer = await fetch(url, {
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
