/** Finds the secret and the principal of an access key. Opened secrets are kept while their record stays the same. */
import { hostKeys } from '#aws/ecs/records.ts'
import { accessKeys, type AccessKey, accounts, tenantOf } from '#aws/iam/records.ts'
import type { Credential } from '#gateway/gateway.ts'
import type { Principal } from '#kernel/principal.ts'
import type { Sealer } from '#store/seal.ts'
import type { Read, Store } from '#store/store.ts'

const OPENED_MAX = 10_000

export function credentialsOf(
  store: Store,
  sealer: Sealer,
): (accessKeyId: string) => Credential | undefined {
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
        principal: principalOf(tx, row),
        tenant: tenantOf(account),
      }
    })
}

function principalOf(tx: Read, { accountId, holder }: AccessKey): Principal {
  if (holder.type === 'root') return { type: 'root', accountId }
  const bound = tx.get(hostKeys, `${accountId}/${holder.hostId}`)
  return {
    type: 'host',
    accountId,
    hostId: holder.hostId,
    containerInstanceArn: bound?.containerInstanceArn,
  }
}
