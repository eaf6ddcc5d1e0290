/** Runs a control plane on this machine until it is told to end: files, sockets, signals, and the order of it all. */
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { hostname } from 'node:os'

import { Files } from '#files/files.ts'
import type { OpenFiles } from '#files/storage.ts'
import type { Log } from '#kernel/log.ts'
import type { Keys } from '#room/guard.ts'
import { SqliteLog } from '#store/sqlite-log.ts'
import { systemClock, systemIds } from '#system/system.ts'

import { serveAdmin } from './admin.ts'
import { checkConfig, type ServerConfig } from './config.ts'
import { type DataPaths, prepareData, writeWhole } from './data.ts'
import { roomsWith } from './rooms.ts'
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
  environment: { readonly configFolder: string; readonly version: string },
): Promise<RunningServer> {
  checkConfig(config)
  const tls = readTls(config)
  const paths = prepareData(config.dataDirectory)
  const sealKey = SealKey.open(paths, config.sealKeyFile, environment.configFolder)
  const { sealer } = sealKey
  const scheme = config.tls ? 'https' : 'http'
  const ports = { clock: systemClock, ids: systemIds, log, sealer, scheme, fatal } as const
  const files = new Files(paths.root, log, fatal)
  const stateLog = new SqliteLog(paths.state)
  const { lostHostAfterSeconds: lost } = config
  const policy = lost === undefined ? {} : { lostHostAfterMs: lost * 1000 }
  const { rates, historyDays: days, historyBytes: bytes } = config
  const rooms = roomsWith({
    ecs: { policy, history: { days, bytes } },
    iam: { allowReset: config.allowReset },
  })
  const open: OpenFiles = (its) => files.open(its)
  const server = await Server.open({ ...ports, rates, stateLog, rooms, files: open })
  try {
    sealKey.prove(server.store.read(server.guard.sealed))
    await firstAccount(server, paths, config, log)
    const about = { version: environment.version, sealKeyFile: sealKey.file }
    return await listen(server, paths, { ...config, tls }, about, log)
  } catch (error) {
    // Whoever asked is told; nothing of a half-started server may stay behind and hold the data.
    await server.close()
    throw error
  }
}

async function listen(
  server: Server,
  paths: DataPaths,
  config: Omit<ServerConfig, 'tls'> & { readonly tls: Tls | undefined },
  { version, sealKeyFile }: { readonly version: string; readonly sealKeyFile: string },
  log: Log,
): Promise<RunningServer> {
  const { host, tls } = config
  const http = await server.gateway.listen({ host, port: config.port, ...(tls && { tls }) })
  const { port } = http.address() as AddressInfo
  const name = endpointHost(host, tls?.certificate, hostname())
  const endpoint = `${tls ? 'https' : 'http'}://${name}:${port}`
  writeFileSync(paths.port, `${port}\n`)
  rmSync(paths.socket, { force: true })
  const admin = await serveAdmin(paths.socket, {
    store: server.store,
    clock: systemClock,
    operators: server.operators,
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
 * A new data directory gets its first account, and that what the rooms begin it with. The keys are written for their owner
 * before the account is made, so that a crash in between leaves nothing that nobody has the keys of.
 */
async function firstAccount(
  server: Server,
  paths: DataPaths,
  config: ServerConfig,
  log: Log,
): Promise<void> {
  const { store, guard } = server
  if (store.read(guard.accounts).length > 0) return
  const kept = existsSync(paths.rootKeys)
    ? (JSON.parse(readFileSync(paths.rootKeys, 'utf8')) as Keys)
    : undefined
  if (kept)
    log.warn('there are root keys of an earlier life here, and no state: this is a new one', {
      state: paths.state,
    })
  const wanted = kept ?? config.firstAccount
  await store.write((tx) => {
    const keys = guard.found(tx, wanted, { ids: systemIds, now: systemClock.now() })
    writeWhole(paths.rootKeys, `${JSON.stringify(keys, undefined, 2)}\n`)
  })
  const [account] = store.read(guard.accounts)
  if (account) await server.begin(account, config.region)
}
