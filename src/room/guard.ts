/** The room that knows who is who: the server asks it at every door. */
import type { Authorize } from '#kernel/access.ts'
import type { Ids } from '#kernel/ids.ts'
import type { Credential } from '#kernel/principal.ts'
import type { Sealed } from '#store/seal.ts'
import type { Read, Write } from '#store/store.ts'

/** An account as operations see it. */
export type Account = {
  readonly accountId: string
  /** See `Caller.tenant`. */
  readonly tenant: string
}

/** What the operator is given when an account or a machine key is made, and what `root-keys.json` holds. */
export type Keys = {
  readonly accountId: string
  readonly accessKeyId: string
  readonly secretAccessKey: string
}

/** What a new account is to have; what is left out is made up. */
export type Wanted = {
  readonly accountId?: string | undefined
  readonly accessKeyId?: string | undefined
  readonly secretAccessKey?: string | undefined
}

export type Guard = {
  /** Nothing where there is no such key. */
  readonly credential: (accessKeyId: string) => Credential | undefined
  readonly authorize: Authorize
  /** All accounts, in the order in which they were made. */
  readonly accounts: (tx: Read) => readonly Account[]
  /** Makes an account: a new data directory gets its first. */
  readonly found: (
    tx: Write,
    wanted: Wanted,
    moment: { readonly ids: Ids; readonly now: number },
  ) => Keys
  /** Something that is sealed, to prove a key by; nothing where nothing is. */
  readonly sealed: (tx: Read) => Sealed | undefined
}
