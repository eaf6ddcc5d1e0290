/**
 * Tenants whose account was reset. Their records are seen by nobody; each room empties its own tables behind them,
 * and what still runs on hosts is told to stop until the hosts confirm it.
 */
import type { Read, Write } from './store.ts'
import { table } from './table.ts'

type Grave = { readonly accountId: string; readonly tenant: string; readonly at: number }
export const graves = table<Grave>('store.graves')

export function bury(tx: Write, grave: Grave): void {
  tx.put(graves, `${grave.accountId}/${grave.tenant}`, grave)
}

/** The account's former tenants, newest first. */
export function gravesOf(tx: Read, accountId: string): string[] {
  return [...tx.scan(graves, { prefix: `${accountId}/`, reverse: true })].map(
    ({ row }) => row.tenant,
  )
}
