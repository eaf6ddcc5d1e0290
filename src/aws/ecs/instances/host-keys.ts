/** Which container instance a host's keys are good for: the operator's questions and orders about it. */
import type { Read, Write } from '#store/store.ts'

import { type HostKey, hostKeys } from '../records/records.ts'

const keyOf = (accountId: string, hostId: string): string => `${accountId}/${hostId}`

export const containerInstanceOf = (
  tx: Read,
  accountId: string,
  hostId: string,
): string | undefined => tx.get(hostKeys, keyOf(accountId, hostId))?.containerInstanceArn

/**
 * What is open with the host's keys is closed. The host stays the container instance that it was: with a new key it is
 * that again.
 */
export function endHostConnections(
  tx: Write,
  accountId: string,
  hostId: string,
  now: number,
): void {
  if (tx.get(hostKeys, keyOf(accountId, hostId)))
    tx.patch(hostKeys, keyOf(accountId, hostId), { endedAt: now })
}

/** A machine key is good from now on for this container instance only. */
export function bindHost(tx: Write, bound: Omit<HostKey, 'endedAt'>): void {
  tx.put(hostKeys, keyOf(bound.accountId, bound.hostId), bound)
}
