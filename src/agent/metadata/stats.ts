import type { Clock } from '#kernel/clock.ts'
import { keepNewest } from '#kernel/newest.ts'

import type { Engine } from '../engine.ts'

const SECOND_MS = 1000
/** A measurement that is older says nothing of now. */
const BEFORE_MS_MAX = 60_000
/** Containers whose last measurement is kept. */
const SAMPLES_MAX = 1000

type Raw = Readonly<Record<string, unknown>>
type Sample = { readonly at: number; readonly raw: Raw }

/** Docker's counters of a container, with what they were before: from two of them everybody makes rates. */
export class StatsReader {
  readonly #engine: Engine
  readonly #clock: Clock
  readonly #before = new Map<string, Sample>()

  constructor(engine: Engine, clock: Clock) {
    this.#engine = engine
    this.#clock = clock
  }

  /** `null` for a container that does not run, as Amazon's agent has it. */
  async read(containerId: string | undefined): Promise<object | null> {
    if (containerId === undefined) return null
    let before = this.#before.get(containerId)
    if (!before || this.#clock.now() - before.at > BEFORE_MS_MAX) {
      before = await this.#measure(containerId)
      await this.#clock.sleep(SECOND_MS)
    }
    const now = before && (await this.#measure(containerId))
    if (!now || !before) return null
    this.#keep(containerId, now)
    return {
      ...now.raw,
      preread: before.raw['read'],
      precpu_stats: before.raw['cpu_stats'],
      network_rate_stats: rates(before, now),
    }
  }

  async #measure(containerId: string): Promise<Sample | undefined> {
    const stats = await this.#engine.stats(containerId)
    return stats && { at: this.#clock.now(), raw: stats.raw }
  }

  #keep(containerId: string, sample: Sample): void {
    this.#before.delete(containerId)
    this.#before.set(containerId, sample)
    keepNewest(this.#before, SAMPLES_MAX)
  }
}

function rates(before: Sample, now: Sample): object | null {
  const seconds = (now.at - before.at) / SECOND_MS
  const rate = (counter: string) => (total(now.raw, counter) - total(before.raw, counter)) / seconds
  if (!now.raw['networks'] || seconds <= 0) return null
  return { rx_bytes_per_sec: rate('rx_bytes'), tx_bytes_per_sec: rate('tx_bytes') }
}

function total({ networks }: Raw, counter: string): number {
  const all = Object.values(
    (networks ?? {}) as Readonly<Record<string, Readonly<Record<string, number>>>>,
  )
  return all.reduce((sum, one) => sum + (one[counter] ?? 0), 0)
}
