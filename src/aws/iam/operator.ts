/** `berth account` and `berth host`: accounts, and the machine keys of their hosts. */
import type { Wanted } from '#room/guard.ts'
import { type Operator, OperatorError } from '#room/operator.ts'
import type { Tools } from '#room/room.ts'
import type { Read } from '#store/store.ts'

import { accountIds, createAccount, resetAccount, rootKeysOf } from './accounts.ts'
import { createHostKey, hostAccessKeys, revokeHostKeys } from './host-keys.ts'
import type { Hosts } from './hosts-port.ts'

type Outside = Pick<Tools, 'store' | 'clock' | 'ids' | 'sealer'>

export function operatorOf(outside: Outside, hosts: Hosts, allowReset: boolean): Operator {
  const { store, sealer, clock, ids } = outside
  const making = () => ({ ids, sealer, now: clock.now() })
  const boundTo = (tx: Read, accountId: string, hostId: string) => ({
    containerInstanceArn: hosts.containerInstanceOf(tx, accountId, hostId),
  })
  return {
    status: (tx) => ({ accounts: accountIds(tx) }),
    commands: {
      '/account/create': (asked) =>
        store.write((tx) => createAccount(tx, asked as Wanted, making())),
      '/account/keys': ({ accountId }) =>
        store.read((tx) => rootKeysOf(tx, accountId as string | undefined, sealer)),
      '/account/reset': async ({ accountId }) => {
        if (!allowReset)
          throw new OperatorError(
            'this server does not reset accounts: start it with --allow-reset',
          )
        await store.write((tx) => resetAccount(tx, String(accountId), clock.now()))
        return { accountId }
      },
      '/host/create': ({ accountId, hostId }) =>
        store.write((tx) => createHostKey(tx, String(accountId), String(hostId), making())),
      /** Each machine key of an account, and the container instance that it is good for. */
      '/host/list': ({ accountId }) =>
        store.read((tx) => ({
          hosts: hostAccessKeys(tx, String(accountId)).map(
            ({ accessKeyId, createdAt, holder: { hostId } }) => ({
              hostId,
              accessKeyId,
              createdAt,
              ...boundTo(tx, String(accountId), hostId),
            }),
          ),
        })),
      '/host/rotate': ({ accountId, hostId }) =>
        store.write((tx) => {
          const [account, host] = [String(accountId), String(hostId)]
          revokeHostKeys(tx, account, host)
          hosts.endConnections(tx, account, host, clock.now())
          return createHostKey(tx, account, host, making())
        }),
      '/host/revoke': ({ accountId, hostId }) =>
        store.write((tx) => {
          const [account, host] = [String(accountId), String(hostId)]
          const revoked = revokeHostKeys(tx, account, host)
          hosts.endConnections(tx, account, host, clock.now())
          return { revoked, ...boundTo(tx, account, host) }
        }),
    },
  }
}
