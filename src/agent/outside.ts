/**
 * What the agent needs of the world beside its engine, its clock and its chance: calls, connections, and a place for
 * its state (`state/state.ts`). The real ones sign, dial and write files (`main.ts` puts them together); the simulation has its own.
 */
import type { Refusal } from '#wire/refusal.ts'

import type { Credentials } from './sign.ts'

export interface Calls {
  /**
   * Calls an operation of the control plane and gives its answer. Rejects with a `CallFault` when the control plane
   * said no; with anything else when nobody knows whether it was done. In the host's name, or in that of `as`.
   */
  call(operation: string, input: object, as?: Credentials): Promise<unknown>
}

export type Socket = {
  /** A frame that misses its connection is not lost: both sides say again what was not acknowledged. */
  send(frame: string): void
  close(code: number, reason: string): void
}
export type Connection = {
  readonly url: string
  readonly frameBytesMax: number
  /** Ends the connection. */
  readonly signal: AbortSignal
  readonly opened: (socket: Socket) => void
  readonly heard: (frame: string) => void
}
/** How a connection ended. `code` is 1006 where the other side said nothing. */
export type ConnectionEnd = {
  readonly opened: boolean
  readonly code: number
  readonly reason: string
  readonly refusal?: Refusal | undefined
}
/** One connection to the control plane, from its opening to its end. Never rejects. */
export type Connect = (connection: Connection) => Promise<ConnectionEnd>
