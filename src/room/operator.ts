/** What the operator's command line asks of a room, over the socket that only the operator can open. No AWS API has these words. */
import type { Read } from '#store/store.ts'

/** The members of the JSON that the command line sent; each command looks at its own. */
export type Asked = Readonly<Record<string, unknown>>

export type Operator = {
  /** By path, such as `/host/create`: no two rooms have the same. */
  readonly commands: Readonly<Record<string, (asked: Asked) => Promise<object> | object>>
  /** What of the room the server's status shows. */
  readonly status?: (tx: Read) => object
}

/** What the operator did wrong, said to the operator. */
export class OperatorError extends Error {
  override name = 'OperatorError'
}
