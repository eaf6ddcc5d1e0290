/**
 * The credentials of task roles. They are in memory only: after a restart of the agent the control plane pushes them
 * again, and until then containers are asked to wait.
 */
import type { AcsRoleCredentials } from '#wire/task.ts'

import type { HttpAnswer, HttpQuestion } from '../host.ts'
import type { Part } from '../part.ts'
import { isStopped, type KnownTask } from '../tasks/task.ts'
import { json } from './answers.ts'

export class CredentialStore implements Part {
  readonly #byId = new Map<string, AcsRoleCredentials>()

  put(credentials: AcsRoleCredentials): void {
    this.#byId.set(credentials.credentialsId, credentials)
  }

  get(credentialsId: string): AcsRoleCredentials | undefined {
    return this.#byId.get(credentialsId)
  }

  /** Of a task that is over nobody may act any more. */
  taskChanged(_arn: string, task: KnownTask | undefined): void {
    if (task?.credentialsId !== undefined && isStopped(task)) this.#byId.delete(task.credentialsId)
  }
}

const V1_PATH = '/v1/credentials'
const V2_PATH = /^\/v2\/credentials(?:\/(.*))?$/

/** `undefined` for another path. */
export function credentialsAnswer(
  { method, path, query }: HttpQuestion,
  store: CredentialStore,
  tasks: ReadonlyMap<string, KnownTask>,
): HttpAnswer | undefined {
  const second = V2_PATH.exec(path)
  if (!second && path !== V1_PATH) return undefined
  const name = second ? 'CredentialsV2Request' : 'CredentialsV1Request'
  if (method !== 'GET') return refusal(405, 'MethodNotAllowed', `${name}: only GET is answered`)
  const id = second ? second[1] : query.get('id')
  if (!id) return refusal(400, 'NoIdInRequest', `${name}: No ID in the request`)
  const known = [...tasks.values()].some(({ credentialsId }) => credentialsId === id)
  if (!known) return refusal(400, 'InvalidIdInRequest', `${name}: Credentials not found`)
  const credentials = store.get(id)
  if (!credentials)
    return refusal(503, 'CredentialsUninitialized', `${name}: Credentials uninitialized for ID`)
  return json(200, {
    RoleArn: credentials.roleArn,
    AccessKeyId: credentials.accessKeyId,
    SecretAccessKey: credentials.secretAccessKey,
    Token: credentials.sessionToken,
    Expiration: credentials.expiration,
  })
}

function refusal(status: number, code: string, message: string): HttpAnswer {
  return json(status, { code, message, HTTPErrorCode: status })
}
