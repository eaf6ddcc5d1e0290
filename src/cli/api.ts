/** Signed ECS calls with the first account's root keys: what `up` and `down` need of the API, through its front door. */
import { sign } from '#agent/sign.ts'

import { UserError } from './user-error.ts'

export type Credentials = { readonly accessKeyId: string; readonly secretAccessKey: string }
export type Api = <Answer>(operation: string, input: object) => Promise<Answer>

const TARGET = 'AmazonEC2ContainerServiceV20141113'

export function ecsApi(endpoint: string, region: string, credentials: Credentials): Api {
  return async <Answer>(operation: string, input: object): Promise<Answer> => {
    const url = `${endpoint}/`
    const body = JSON.stringify(input)
    const headers = sign(
      {
        method: 'POST',
        url,
        headers: {
          'content-type': 'application/x-amz-json-1.1',
          'x-amz-target': `${TARGET}.${operation}`,
        },
        body,
      },
      { region, credentials, now: Date.now() },
    )
    const response = await fetch(url, { method: 'POST', headers, body })
    const answer = (await response.json()) as Answer & { readonly message?: string }
    if (!response.ok)
      throw new UserError(`${operation} failed: ${answer.message ?? response.status}`)
    return answer
  }
}
