/** The data directory: what is in it. The key that seals its secrets is not: `seal-key.ts`. */
import { randomBytes } from 'node:crypto'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'

export type DataPaths = {
  readonly root: string
  readonly state: string
  /** The operator's socket. */
  readonly socket: string
  /** The first account's keys, written before the account is made. */
  readonly rootKeys: string
  /** The fingerprint of the key that sealed `state`. */
  readonly sealKeyId: string
  /** The port of the last server, which the next one takes too. */
  readonly port: string
  /** What the operator sets for good. */
  readonly settings: string
  readonly serverPid: string
}

export function dataPaths(root: string): DataPaths {
  return {
    root,
    state: join(root, 'state.db'),
    socket: join(root, 'admin.sock'),
    rootKeys: join(root, 'root-keys.json'),
    sealKeyId: join(root, 'seal-key-id'),
    port: join(root, 'port'),
    settings: join(root, 'berth.toml'),
    serverPid: join(root, 'server.pid'),
  }
}

/** Makes the directory, for its owner only. */
export function prepareData(root: string): DataPaths {
  makeFolder(root)
  chmodSync(root, 0o700)
  return dataPaths(realpathSync(root))
}

/** With the folders above it. Node's own way to do that never ends where a file system refuses, as /proc does. */
export function makeFolder(path: string): void {
  const above = dirname(path)
  if (above !== path && !existsSync(above)) makeFolder(above)
  try {
    mkdirSync(path, { mode: 0o700 })
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code !== 'EEXIST' || !statSync(path).isDirectory()) throw error
  }
}

/** Tells this Berth's containers from another's on the same engine: made once, kept with the data. */
export function installationId(root: string): string {
  const file = join(root, 'installation-id')
  if (!existsSync(file)) writeFileSync(file, `${randomBytes(8).toString('hex')}\n`, { mode: 0o600 })
  return readFileSync(file, 'utf8').trim()
}
