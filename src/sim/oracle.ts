/** What is durable, kept beside the server from the very bytes on its disk: what every answer and report is judged by. */
import type { LoggedChange } from '#store/log.ts'
import type { Change, Table } from '#store/store.ts'

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
    const [table, key, kind] = change
    const rows = this.#tables.get(table) ?? new Map<string, object>()
    this.#tables.set(table, rows)
    const before = rows.get(key)
    const after =
      kind === 'delete' ? undefined : kind === 'put' ? change[3] : patched(before, change)
    if (after) rows.set(key, after)
    else rows.delete(key)
    return { table, key, before, after }
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
