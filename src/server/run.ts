/** Runs a control plane on this machine until it is told to end: files, sockets, signals, and the order of it all. */
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { hostname } from 'node:os'

import { accountIds, createAccount, type Keys } from '#aws/iam/accounts.ts'
import { accounts, tenantOf } from '#aws/iam/records.ts'
import { LOG_FILES, logStorage } from '#aws/logs/storage.ts'
import { Files } from '#files/files.ts'
import type { Log } from '#kernel/log.ts'
import type { Caller } from '#kernel/principal.ts'
import { SqliteLog } from '#store/sqlite-log.ts'
import { systemClock, systemIds } from '#system/system.ts'

import { serveAdmin } from './admin.ts'
import { checkConfig, type ServerConfig } from './config.ts'
import { type DataPaths, prepareData } from './data.ts'
import { historyFiles } from './history/history.ts'
import { SealKey } from './seal-key.ts'
import { Server } from './server.ts'
import { endpointHost, readTls, type Tls } from './tls.ts'

export type RunningServer = {
  readonly endpoint: string
  readonly paths: DataPaths
  readonly close: () => Promise<void>
}

/** `fatal` is told when the server cannot go on. */
export async function runServer(
  config: ServerConfig,
  log: Log,
  fatal: (error: Error) => void,
  environment: { readonly configHome?: string | undefined; readonly version: string },
): Promise<RunningServer> {
  checkConfig(config)
  const tls = readTls(config)
  const paths = prepareData(config.dataDirectory)
  const sealKey = SealKey.open(paths, config.sealKeyFile, environment.configHome)
  const { sealer } = sealKey
  const scheme = config.tls ? 'https' : 'http'
  const ports = { clock: systemClock, ids: systemIds, log, sealer, scheme, fatal } as const
  const files = new Files(paths.root, log, fatal)
  const storages = { logs: logStorage(files.open(LOG_FILES)) }
  const stateLog = new SqliteLog(paths.state)
  const { lostHostAfterSeconds: lost } = config
  const policy = lost === undefined ? {} : { lostHostAfterMs: lost * 1000 }
  const { rates, historyDays: days, historyBytes } = config
  const history = { storage: files.open(historyFiles(historyBytes)), days }
  const server = await Server.open({ ...ports, rates, policy, stateLog, storages, history }).catch(
    async (error: unknown) => {
      await storages.logs.close()
      await history.storage.close()
      throw error
    },
  )
  try {
    sealKey.prove(server.store)
    // A cluster that its users deleted later does not come back.
    if (await firstAccount(server, paths, config, { sealer, log }))
      await defaultCluster(server, config.region)
    const about = { version: environment.version, sealKeyFile: sealKey.file }
    return await listen(server, paths, { ...config, tls }, about, { ...ports, policy })
  } catch (error) {
    // Whoever asked is told; nothing of a half-started server may stay behind and hold the data.
    await server.close()
    throw error
  }
}

type Ports = Pick<Parameters<typeof serveAdmin>[1], 'clock' | 'ids' | 'sealer' | 'policy'> & {
  readonly log: Log
}

async function listen(
  server: Server,
  paths: DataPaths,
  config: Omit<ServerConfig, 'tls'> & { readonly tls: Tls | undefined },
  { version, sealKeyFile }: { readonly version: string; readonly sealKeyFile: string },
  ports: Ports,
): Promise<RunningServer> {
  const { log } = ports
  const { host, tls } = config
  const http = await server.gateway.listen({ host, port: config.port, ...(tls && { tls }) })
  const { port } = http.address() as AddressInfo
  const name = endpointHost(host, tls?.certificate, hostname())
  const endpoint = `${tls ? 'https' : 'http'}://${name}:${port}`
  writeFileSync(paths.port, `${port}\n`)
  rmSync(paths.socket, { force: true })
  const admin = await serveAdmin(paths.socket, {
    store: server.store,
    operations: server.operations,
    gateway: server.gateway,
    history: server.history,
    ...ports,
    allowReset: config.allowReset,
    about: {
      endpoint,
      version,
      pid: process.pid,
      dataDirectory: paths.root,
      settings: { ...config.settings, port, 'seal-key': sealKeyFile },
    },
  })
  const { unwritable } = server.store
  if (unwritable === undefined) writeFileSync(paths.serverPid, `${process.pid}\n`)
  else
    log.error('nothing can be written, only read: make room and start the server again', {
      error: unwritable,
    })
  log.info('the control plane answers', { endpoint })
  return {
    endpoint,
    paths,
    close: async () => {
      await new Promise<void>((done) => {
        admin.close(() => done())
        admin.closeAllConnections()
      })
      await server.close()
      rmSync(paths.serverPid, { force: true })
      log.info('the control plane has ended')
    },
  }
}

/**
 * A new data directory gets its first account. The keys are written for their owner before the account is made, so
 * that a crash in between leaves nothing that nobody has the keys of. True where it was made.
 */
async function firstAccount(
  server: Server,
  paths: DataPaths,
  config: ServerConfig,
  { sealer, log }: Pick<Ports, 'sealer' | 'log'>,
): Promise<boolean> {
  const hasAccount = server.store.read((tx) => [...tx.scan(accounts)].length > 0)
  if (hasAccount) return false
  const kept = existsSync(paths.rootKeys)
    ? (JSON.parse(readFileSync(paths.rootKeys, 'utf8')) as Keys)
    : undefined
  if (kept)
    log.warn('there are root keys of an earlier life here, and no state: this is a new one', {
      state: paths.state,
    })
  const wanted = kept ?? config.firstAccount
  const now = systemClock.now()
  await server.store.write((tx) => {
    const keys = createAccount(tx, wanted, { ids: systemIds, sealer, now })
    writeFileSync(paths.rootKeys, `${JSON.stringify(keys, undefined, 2)}\n`, { mode: 0o600 })
  })
  return true
}

/** What is asked for without a cluster's name is asked of this one: ECS's own tools count on it. */
async function defaultCluster(server: Server, region: string): Promise<void> {
  const account = server.store.read((tx) => tx.get(accounts, accountIds(tx)[0] ?? ''))
  if (!account) return
  const { accountId } = account
  const caller: Caller = {
    accountId,
    tenant: tenantOf(account),
    region,
    principal: { type: 'root', accountId },
    requestId: systemIds.uuid(),
    endpoint: '',
  }
  const now = systemClock.now()
  const create = server.operations.find('ecs', 'CreateCluster')
  await create?.run({ clusterName: 'default' }, caller, now)
}
