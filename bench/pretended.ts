/** What benches of many pretended hosts have in common: the process of the hosts, and a look from outside at the server's thread. */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'

import { systemClock } from '#system/system.ts'

import { ask, type Target } from './load.ts'
import type { Answer, Order } from './pretended-hosts.ts'

const LOOK_MS = 100
const PROBE_MS = 5

/** The hosts' process. What it is told is done when it answers. */
export function pretendedHosts(): {
  readonly give: (order: Order) => Promise<Answer>
  readonly end: () => void
} {
  const hosts = fork(join(import.meta.dirname, 'pretended-hosts.ts'), {
    execArgv: ['--disable-warning=ExperimentalWarning'],
  })
  return {
    give: async (order) => {
      hosts.send(order)
      const [answer] = (await once(hosts, 'message')) as [Answer]
      return answer
    },
    end: () => hosts.disconnect(),
  }
}

/**
 * Asks something cheap again and again: the longest wait for an answer is at least the longest time for which the
 * server's thread was held, and what the answer itself takes and the neighbours on the processor come on top.
 */
export class Probe {
  readonly #times: number[] = []
  #isOver = false
  readonly #ended: Promise<void>

  constructor(target: Target) {
    this.#ended = this.#run(target)
  }

  async #run(target: Target): Promise<void> {
    while (!this.#isOver) {
      const begin = performance.now()
      await ask(target, 'ListClusters', {})
      this.#times.push(performance.now() - begin)
      await systemClock.sleep(PROBE_MS)
    }
  }

  async end(): Promise<{ readonly longestMs: number; readonly p99Ms: number }> {
    this.#isOver = true
    await this.#ended
    const times = this.#times.toSorted((one, other) => one - other)
    return { longestMs: times.at(-1) ?? 0, p99Ms: times[Math.floor(times.length * 0.99)] ?? 0 }
  }
}

/** Resolves with how many seconds it took. */
export async function until(is: () => Promise<boolean>): Promise<number> {
  const begin = performance.now()
  while (!(await is())) await systemClock.sleep(LOOK_MS)
  return (performance.now() - begin) / 1000
}
