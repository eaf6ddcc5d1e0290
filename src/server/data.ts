/** The data directory: what is in it. The key that seals its secrets is not: `seal-key.ts`. */
import { randomBytes } from 'node:crypto'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'

import { ConfigError } from './config.ts'

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

/** A small file of the owner's alone: all of it is there, or nothing, whatever happens meanwhile. */
export function writeWhole(file: string, text: string): void {
  const whole = `${file}.new`
  writeFileSync(whole, text, { mode: 0o600, flush: true })
  renameSync(whole, file)
}

const ID_BYTES = 8

/** Tells this Berth's containers from another's on the same engine: made once, kept with the data. */
export function installationId(root: string): string {
  const file = join(root, 'installation-id')
  // A name that is empty would be everybody's.
  if (!existsSync(file)) writeWhole(file, `${randomBytes(ID_BYTES).toString('hex')}\n`)
  const id = readFileSync(file, 'utf8').trim()
  if (!/^[0-9a-f]{16}$/.test(id))
    throw new ConfigError(
      `${file} is damaged: it must have ${2 * ID_BYTES} hex digits, which are in the label berth.installation of this host's containers. Write them there again, or restore the file from a backup.`,
    )
  return id
}
