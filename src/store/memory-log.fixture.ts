/** A log that keeps commits as long as the process: for tests, the simulation, and servers that forget on purpose. */
import type { LoggedChange, LogSink, SnapshotWriter, StateLog } from './log.ts'

type Kept = { readonly revision: number; readonly changes: string }

export class MemoryLog implements StateLog {
  #kept: Kept[] = []
  #snapshot: { revision: number; rows: string[] } | undefined
  #durable: (revision: number) => void = () => {}
  #due = false

  async load(sink: LogSink): Promise<number> {
    for (const text of this.#snapshot?.rows ?? []) {
      const [table, key, row] = JSON.parse(text) as [string, string, object]
      sink.row(table, key, row)
    }
    for (const { revision, changes } of this.#kept)
      sink.commit(revision, JSON.parse(changes) as LoggedChange[])
    return this.#kept.at(-1)?.revision ?? this.#snapshot?.revision ?? 0
  }

  append(revision: number, changes: string): void {
    this.#kept.push({ revision, changes })
    if (this.#due) return
    this.#due = true
    // Durable only after the current turn, as with a disk: an answer that leaves too early is caught.
    queueMicrotask(() => {
      this.#due = false
      this.#durable(this.#kept.at(-1)?.revision ?? revision)
    })
  }

  listen(durable: (revision: number) => void): void {
    this.#durable = durable
  }

  snapshot(revision: number): SnapshotWriter {
    const rows: string[] = []
    return {
      rows: async (slice) => {
        for (const row of slice) rows.push(JSON.stringify(row))
      },
      end: async () => {
        this.#snapshot = { revision, rows }
        this.#kept = this.#kept.filter((kept) => kept.revision > revision)
      },
    }
  }

  async close(): Promise<void> {}
}
