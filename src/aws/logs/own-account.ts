import type { Caller } from '#kernel/principal.ts'

import { unavailable } from './unbuilt.ts'

/** Accounts do not watch each other here: asking for another's groups is refused, and for one's own changes nothing. */
export function ownAccountOnly(
  caller: Caller,
  input: {
    readonly accountIdentifiers?: readonly string[] | undefined
    readonly includeLinkedAccounts?: boolean | undefined
  },
): void {
  if (input.includeLinkedAccounts) throw unavailable('Linked accounts are', 'includeLinkedAccounts')
  if (input.accountIdentifiers?.some((id) => id !== caller.accountId))
    throw unavailable('Linked accounts are', 'accountIdentifiers')
}
