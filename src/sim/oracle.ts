/** What is durable, kept beside the server from the very bytes on its disk: what every answer and report is judged by. */
import type { LoggedChange } from '#store/log.ts'
import type { Change, Table } from '#store/store.ts'
import { streamLimit } from '#store/stream.ts'

import type { Kept } from './state-disk.ts'

export class Oracle {
  readonly #tables = new Map<string, Map<string, object>>()
  #revision = 0

  get revision(): number {
    return this.#revision
  }

  get<T>(table: Table<T>, key: string): Readonly<T> | undefined {
    return this.#tables.get(table.name)?.get(key) as T | undefined
  }

  *rows<T>(table: Table<T>): Generator<readonly [key: string, row: Readonly<T>]> {
    yield* (this.#tables.get(table.name) ?? new Map()) as Map<string, T>
  }

  /** Takes a commit, and gives what became of each record. */
  take({ revision, changes }: Kept): readonly Change[] {
    this.#revision = revision
    return (JSON.parse(changes) as LoggedChange[]).map((change) => this.#take(change))
  }

  /** The tables and their rows, in one order: to be compared with what a server has read back. */
  content(): readonly (readonly [table: string, key: string, row: object])[] {
    return [...this.#tables].flatMap(([table, rows]) =>
      [...rows].map(([key, row]) => [table, key, row] as const),
    )
  }

  #take(change: LoggedChange): Change {
    const [table, key] = change
    // A stream only grows: it is heard, and not kept.
    if (streamLimit(table) !== undefined)
      return { table, key, before: undefined, after: this.#after(undefined, change) }
    const rows = this.#tables.get(table) ?? new Map<string, object>()
    this.#tables.set(table, rows)
    const before = rows.get(key)
    const after = this.#after(before, change)
    if (after) rows.set(key, after)
    else rows.delete(key)
    return { table, key, before, after }
  }

  #after(before: object | undefined, change: LoggedChange): object | undefined {
    switch (change[2]) {
      case 'delete':
        return undefined
      case 'put':
        return change[3]
      case 'patch':
        return patched(before, change)
      case 'tell': {
        const [, , , fields, of] = change
        return { ...fields, of, record: this.#tables.get(of[0])?.get(of[1]) }
      }
    }
  }
}

function patched(
  before: object | undefined,
  [, , , set, drop]: readonly [string, string, 'patch', object, readonly string[]],
): object {
  const row: Record<string, unknown> = { ...before, ...set }
  for (const field of drop) delete row[field]
  return row
}
