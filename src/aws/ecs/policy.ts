/** What the operator decides, and no API asks. */
export type Policy = {
  /**
   * For how long a host may be out of reach before the tasks of services on it are replaced elsewhere. Absent, they never
   * are: nobody but the operator can know that a silent host does not still run them.
   */
  readonly lostHostAfterMs?: number | undefined
  /**
   * Until then nothing is started in the place of tasks that end, because the operator ends them all. Milliseconds since
   * the epoch; written by the operator's socket, and in memory only: a restart acts again.
   */
  haltedUntil?: number
}
