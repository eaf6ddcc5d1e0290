/** Time, as every room sees it. Only `server/system.ts` and `agent/` hold the real one; `sim/` a virtual one. */
export interface Clock {
  /** Milliseconds since the Unix epoch. */
  now(): number
  /** Calls `run` once after `ms`, unless the returned function is called before. */
  after(ms: number, run: () => void): () => void
  /** Resolves after `ms`; rejects at once with the signal's reason when `signal` aborts. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
}
