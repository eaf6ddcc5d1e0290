/** What the scheduler knows beside the records: the moment, fresh ids, and what other services of AWS will tell it. */
import type { Ids } from '#kernel/ids.ts'

import type { Task } from '../records/records.ts'

export type World = {
  readonly now: number
  readonly ids: Ids
  /** How long a host may be out of reach before its tasks are replaced; absent, they never are. */
  readonly lostAfterMs?: number | undefined
  readonly signals?: Signals | undefined
  /** How many tasks may start or stop in this transaction, where they are to be fewer than usual. */
  readonly tasksPerStep?: number | undefined
}

/** Ports of what does not exist yet: until metrics and load balancers do, nothing that needs them can be configured. */
export type Signals = {
  /** Those of the alarms that are in ALARM. */
  readonly alarms: (names: readonly string[]) => readonly string[]
  /** What the task's load balancers say of it; nothing where it has none. */
  readonly target: (task: Task) => 'HEALTHY' | 'UNHEALTHY' | 'UNKNOWN' | undefined
}
