/** Which container instance a host's keys are good for: the operator's questions and orders about it. */
import type { Read, Write } from '#store/store.ts'

import { type HostKey, hostKeys } from '../records.ts'

export const hostKeyOf = (tx: Read, accountId: string, hostId: string): HostKey | undefined =>
  tx.get(hostKeys, `${accountId}/${hostId}`)

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
  if (hostKeyOf(tx, accountId, hostId))
    tx.patch(hostKeys, `${accountId}/${hostId}`, { endedAt: now })
}
