/** Requests that make something once, however often they are sent. */
import { canonicalJson, fingerprint } from '#kernel/fingerprint.ts'
import type { Context } from '#room/operation.ts'
import type { Write } from '#store/store.ts'

import { clusterKey, invalidParameter } from '../names/names.ts'
import { type Cluster, clientTokens } from '../records/records.ts'

const TOKEN = /^[!-~]{1,36}$/

/** What tells one request from another: all that it asks, but for the token. */
export function requestHash(cluster: Cluster, input: object): string {
  return fingerprint(
    canonicalJson({ ...input, cluster: cluster.clusterName, clientToken: undefined }),
  )
}

/** What the same request has made before; `made` remembers it. A token that another request has used is refused. */
export function clientToken(
  tx: Write,
  cluster: Cluster,
  operation: keyof typeof MADE_BY,
  input: { readonly clientToken?: string | undefined },
  { now }: Context,
): { readonly arn: string | undefined; readonly made: (arn: string) => void } {
  const { clientToken: token } = input
  if (token === undefined) return { arn: undefined, made: () => undefined }
  if (!TOKEN.test(token))
    throw invalidParameter('clientToken must be 1 to 36 characters of ASCII 33-126.')
  const hash = requestHash(cluster, input)
  // No other operation's token can hold this separator.
  const key = `${clusterKey(cluster, cluster.clusterName)}/${operation}\u0001${token}`
  const before = tx.get(clientTokens, key)
  if (before && before.requestHash !== hash) throw notIdempotent(operation)
  return {
    arn: before?.taskArns[0],
    made: (arn) => tx.put(clientTokens, key, { requestHash: hash, taskArns: [arn], at: now }),
  }
}

const MADE_BY = { CreateService: 'service', CreateTaskSet: 'task set' } as const

export const notIdempotent = (operation: keyof typeof MADE_BY) =>
  invalidParameter(`Creation of ${MADE_BY[operation]} was not idempotent.`)
