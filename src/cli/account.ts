/** `berth account` and `berth host`: keys, printed so that a shell can take them. */
import type { Keys } from '#server/keys.ts'

import { ask } from './admin-client.ts'
import { quoted } from './called.ts'
import { dataDirectory } from './paths.ts'
import { UserError } from './user-error.ts'

type Data = { readonly data?: string }

export async function create(
  options: Data & {
    readonly id?: string
    readonly accessKeyId?: string
    readonly secretAccessKey?: string
  },
): Promise<void> {
  const { id: accountId, accessKeyId, secretAccessKey } = options
  const wanted = { accountId, accessKeyId, secretAccessKey }
  print(await ask<Keys>(dataDirectory(options.data), '/account/create', wanted))
}

/** An account's root keys again; those of the first account where none is named. */
export const readKeys = (data: string, accountId?: string): Promise<Keys> =>
  ask<Keys>(data, '/account/keys', { accountId })

export async function keys(accountId: string | undefined, options: Data): Promise<void> {
  print(await readKeys(dataDirectory(options.data), accountId))
}

export async function reset(accountId: string, options: Data): Promise<void> {
  await ask(dataDirectory(options.data), '/account/reset', { accountId })
  console.log(`account ${accountId} is empty`)
}

export async function createHost(
  hostId: string,
  options: Data & { readonly account?: string },
): Promise<void> {
  const data = dataDirectory(options.data)
  const accountId =
    options.account ?? (await ask<{ accounts: string[] }>(data, '/status')).accounts[0]
  if (!accountId) throw new UserError('there is no account yet')
  print(await ask<Keys>(data, '/host/create', { accountId, hostId }))
}

function print({ accountId, accessKeyId, secretAccessKey }: Keys): void {
  console.log(`# account ${accountId}`)
  console.log(`export AWS_ACCESS_KEY_ID=${quoted(accessKeyId)}`)
  console.log(`export AWS_SECRET_ACCESS_KEY=${quoted(secretAccessKey)}`)
}
