/**
 * HTTP's pipelining, held to a few. Node stops reading a connection once answers wait in it to be sent; of requests whose
 * answers are not there yet it reads as many as come. No client of AWS's sends a second one before it has its answer.
 */
const UNANSWERED_MAX = 16

type Connection = { readonly destroy: () => unknown }
type Response = { readonly once: (event: 'close', heard: () => void) => unknown }

export class Pipelines {
  readonly #unanswered = new WeakMap<Connection, number>()

  /** Whether the request may be answered: one too many ends its connection. */
  take(connection: Connection, response: Response): boolean {
    const before = this.#unanswered.get(connection) ?? 0
    if (before >= UNANSWERED_MAX) {
      connection.destroy()
      return false
    }
    this.#unanswered.set(connection, before + 1)
    // Which comes when its last byte has gone: an answer that is not read counts on.
    response.once('close', () =>
      this.#unanswered.set(connection, (this.#unanswered.get(connection) ?? 1) - 1),
    )
    return true
  }
}
