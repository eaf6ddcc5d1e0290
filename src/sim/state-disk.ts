/** The disk under the server's log: a crash leaves what was synced, and of the rest as much as had reached it. */
import type { LoggedChange, LogSink, SnapshotWriter, StateLog } from '#store/log.ts'

import type { Life } from './life.ts'
import type { Rng } from './rng.ts'
import type { Weather } from './weather.ts'

export const DISK_FAILURE = 'the pretended disk failed'
export type Kept = { readonly revision: number; readonly changes: string }

export type StateDiskOptions = {
  readonly rng: Rng
  readonly weather: () => Pick<Weather, 'syncMs' | 'syncFails'>
  /** Told of each commit in the instant in which nothing can lose it any more, before anybody else is. */
  readonly durable: (commit: Kept) => void
}

export class StateDisk {
  readonly #options: StateDiskOptions
  #snapshot: { readonly revision: number; readonly rows: readonly string[] } | undefined
  #synced: Kept[] = []
  #unsynced: Kept[] = []

  constructor(options: StateDiskOptions) {
    this.#options = options
  }

  /** The process ended. Commits reach the disk in order, so what is left of the unsynced ones is a beginning of them. */
  crash(): void {
    const left = this.#options.rng.between(0, this.#unsynced.length)
    this.#becameDurable(left)
    this.#unsynced = []
  }

  /** The log of one life of the server: what an ended life says is not heard. */
  open(life: Life): StateLog {
    const { rng, weather } = this.#options
    let durable: (revision: number) => void = () => undefined
    let failed: (error: Error) => void = () => undefined
    let isSyncing = false
    let isBroken = false
    const isDone = (): boolean => life.over || isBroken || this.#unsynced.length === 0
    const sync = (): void => {
      if (isSyncing || isBroken || this.#unsynced.length === 0) return
      isSyncing = true
      const batch = this.#unsynced.length
      const fails = rng.chance(weather().syncFails)
      life.clock.after(rng.between(...weather().syncMs), () => {
        isSyncing = false
        isBroken = fails
        if (fails) return failed(new Error(DISK_FAILURE))
        durable(this.#becameDurable(batch))
        sync()
      })
    }
    return {
      load: (sink) => this.#load(sink),
      append: (revision, changes) => {
        if (life.over || isBroken) return
        this.#unsynced.push({ revision, changes })
        sync()
      },
      listen: (told, broken) => {
        durable = told
        failed = broken
      },
      snapshot: (revision) => this.#snapshotOf(revision, life),
      close: async () => {
        while (!isDone()) await life.clock.sleep(1)
      },
    }
  }

  async #load(sink: LogSink): Promise<number> {
    for (const text of this.#snapshot?.rows ?? [])
      sink.row(...(JSON.parse(text) as [string, string, object]))
    for (const { revision, changes } of this.#synced)
      sink.commit(revision, JSON.parse(changes) as LoggedChange[])
    return this.#synced.at(-1)?.revision ?? this.#snapshot?.revision ?? 0
  }

  #becameDurable(count: number): number {
    const batch = this.#unsynced.splice(0, count)
    for (const commit of batch) {
      this.#synced.push(commit)
      this.#options.durable(commit)
    }
    return this.#synced.at(-1)?.revision ?? this.#snapshot?.revision ?? 0
  }

  #snapshotOf(revision: number, life: Life): SnapshotWriter {
    const { rng, weather } = this.#options
    const rows: string[] = []
    const write = (): Promise<void> => life.clock.sleep(rng.between(...weather().syncMs))
    return {
      rows: async (slice) => {
        for (const row of slice) rows.push(JSON.stringify(row))
        await write()
      },
      end: async () => {
        await write()
        this.#snapshot = { revision, rows }
        this.#synced = this.#synced.filter((kept) => kept.revision > revision)
      },
    }
  }
}
