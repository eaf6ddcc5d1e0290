/** Accounts and their access keys. Secrets are sealed: nothing that is written to a disk holds them readable. */
import type { Sealed } from '#store/seal.ts'
import { table } from '#store/store.ts'

export type Account = {
  readonly accountId: string
  /** How often the account was reset: its records' keys start with the tenant that this makes. */
  readonly generation: number
  readonly createdAt: number
}

export type AccessKey = {
  readonly accessKeyId: string
  readonly secret: Sealed
  readonly accountId: string
  /** The root user of the account, or a machine that may speak for its own container instance only. */
  readonly holder: { readonly type: 'root' } | { readonly type: 'host'; readonly hostId: string }
  readonly createdAt: number
}

export const accounts = table<Account>('iam.accounts')
export const accessKeys = table<AccessKey>('iam.accessKeys')

/** The first word of all record keys of an account's present life. */
export const tenantOf = ({ accountId, generation }: Account): string =>
  generation === 0 ? accountId : `${accountId}~${generation}`
