/**
 * How often a service is looked at while much happens to it: several times at once, so that the end of a task and its
 * replacement never wait, and then in a pace, because each look sees all of its tasks and has to leave room for others.
 */

/** Looks that may follow each other at once; what can wait is looked at as seldom as if it were one look. */
const LOOKS_AT_ONCE = 8
/** A small service has no pace. */
const TASKS_WITHOUT_PAUSE = 100
/** How long each task above those keeps back the next look. */
const PAUSE_PER_TASK_MS = 0.1

type Paid = { readonly at: number; readonly pause: number; readonly lookedAt: number }

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
    const { at, pause, lookedAt } = paid
    const seldom = pause * LOOKS_AT_ONCE
    const from = at - seldom
    return Math.max(
      0,
      Math.ceil((this.#urgent.has(service) ? from : Math.max(from, lookedAt + seldom)) - now),
    )
  }

  /**
   * It was looked at, and so many tasks were seen. Returns the least time after which to look again where nothing but
   * time changes: each task has a moment of its own at which it counts as healthy, and a look sees many of them.
   */
  looked(service: string, tasks: number, now: number): number {
    this.#urgent.delete(service)
    const pause = Math.max(0, tasks - TASKS_WITHOUT_PAUSE) * PAUSE_PER_TASK_MS
    if (pause === 0) this.#paidAt.delete(service)
    else {
      const at = Math.max(this.#paidAt.get(service)?.at ?? 0, now) + pause
      this.#paidAt.set(service, { at, pause, lookedAt: now })
    }
    return pause * LOOKS_AT_ONCE
  }
}
