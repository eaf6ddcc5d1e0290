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

type OfHost = Data & { readonly account?: string }

export async function createHost(hostId: string, options: OfHost): Promise<void> {
  print(await askOfHost<Keys>('/host/create', options, { hostId }))
}

/** One line a machine key: the host, the key, when it was made, and what it is good for. */
export async function listHosts(options: OfHost): Promise<void> {
  const { hosts } = await askOfHost<{ hosts: readonly HostLine[] }>('/host/list', options)
  if (hosts.length === 0) return console.log('no host has a key: make one with berth host create')
  for (const { hostId, accessKeyId, createdAt, containerInstanceArn } of hosts) {
    const made = new Date(createdAt).toISOString().slice(0, 10)
    console.log(`${hostId}  ${accessKeyId}  ${made}  ${containerInstanceArn ?? 'never registered'}`)
  }
}

/** The host's old keys end with what is open; its containers run on while it has none. */
export async function rotateHost(hostId: string, options: OfHost): Promise<void> {
  print(await askOfHost<Keys>('/host/rotate', options, { hostId }))
}

export async function revokeHost(hostId: string, options: OfHost): Promise<void> {
  const { containerInstanceArn } = await askOfHost<{ containerInstanceArn?: string }>(
    '/host/revoke',
    options,
    { hostId },
  )
  console.log(`host ${hostId} has no key any longer; its containers run on`)
  if (containerInstanceArn)
    console.log(
      `to give its tasks up: aws ecs deregister-container-instance --force --cluster ${containerInstanceArn.split('/')[1]} --container-instance ${containerInstanceArn}`,
    )
}

type HostLine = {
  readonly hostId: string
  readonly accessKeyId: string
  readonly createdAt: number
  readonly containerInstanceArn?: string
}

async function askOfHost<Answer>(
  path: string,
  options: OfHost,
  more: object = {},
): Promise<Answer> {
  const data = dataDirectory(options.data)
  const accountId =
    options.account ?? (await ask<{ accounts: string[] }>(data, '/status')).accounts[0]
  if (!accountId) throw new UserError('there is no account yet')
  return ask<Answer>(data, path, { accountId, ...more })
}

function print({ accountId, accessKeyId, secretAccessKey }: Keys): void {
  console.log(`# account ${accountId}`)
  console.log(`export AWS_ACCESS_KEY_ID=${quoted(accessKeyId)}`)
  console.log(`export AWS_SECRET_ACCESS_KEY=${quoted(secretAccessKey)}`)
}
