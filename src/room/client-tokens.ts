/** Client tokens: what a request has made once is what it made, however often it is sent. */
import type { Fault } from '#kernel/fault.ts'
import { canonicalJson, fingerprint } from '#kernel/fingerprint.ts'
import type { Reconciler } from '#reconcile/reconciler.ts'
import { sweeper } from '#reconcile/sweeper.ts'
import { type Table, table, timeIndex, type Write } from '#store/store.ts'

import { joined } from './keys.ts'
import type { Tools } from './room.ts'

type Row<Made> = Made & { readonly requestHash: string; readonly at: number }

type Request = {
  /** Nothing is remembered of a request without one. */
  readonly token: string | undefined
  /** The key of what tokens are good in, such as a cluster. */
  readonly within: string
  /** Operations that share a room's tokens are told apart; one may go without. */
  readonly operation?: string
  /** All that it asks, but for the token. */
  readonly asks: object
  readonly now: number
}

/** How a room refuses a token. */
type Words<Made> = {
  readonly max: number
  readonly malformed: (max: number) => Fault
  /** Another request has used it, and made this. */
  readonly conflict: (made: Made) => Fault
}

type Remembered<Made> = {
  /** What the same request has made before. */
  readonly made: Made | undefined
  readonly remember: (made: Made) => void
}

/** The client tokens of a room, in the table of this name. `Made` is what it keeps of what was made. */
export function clientTokensOf<Made extends object>(name: string): ClientTokens<Made> {
  const rows = table<Row<Made>>(name)
  const byAge = timeIndex(rows, 'age', ({ at }) => at)
  return {
    table: rows,
    sweeper: (tools, keptMs) => sweeper(tools, { name, byTime: byAge, keptMs }),
    of(tx, { token, within, operation, asks, now }, { max, malformed, conflict }) {
      if (token === undefined) return { made: undefined, remember: () => undefined }
      if (token.length > max || !VISIBLE.test(token)) throw malformed(max)
      const requestHash = hashOf(asks)
      // A token may hold slashes, and be called as an operation is.
      const key =
        operation === undefined ? `${within}/${token}` : joined(`${within}/${operation}`, token)
      const made = tx.get(rows, key)
      if (made && made.requestHash !== requestHash) throw conflict(made)
      return { made, remember: (what) => tx.put(rows, key, { ...what, requestHash, at: now }) }
    },
  }
}

type ClientTokens<Made> = {
  readonly table: Table<Row<Made>>
  readonly sweeper: (tools: Tools, keptMs: number) => Reconciler
  readonly of: (tx: Write, request: Request, words: Words<Made>) => Remembered<Made>
}

const VISIBLE = /^[!-~]+$/

/** What tells one request from another. */
export const hashOf = (asks: object): string => fingerprint(canonicalJson(asks))
