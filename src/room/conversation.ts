/** Connections that stay open: on which path, with whom, and what is said. */
import type { Caller } from '#kernel/principal.ts'

/** A connection that stays open, whatever carries it. */
export interface Socket {
  send(text: string): void
  close(code: number, reason: string): void
  /** How many characters wait to be sent: a peer that does not read is let go. */
  readonly waiting: number
  onMessage(hear: (text: string) => void): void
  onClose(hear: (code: number, reason: string) => void): void
}

/** Refuses a connection before it is opened: the HTTP status and the JSON body. */
export type Refused = { readonly status: number; readonly body: string }

/** A path on which callers talk for long whose request is signed for the room's service. */
export type Conversation = {
  readonly path: string
  /** Says no, or how to go on once the connection is open. */
  readonly open: (target: string, caller: Caller) => Refused | ((socket: Socket) => void)
}
