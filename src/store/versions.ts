/**
 * Which version the rows of each table have. Rows of an older version are upgraded when they are loaded, all of a table at
 * once, and the commit that says so is the border in the journal: what is before it is replayed in the old shape, and what
 * is after it in the new one.
 */
import { LogError } from './log.ts'
import { table, tableNames, versionOf } from './table.ts'

/** The version that the rows of a table have, by the table's name; of one that is not here it is 1. */
export const versions = table<{ readonly version: number }>('store.versions')

export type Upgrade = { readonly table: string; readonly from: number; readonly to: number }

/** What is to be done to rows whose versions are `kept`. Throws where a later release wrote some. */
export function upgradesOf(kept: (tableName: string) => number): Upgrade[] {
  return tableNames().flatMap((name) => {
    const [from, to] = [kept(name), versionOf(name)]
    if (from > to)
      throw new LogError(
        `this data was written by a later release of Berth: ${name} has version ${from}, and this release knows ${to}. Start that release, or put back a backup of before`,
      )
    return from < to ? [{ table: name, from, to }] : []
  })
}
