/** Machine keys: what the operator's command line asks for. A host is known by its id; its access keys come and go. */
import type { Keys } from '#room/guard.ts'
import { OperatorError } from '#room/operator.ts'
import type { Read, Write } from '#store/store.ts'

import { addKey, type Making } from './accounts.ts'
import { accessKeys, type AccessKey, accounts } from './records.ts'

const HOST_ID = /^[\w.-]{1,128}$/

/** A machine key, for one host to join with. */
export function createHostKey(tx: Write, accountId: string, hostId: string, making: Making): Keys {
  if (!tx.get(accounts, accountId)) throw new OperatorError(`there is no account ${accountId}`)
  if (!HOST_ID.test(hostId))
    throw new OperatorError(`a host id has letters, digits, dots and hyphens: ${hostId}`)
  return addKey(tx, accountId, { type: 'host', hostId }, {}, making)
}

export type HostAccessKey = AccessKey & {
  readonly holder: Extract<AccessKey['holder'], { type: 'host' }>
}

/** The machine keys of an account, or those of one of its hosts. */
export function hostAccessKeys(tx: Read, accountId: string, hostId?: string): HostAccessKey[] {
  return [...tx.scan(accessKeys)].flatMap(({ row: { holder, ...key } }) => {
    const isOfIt = key.accountId === accountId && holder.type === 'host'
    return isOfIt && holder.hostId === (hostId ?? holder.hostId) ? [{ ...key, holder }] : []
  })
}

/** Ends all machine keys of a host; how many there were. */
export function revokeHostKeys(tx: Write, accountId: string, hostId: string): number {
  const keys = hostAccessKeys(tx, accountId, hostId)
  if (keys.length === 0)
    throw new OperatorError(`account ${accountId} has no machine key of a host ${hostId}`)
  for (const { accessKeyId } of keys) tx.delete(accessKeys, accessKeyId)
  return keys.length
}
