/**
 * How a room finds among its own payloads, which nobody else understands. Its module is loaded by the thread that
 * reads, by its address: so there is one thread for all rooms, and this room knows none of them.
 */
export type Matcher = {
  readonly matches: (payload: Buffer) => boolean
  /** Steps that it takes at most for one byte; none for what is as fast as reading. */
  readonly stepsPerByte: number
}

export type Compile = (match: string) => Matcher

/** Written as `{ module: import.meta.url, compile }` by the module that exports this very `compile`. */
export type Matching = { readonly module: string; readonly compile: Compile }
