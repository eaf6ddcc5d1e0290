/** One change of a record, said backwards: with the record as it is now and all that was done since, it is what it was. Pure. */
import { parentOf } from '#room/keys.ts'
import type { Change, Table } from '#store/store.ts'

import { serviceKey, shareOf } from '../names/services.ts'
import { type Task, tasks } from '../records/records.ts'
import { services, serviceTables } from '../records/services.ts'

/** The records that services and their tasks are told by. */
export const TABLES: ReadonlyMap<string, Table<object>> = new Map(
  [...Object.values<Table<object>>(serviceTables), tasks].map((table) => [table.name, table]),
)

export type Undo = {
  /** The key of the service that the record is part of. */
  readonly of: string
  readonly revision: number
  readonly table: string
  readonly key: string
  /** The whole record where there is none now; `null` where there was none. */
  readonly row?: object | null
  /** Fields that were different, and fields that were not there. */
  readonly set?: object
  readonly drop?: readonly string[]
}

/** Nothing for a change that is about no service. */
export function undoOf(revision: number, change: Change): Undo | undefined {
  const { table, key, before, after } = change
  if (!TABLES.has(table)) return undefined
  const of = serviceOf(change)
  if (of === undefined) return undefined
  const what = { of, revision, table, key }
  if (!before) return { ...what, row: null }
  if (!after) return { ...what, row: before }
  const [was, is] = [before, after] as Readonly<Record<string, unknown>>[]
  // Most changes of tasks pass here: no list is made of what is the same.
  const set: Record<string, unknown> = {}
  for (const name in was) if (is?.[name] !== was[name]) set[name] = was[name]
  const drop: string[] = []
  for (const name in is) if (was?.[name] === undefined) drop.push(name)
  return { ...what, set, ...(drop.length > 0 && { drop }) }
}

function serviceOf({ table, key, before, after }: Change): string | undefined {
  if (table === services.name) return key
  if (table !== tasks.name) return parentOf(key)
  const task = (after ?? before) as Task
  const share = shareOf(task)
  return share && serviceKey(task, task.clusterName, share.serviceName)
}

/** The record as it was before the change. */
export function undone(
  row: object | undefined,
  { row: whole, set, drop }: Undo,
): object | undefined {
  if (whole !== undefined) return whole ?? undefined
  const before: Record<string, unknown> = { ...row, ...set }
  for (const name of drop ?? []) delete before[name]
  return before
}
