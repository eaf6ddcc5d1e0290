/**
 * How often a service is looked at while much happens to it: several times at once, so that the end of a task and its
 * replacement never wait, and then in a pace, because each look sees all of its tasks and has to leave room for others.
 */

/** Looks that may follow each other at once. */
const LOOKS_AT_ONCE = 8
/** Where all goes well, one look is made in the time of so many, and at least one in the time that follows. */
const LOOKS_SPARED = 50
const SPARED_MS_MAX = 5_000
/** A small service has no pace. */
const TASKS_WITHOUT_PAUSE = 100
/** How long each task above those keeps back the next look. */
const PAUSE_PER_TASK_MS = 0.1

type Paid = {
  readonly at: number
  readonly pause: number
  readonly lookedAt: number
  readonly againAt: number
}

export class Pace {
  /** By service: when all looks that it had would have been in their pace. Absent where it has none. */
  readonly #paidAt = new Map<string, Paid>()
  /** Services of which something happened that cannot wait, since they were last looked at. */
  readonly #urgent = new Set<string>()

  /** Something happened to the service that may have to be made good. */
  hurry(service: string): void {
    this.#urgent.add(service)
  }

  /** In how many milliseconds the service may be looked at. */
  wait(service: string, now: number): number {
    const paid = this.#paidAt.get(service)
    if (!paid) return 0
    const { at, pause, lookedAt, againAt } = paid
    const soonest = at - pause * LOOKS_AT_ONCE
    const spared = lookedAt + Math.min(pause * LOOKS_SPARED, SPARED_MS_MAX)
    const from = this.#urgent.has(service) ? soonest : Math.max(soonest, Math.min(spared, againAt))
    return Math.max(0, Math.ceil(from - now))
  }

  /**
   * It was looked at, so many tasks were seen, and in `again` milliseconds time will have changed something. Returns in
   * how many to look again where nothing else changes: each task has a moment of its own at which it counts as healthy,
   * and a look sees many of them.
   */
  looked(service: string, tasks: number, now: number, again?: number): number | undefined {
    this.#urgent.delete(service)
    const pause = Math.max(0, tasks - TASKS_WITHOUT_PAUSE) * PAUSE_PER_TASK_MS
    if (pause === 0) this.#paidAt.delete(service)
    else {
      const at = Math.max(this.#paidAt.get(service)?.at ?? 0, now) + pause
      const againAt = again === undefined ? Infinity : now + Math.max(again, pause * LOOKS_AT_ONCE)
      this.#paidAt.set(service, { at, pause, lookedAt: now, againAt })
    }
    return again === undefined ? undefined : Math.max(again, pause * LOOKS_AT_ONCE)
  }
}
