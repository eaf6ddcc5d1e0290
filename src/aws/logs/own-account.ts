import type { Caller } from '#kernel/principal.ts'

import { invalidParameter } from './names.ts'

/** Accounts do not watch each other here: asking for another's groups is refused, and for one's own changes nothing. */
export function ownAccountOnly(
  caller: Caller,
  input: {
    readonly accountIdentifiers?: readonly string[] | undefined
    readonly includeLinkedAccounts?: boolean | undefined
  },
): void {
  if (input.includeLinkedAccounts)
    throw invalidParameter(
      'Linked accounts are not available in this release of Berth: includeLinkedAccounts.',
    )
  if (input.accountIdentifiers?.some((id) => id !== caller.accountId))
    throw invalidParameter(
      'Linked accounts are not available in this release of Berth: accountIdentifiers.',
    )
}
