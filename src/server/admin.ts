/**
 * What the operator's command line asks of a running server, over a socket in the data directory that only its owner
 * can open: accounts, machine keys, the server's state. No AWS API has these words.
 */
import {
  createServer,
  type IncomingMessage,
  type Server as HttpServer,
  type ServerResponse,
} from 'node:http'

import { endHostConnections, hostKeyOf } from '#aws/ecs/instances/host-keys.ts'
import { containerInstanceArn, taskArn } from '#aws/ecs/names.ts'
import { containerInstances, tasksByInstance } from '#aws/ecs/records.ts'
import {
  AccountError,
  accountIds,
  createAccount,
  resetAccount,
  rootKeysOf,
  type Wanted,
} from '#aws/iam/accounts.ts'
import { createHostKey, hostAccessKeys, revokeHostKeys } from '#aws/iam/host-keys.ts'
import type { Gateway } from '#gateway/gateway.ts'
import type { Clock } from '#kernel/clock.ts'
import type { Ids } from '#kernel/ids.ts'
import type { Policy } from '#room/room.ts'
import { noticesAfter } from '#store/notices.ts'
import type { Sealer } from '#store/seal.ts'
import type { Read, Store } from '#store/store.ts'

import { asEvent } from './event.ts'
import { answerHistory, answerPlan, answerWhy, ExplainError } from './explain.ts'
import type { History } from './history/history.ts'
import type { Operations } from './operations.ts'

export type AdminOptions = {
  readonly store: Store
  readonly sealer: Sealer
  readonly clock: Clock
  readonly ids: Ids
  readonly operations: Operations
  readonly gateway: Pick<Gateway, 'checked'>
  readonly policy: Policy
  readonly history: History | undefined
  readonly allowReset: boolean
  /** What `status` says of the server itself. */
  readonly about: Readonly<Record<string, unknown>>
}

const BODY_MAX = 64 << 10
const NOTICES_PER_ANSWER = 1000
/** Whoever halts the services may be gone before it has ended what it meant to. */
const HALT_MS_MAX = 300_000
type Asked = Readonly<Record<string, unknown>>
type Command = (asked: Asked) => Promise<object> | object

/** Listens on `path`; the folder's mode keeps others out. */
export async function serveAdmin(path: string, options: AdminOptions): Promise<HttpServer> {
  const commands = commandsOf(options)
  const server = createServer((request, response) => void answer(request, response, commands))
  await new Promise<void>((done, fail) => {
    server.once('error', fail)
    server.listen(path, done)
  })
  return server
}

function commandsOf(options: AdminOptions): Readonly<Record<string, Command>> {
  const { store, sealer, clock, ids } = options
  const making = () => ({ ids, sealer, now: clock.now() })
  return {
    '/status': () => status(options),
    '/account/create': (asked) => store.write((tx) => createAccount(tx, asked as Wanted, making())),
    '/account/keys': ({ accountId }) =>
      store.read((tx) => rootKeysOf(tx, accountId as string | undefined, sealer)),
    '/account/reset': async ({ accountId }) => {
      if (!options.allowReset)
        throw new AccountError('this server does not reset accounts: start it with --allow-reset')
      await store.write((tx) => resetAccount(tx, String(accountId), clock.now()))
      return { accountId }
    },
    '/host/create': ({ accountId, hostId }) =>
      store.write((tx) => createHostKey(tx, String(accountId), String(hostId), making())),
    '/host/list': ({ accountId }) => ({ hosts: hostsOf(options, String(accountId)) }),
    '/host/rotate': ({ accountId, hostId }) =>
      store.write((tx) => {
        const [account, host] = [String(accountId), String(hostId)]
        revokeHostKeys(tx, account, host)
        endHostConnections(tx, account, host, clock.now())
        return createHostKey(tx, account, host, making())
      }),
    '/host/revoke': ({ accountId, hostId }) =>
      store.write((tx) => {
        const revoked = revokeHostKeys(tx, String(accountId), String(hostId))
        endHostConnections(tx, String(accountId), String(hostId), clock.now())
        return { revoked, ...boundTo(tx, String(accountId), String(hostId)) }
      }),
    '/why': (asked) => answerWhy(options, asked),
    '/history': (asked) => answerHistory(options, asked),
    '/plan': (asked) => answerPlan(options, asked),
    '/services/halt': ({ ms }) => {
      options.policy.haltedUntil = clock.now() + Math.min(Number(ms) || 0, HALT_MS_MAX)
      return { haltedUntil: options.policy.haltedUntil }
    },
    '/events': ({ after }) => ({
      events: store
        .read((tx) => noticesAfter(tx, Number(after ?? 0), NOTICES_PER_ANSWER))
        .map(({ number, notice }) => ({ number, event: asEvent(notice) })),
    }),
  }
}

/** Each machine key of an account, and the container instance that it is good for. */
function hostsOf({ store }: AdminOptions, accountId: string): object[] {
  return store.read((tx) =>
    hostAccessKeys(tx, accountId).map(({ accessKeyId, createdAt, holder: { hostId } }) => ({
      hostId,
      accessKeyId,
      createdAt,
      ...boundTo(tx, accountId, hostId),
    })),
  )
}

const boundTo = (tx: Read, accountId: string, hostId: string): object => ({
  containerInstanceArn: hostKeyOf(tx, accountId, hostId)?.containerInstanceArn,
})

function status({ store, about }: AdminOptions): object {
  return store.read((tx) => ({
    ...about,
    revision: store.revision,
    accounts: accountIds(tx),
    containerInstances: [...tx.scan(containerInstances)].map(({ row }) => ({
      arn: containerInstanceArn(row),
      status: row.status,
      agentConnected: row.agentConnected,
      runningTasksCount: row.runningTasksCount,
      pendingTasksCount: row.pendingTasksCount,
    })),
    tasks: [...tx.scan(tasksByInstance)].map(({ row }) => ({
      arn: taskArn(row),
      group: row.group,
      lastStatus: row.lastStatus,
      desiredStatus: row.desiredStatus,
    })),
  }))
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  commands: Readonly<Record<string, Command>>,
): Promise<void> {
  const reply = (code: number, body: object): void => {
    response.writeHead(code, { 'content-type': 'application/json' })
    response.end(JSON.stringify(body))
  }
  try {
    const command = commands[request.url ?? '']
    if (!command) return reply(404, { error: `there is no ${request.url}` })
    reply(200, await command(await read(request)))
  } catch (error) {
    const isOurs =
      error instanceof AccountError || error instanceof ExplainError || error instanceof SyntaxError
    reply(isOurs ? 400 : 500, { error: (error as Error).message })
  }
}

async function read(request: IncomingMessage): Promise<Asked> {
  let text = ''
  for await (const part of request) {
    text += String(part)
    if (text.length > BODY_MAX) throw new SyntaxError('the request is too large')
  }
  const asked: unknown = text === '' ? {} : JSON.parse(text)
  return typeof asked === 'object' && asked !== null ? (asked as Asked) : {}
}
