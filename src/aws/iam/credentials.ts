/** Finds the secret and the principal of an access key. Opened secrets are kept while their record stays the same. */
import type { Credential, Principal } from '#kernel/principal.ts'
import type { Sealer } from '#store/seal.ts'
import type { Read, Store } from '#store/store.ts'

import type { Hosts } from './hosts-port.ts'
import { accessKeys, type AccessKey, accounts, tenantOf } from './records.ts'

const OPENED_MAX = 10_000

type Outside = { readonly store: Store; readonly sealer: Sealer; readonly hosts: Hosts }

export function credentialsOf({
  store,
  sealer,
  hosts,
}: Outside): (accessKeyId: string) => Credential | undefined {
  const opened = new Map<string, { readonly row: AccessKey; readonly secret: string }>()
  const secretOf = (row: AccessKey): string => {
    const known = opened.get(row.accessKeyId)
    if (known?.row === row) return known.secret
    if (opened.size >= OPENED_MAX) opened.clear()
    const secret = sealer.open(row.secret)
    opened.set(row.accessKeyId, { row, secret })
    return secret
  }
  return (accessKeyId) =>
    store.read((tx) => {
      const row = tx.get(accessKeys, accessKeyId)
      const account = row && tx.get(accounts, row.accountId)
      if (!row || !account) return undefined
      return {
        secretAccessKey: secretOf(row),
        principal: principalOf(tx, row, hosts),
        tenant: tenantOf(account),
      }
    })
}

function principalOf(tx: Read, { accountId, holder }: AccessKey, hosts: Hosts): Principal {
  if (holder.type === 'root') return { type: 'root', accountId }
  return {
    type: 'host',
    accountId,
    hostId: holder.hostId,
    containerInstanceArn: hosts.containerInstanceOf(tx, accountId, holder.hostId),
  }
}
