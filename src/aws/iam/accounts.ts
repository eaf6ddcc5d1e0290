/** Makes accounts and keys, and resets accounts: what the operator's command line asks for. */
import type { Ids } from '#kernel/ids.ts'
import type { Account, Keys, Wanted } from '#room/guard.ts'
import { OperatorError } from '#room/operator.ts'
import { bury } from '#store/graves.ts'
import type { Sealer } from '#store/seal.ts'
import type { Read, Write } from '#store/store.ts'

import { accessKeys, type AccessKey, accounts, tenantOf } from './records.ts'

export type Making = { readonly ids: Ids; readonly sealer: Sealer; readonly now: number }

const ACCOUNT_ID = /^\d{12}$/
const ACCESS_KEY_ID = /^\w{16,128}$/
const SECRET_MIN = 8

/** A new account with one key pair of its root user. */
export function createAccount(tx: Write, wanted: Wanted, making: Making): Keys {
  const accountId = wanted.accountId ?? freshAccountId(making.ids)
  if (!ACCOUNT_ID.test(accountId))
    throw new OperatorError(`an account id has 12 digits: ${accountId}`)
  if (tx.get(accounts, accountId)) throw new OperatorError(`account ${accountId} exists already`)
  tx.put(accounts, accountId, { accountId, generation: 0, createdAt: making.now })
  return addKey(tx, accountId, { type: 'root' }, wanted, making)
}

/** The oldest keys of an account's root user, to be said again; of the account that was made first where none is named. */
export function rootKeysOf(tx: Read, wanted: string | undefined, sealer: Sealer): Keys {
  const accountId = wanted ?? accountIds(tx)[0]
  if (accountId === undefined) throw new OperatorError('there is no account yet')
  if (!tx.get(accounts, accountId)) throw new OperatorError(`there is no account ${accountId}`)
  const [first] = [...tx.scan(accessKeys)]
    .map(({ row }) => row)
    .filter((row) => row.accountId === accountId && row.holder.type === 'root')
    .toSorted((one, other) => one.createdAt - other.createdAt)
  if (!first) throw new OperatorError(`account ${accountId} has no root keys`)
  const { accessKeyId, secret } = first
  return { accountId, accessKeyId, secretAccessKey: sealer.open(secret) }
}

/** In the order in which they were made. */
export const accountsOf = (tx: Read): Account[] =>
  [...tx.scan(accounts)]
    .toSorted((one, other) => one.row.createdAt - other.row.createdAt)
    .map(({ row }) => ({ accountId: row.accountId, tenant: tenantOf(row) }))

export function accountIds(tx: Read): string[] {
  return [...tx.scan(accounts)]
    .toSorted((one, other) => one.row.createdAt - other.row.createdAt)
    .map(({ key }) => key)
}

/**
 * Empties an account at once, whatever it holds: its records' keys start with another word from now on. Its keys
 * stay good, and what it ran is stopped in the background.
 */
export function resetAccount(tx: Write, accountId: string, now: number): void {
  const account = tx.get(accounts, accountId)
  if (!account) throw new OperatorError(`there is no account ${accountId}`)
  bury(tx, { accountId, tenant: tenantOf(account), at: now })
  tx.put(accounts, accountId, { ...account, generation: account.generation + 1 })
}

export function addKey(
  tx: Write,
  accountId: string,
  holder: AccessKey['holder'],
  wanted: Wanted,
  { ids, sealer, now }: Making,
): Keys {
  const accessKeyId = wanted.accessKeyId ?? `AKIA${ids.hex(16).toUpperCase()}`
  const secretAccessKey = wanted.secretAccessKey ?? ids.hex(40)
  if (!ACCESS_KEY_ID.test(accessKeyId))
    throw new OperatorError('an access key id has 16 to 128 letters, digits and underscores')
  if (secretAccessKey.length < SECRET_MIN)
    throw new OperatorError(`a secret access key has at least ${SECRET_MIN} characters`)
  if (tx.get(accessKeys, accessKeyId))
    throw new OperatorError(`access key ${accessKeyId} exists already`)
  tx.put(accessKeys, accessKeyId, {
    accessKeyId,
    secret: sealer.seal(secretAccessKey),
    accountId,
    holder,
    createdAt: now,
  })
  return { accountId, accessKeyId, secretAccessKey }
}

/** Twelve digits, the first not zero, as AWS's are. */
function freshAccountId(ids: Ids): string {
  return String(100_000_000_000 + Math.floor(ids.random() * 900_000_000_000))
}
