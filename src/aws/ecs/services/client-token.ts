/** Requests that make something of a service once, however often they are sent. */
import { hashOf } from '#room/client-tokens.ts'
import type { Context } from '#room/operation.ts'
import type { Write } from '#store/store.ts'

import { clusterKey, invalidParameter, malformedToken } from '../names/names.ts'
import { clientTokens, type Cluster } from '../records/records.ts'

const TOKEN_MAX = 36

/** What tells one request from another: all that it asks, but for the token. */
export const requestHash = (cluster: Cluster, input: object): string =>
  hashOf(asked(cluster, input))

const asked = (cluster: Cluster, input: object): object => ({
  ...input,
  cluster: cluster.clusterName,
  clientToken: undefined,
})

/** What the same request has made before; `made` remembers it. A token that another request has used is refused. */
export function clientToken(
  tx: Write,
  cluster: Cluster,
  operation: keyof typeof MADE_BY,
  input: { readonly clientToken?: string | undefined },
  { now }: Context,
): { readonly arn: string | undefined; readonly made: (arn: string) => void } {
  const { made, remember } = clientTokens.of(
    tx,
    {
      token: input.clientToken,
      within: clusterKey(cluster, cluster.clusterName),
      operation,
      asks: asked(cluster, input),
      now,
    },
    { max: TOKEN_MAX, malformed: malformedToken, conflict: () => notIdempotent(operation) },
  )
  return { arn: made?.taskArns[0], made: (arn) => remember({ taskArns: [arn] }) }
}

const MADE_BY = { CreateService: 'service', CreateTaskSet: 'task set' } as const

export const notIdempotent = (operation: keyof typeof MADE_BY) =>
  invalidParameter(`Creation of ${MADE_BY[operation]} was not idempotent.`)
