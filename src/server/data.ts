/** The data directory: what is in it, and the key that is not. */
import { createHash, randomBytes } from 'node:crypto'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  writeFileSync,
} from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'

import { SEAL_KEY_BYTES, Sealer } from '#store/seal.ts'

import { ConfigError } from './config.ts'

export type DataPaths = {
  readonly root: string
  readonly state: string
  /** The folder of log events. */
  readonly logs: string
  /** The folder of what services were. */
  readonly history: string
  /** The operator's socket. */
  readonly socket: string
  readonly rootKeys: string
  readonly serverPid: string
}

export function dataPaths(root: string): DataPaths {
  return {
    root,
    state: join(root, 'state.db'),
    logs: join(root, 'logs'),
    history: join(root, 'history'),
    socket: join(root, 'admin.sock'),
    rootKeys: join(root, 'root-keys.json'),
    serverPid: join(root, 'server.pid'),
  }
}

/** Makes the directory, for its owner only. */
export function prepareData(root: string): DataPaths {
  mkdirSync(root, { recursive: true, mode: 0o700 })
  chmodSync(root, 0o700)
  return dataPaths(realpathSync(root))
}

/** Tells this Berth's containers from another's on the same engine: made once, kept with the data. */
export function installationId(root: string): string {
  const file = join(root, 'installation-id')
  if (!existsSync(file)) writeFileSync(file, `${randomBytes(8).toString('hex')}\n`, { mode: 0o600 })
  return readFileSync(file, 'utf8').trim()
}

/** The key file of a data directory, when the operator names none. */
export function defaultSealKeyFile(root: string, configHome: string | undefined): string {
  const id = createHash('sha256').update(root).digest('hex').slice(0, 16)
  return join(configHome ?? join(homedir(), '.config'), 'berth', 'keys', `${id}.key`)
}

/** Opens the sealer; makes its key where the data is new, and never where data exists that another key sealed. */
export function openSealer(paths: DataPaths, keyFile: string): Sealer {
  if (realParent(keyFile).startsWith(`${paths.root}/`) || realParent(keyFile) === paths.root)
    throw new ConfigError(
      'the seal key must be outside the data directory, or a copy of the data is a copy of the secrets',
    )
  if (!existsSync(keyFile)) {
    if (existsSync(paths.state))
      throw new ConfigError(
        `the key of this data directory is missing: ${keyFile}. Put it back, or name it by --seal-key`,
      )
    mkdirSync(dirname(keyFile), { recursive: true, mode: 0o700 })
    writeFileSync(keyFile, `${randomBytes(SEAL_KEY_BYTES).toString('base64')}\n`, {
      mode: 0o600,
      flag: 'wx',
    })
  }
  const key = Buffer.from(readFileSync(keyFile, 'utf8').trim(), 'base64')
  if (key.length !== SEAL_KEY_BYTES) throw new ConfigError(`${keyFile} is not a seal key`)
  return new Sealer(key)
}

function realParent(file: string): string {
  const parent = dirname(file)
  return existsSync(parent) ? realpathSync(parent) : parent
}
