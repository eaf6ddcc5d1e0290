import { CallFault } from '#agent/control-plane.ts'
import type { Calls } from '#agent/outside.ts'
import { sign, type Credentials } from '#agent/sign.ts'
import type { Clock } from '#kernel/clock.ts'
import { TARGET_PREFIX } from '#wire/calls.ts'

import type { Endpoint, Network, RawRequest } from './network.ts'
import { ENDPOINT, REGION } from './place.ts'

/** Signed calls over the pretended network; what the gateway hears is bytes. */
export function signedCalls(
  network: Network,
  clock: Clock,
  from: Endpoint,
  credentials: Credentials,
): Calls {
  return {
    call: async (operation, input) => {
      const body = JSON.stringify(input)
      const answer = await network.request(from, signed(operation, body, credentials, clock.now()))
      const text = Buffer.from(answer.body).toString()
      const members = JSON.parse(text) as Readonly<Record<string, unknown>>
      if (answer.status === 200) return members
      const { __type = '', message = '' } = members
      throw new CallFault(String(__type).split('#').at(-1) ?? '', String(message), answer.status)
    },
  }
}

function signed(
  operation: string,
  body: string,
  credentials: Credentials,
  now: number,
): RawRequest {
  const headers = sign(
    {
      method: 'POST',
      url: `${ENDPOINT}/`,
      headers: {
        'content-type': 'application/x-amz-json-1.1',
        'x-amz-target': `${TARGET_PREFIX}.${operation}`,
      },
      body,
    },
    { credentials, region: REGION, now },
  )
  return { method: 'POST', target: '/', headers, body: Buffer.from(body) }
}

/** The operation that a request asks for. */
export function operationOf({ headers }: RawRequest): string {
  const target = (headers as Readonly<Record<string, string>>)['x-amz-target'] ?? ''
  return target.slice(TARGET_PREFIX.length + 1)
}
