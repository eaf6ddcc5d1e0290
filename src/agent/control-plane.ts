import {
  readEndpoints,
  readProtection,
  readRegistration,
  readTags,
  type DiscoverPollEndpointAnswer,
  type RegisterContainerInstanceAnswer,
  type RegisterContainerInstanceRequest,
  type SubmitTaskStateChangeRequest,
  type Tag,
  type TaskProtectionAnswer,
  type TaskProtectionRequest,
} from '#wire/calls.ts'
import type { AcsRoleCredentials } from '#wire/task.ts'

import { clockError } from './clock-error.ts'
import type { Calls } from './outside.ts'

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
      status >= 500 ||
      status === 429 ||
      clockError(message) !== undefined ||
      /Throttl|ServerException|TooManyRequests/.test(code)
  }
}

/** The calls of a host, each with its types. Everything but a `CallFault` that is not `again` is worth another try. */
export class ControlPlane {
  readonly #calls: Calls

  constructor(calls: Calls) {
    this.#calls = calls
  }

  async registerContainerInstance(
    request: RegisterContainerInstanceRequest,
  ): Promise<RegisterContainerInstanceAnswer> {
    return readRegistration(await this.#calls.call('RegisterContainerInstance', request), 'answer')
  }

  async discoverPollEndpoint(
    cluster: string,
    containerInstance: string,
  ): Promise<DiscoverPollEndpointAnswer> {
    const request = { cluster, containerInstance, zoneId: '' }
    return readEndpoints(await this.#calls.call('DiscoverPollEndpoint', request), 'answer')
  }

  async submitTaskStateChange(request: SubmitTaskStateChangeRequest): Promise<void> {
    await this.#calls.call('SubmitTaskStateChange', request)
  }

  async listTags(resourceArn: string): Promise<readonly Tag[]> {
    const answer = await this.#calls.call('ListTagsForResource', { resourceArn })
    return readTags(answer, 'answer').tags ?? []
  }

  /** Asks, or says where `protectionEnabled` is set; in the name of the task's own role. */
  async taskProtection(
    input: TaskProtectionRequest,
    role: AcsRoleCredentials,
  ): Promise<TaskProtectionAnswer> {
    const operation =
      input.protectionEnabled === undefined ? 'GetTaskProtection' : 'UpdateTaskProtection'
    const { accessKeyId = '', secretAccessKey = '', sessionToken } = role
    const answer = await this.#calls.call(operation, input, {
      accessKeyId,
      secretAccessKey,
      ...(sessionToken === undefined ? {} : { sessionToken }),
    })
    return readProtection(answer, 'answer')
  }

  async deregisterContainerInstance(cluster: string, containerInstance: string): Promise<void> {
    await this.#calls.call('DeregisterContainerInstance', {
      cluster,
      containerInstance,
      force: true,
    })
  }
}
