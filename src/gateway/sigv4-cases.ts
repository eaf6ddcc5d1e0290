/** Checks one recorded signing case with the server's own verifier: `berth tool sigv4`. */
import { GATEWAY_LIMITS } from './limits.ts'
import { readRequest } from './request.ts'
import { Refusal, refusalFault } from './signature/refusal.ts'
import { verify } from './sigv4.ts'

/** A case as AWS's signing test suite has it, flattened into one JSON line. */
export type SigningCase = {
  readonly id: string
  readonly context: {
    readonly credentials: {
      readonly access_key_id: string
      readonly secret_access_key: string
      readonly token?: string
    }
    readonly normalize: boolean
    readonly service: string
    readonly timestamp: string
  }
  readonly signed: {
    readonly method: string
    readonly target: string
    readonly headers: readonly (readonly [string, string])[]
    readonly body: string
  }
}

/** `id ok`, or `id CODE message` in the words of the JSON protocols. */
export function verifyCase(line: string): string {
  const { id, context, signed } = JSON.parse(line) as SigningCase
  const { credentials } = context
  try {
    verify({
      request: readRequest({ ...signed, body: Buffer.from(signed.body) }, GATEWAY_LIMITS),
      service: context.service,
      now: Date.parse(context.timestamp),
      pathRule: context.normalize ? 'normalized' : 'unnormalized',
      find: (accessKeyId) =>
        accessKeyId === credentials.access_key_id
          ? { secretAccessKey: credentials.secret_access_key, sessionToken: credentials.token }
          : undefined,
    })
    return `${id} ok`
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    const fault = refusalFault(error, 'json-1.1', context.service)
    return `${id} ${fault.code} ${fault.message}`
  }
}
