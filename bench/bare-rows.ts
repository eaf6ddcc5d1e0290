/** Rows of a journal as Berth's own, in a folder of its own, each as long as what RunTask writes. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { SqliteLog } from '#store/sqlite-log.ts'

const ROW_CHARACTERS = 1350
const ROW = JSON.stringify([['t', 'k', 'put', { text: 'x'.repeat(ROW_CHARACTERS) }]])

export class BareRows {
  readonly #directory: string
  readonly #log: SqliteLog
  readonly #waiting: (() => void)[] = []
  #appended = 0
  #durable = 0

  private constructor(directory: string) {
    this.#directory = directory
    this.#log = new SqliteLog(join(directory, 'state.db'))
  }

  static async open(): Promise<BareRows> {
    const rows = new BareRows(mkdtempSync(join(tmpdir(), 'berth-bench-rows-')))
    await rows.#log.load({ row: () => {}, commit: () => {} })
    rows.#log.listen(
      (revision) => {
        for (const done of rows.#waiting.splice(0, revision - rows.#durable)) done()
        rows.#durable = revision
      },
      (error) => {
        throw error
      },
    )
    return rows
  }

  /** Resolves when one more is durable. */
  append(): Promise<void> {
    this.#log.append((this.#appended += 1), ROW)
    return new Promise((done) => this.#waiting.push(done))
  }

  async close(): Promise<void> {
    await this.#log.close()
    rmSync(this.#directory, { recursive: true })
  }
}
