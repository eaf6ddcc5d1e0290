/**
 * AWS IAM. This build has accounts, their root keys and machine keys, which the operator's command line makes; users,
 * roles and policies come with a later release, and until then every operation says 501.
 */
import type { Room } from '#room/room.ts'

import { accountsOf, createAccount } from './accounts.ts'
import { authorize } from './authorize.ts'
import { credentialsOf } from './credentials.ts'
import type { Hosts } from './hosts-port.ts'
import { operatorOf } from './operator.ts'
import * as records from './records.ts'

export type IamOptions = {
  /** Whether the operator lets accounts be emptied. */
  readonly allowReset?: boolean
}

export const iam = (hosts: Hosts, { allowReset = false }: IamOptions = {}): Room => ({
  service: 'iam',
  operations: {},
  records: { accounts: records.accounts, accessKeys: records.accessKeys },
  guard: ({ store, sealer }) => ({
    credential: credentialsOf({ store, sealer, hosts }),
    authorize,
    accounts: accountsOf,
    found: (tx, wanted, { ids, now }) => createAccount(tx, wanted, { ids, now, sealer }),
    sealed: (tx) => [...tx.scan(records.accessKeys)][0]?.row.secret,
  }),
  start: (tools) => ({ operator: operatorOf(tools, hosts, allowReset) }),
})
