/** Signed ECS calls with the first account's root keys: what `up` and `down` need of the API, through its front door. */
import { connectionError } from '#agent/connection-error.ts'
import { signedJson } from '#agent/sign.ts'

import { UserError } from './user-error.ts'

/** Every operation that `up` and `down` use answers at once. */
const CALL_TIMEOUT_MS = 60_000

export type Credentials = { readonly accessKeyId: string; readonly secretAccessKey: string }
/** No answer came, or a part of one: nobody knows whether the call was taken. */
export class NoAnswer extends UserError {}

export type Api = <Answer>(operation: string, input: object) => Promise<Answer>

export function ecsApi(endpoint: string, region: string, credentials: Credentials): Api {
  return async <Answer>(operation: string, input: object): Promise<Answer> => {
    const signer = { endpoint, region, credentials, now: Date.now() }
    const { url, headers, body } = signedJson(operation, input, signer)
    const signal = AbortSignal.timeout(CALL_TIMEOUT_MS)
    const noAnswer = (error: unknown): never => {
      throw new NoAnswer(`${operation} failed: ${connectionError(error, endpoint).message}`)
    }
    const response = await fetch(url, { method: 'POST', headers, body, signal }).catch(noAnswer)
    const text = await response.text().catch(noAnswer)
    const answer = JSON.parse(text) as Answer & { readonly message?: string }
    if (!response.ok)
      throw new UserError(`${operation} failed: ${answer.message ?? response.status}`)
    return answer
  }
}
