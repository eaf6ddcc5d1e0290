import type { Clock } from '#kernel/clock.ts'
import type { Ids } from '#kernel/ids.ts'
import type { Log } from '#kernel/log.ts'

import { Backoff } from './backoff.ts'
import { CallFault } from './control-plane.ts'
import { Slots } from './slots.ts'
import { nextReport, type Report } from './tasks/report.ts'
import type { KnownTask } from './tasks/task.ts'

const SUBMISSIONS_AT_ONCE = 10
const RETRY = { minMs: 1000, maxMs: 30_000, factor: 1.3, jitter: 0.2 }

export type ReporterOptions = {
  readonly clock: Clock
  readonly ids: Ids
  readonly log: Log
  readonly signal: AbortSignal
  readonly task: (arn: string) => KnownTask | undefined
  readonly submit: (report: Report) => Promise<void>
  readonly acknowledged: (arn: string, report: Report) => void
}

/** Brings what is new of the tasks to the control plane: in order for each task, some tasks at a time. */
export class Reporter {
  readonly #options: ReporterOptions
  readonly #slots = new Slots(SUBMISSIONS_AT_ONCE)
  readonly #busy = new Set<string>()

  constructor(options: ReporterOptions) {
    this.#options = options
  }

  /** Something about this task may be new. */
  poke(arn: string): void {
    if (this.#busy.has(arn) || this.#options.signal.aborted) return
    const task = this.#options.task(arn)
    if (!task || !nextReport(task)) return
    this.#busy.add(arn)
    void this.#report(arn)
  }

  async #report(arn: string): Promise<void> {
    const { task, acknowledged, signal, log } = this.#options
    try {
      for (;;) {
        // Read anew each time: the task moves on while a report is on its way.
        const known = task(arn)
        const report = known && nextReport(known)
        if (!report || signal.aborted) return
        await this.#slots.run(() => this.#submit(report))
        if (!signal.aborted) acknowledged(arn, report)
      }
    } catch (error) {
      if (!signal.aborted) log.error('reporting ended', { task: arn, error: String(error) })
    } finally {
      this.#busy.delete(arn)
    }
  }

  /** Tries until the control plane has taken it. What it refuses for good is given up, and said. */
  async #submit(report: Report): Promise<void> {
    const { clock, ids, signal, submit, log } = this.#options
    const backoff = new Backoff(RETRY, ids)
    while (!signal.aborted) {
      try {
        await submit(report)
        return
      } catch (error) {
        log.warn('cannot report a task', { task: report.task, error: String(error) })
        if (error instanceof CallFault && !error.again) return
        await clock.sleep(backoff.nextMs(), signal)
      }
    }
  }
}
