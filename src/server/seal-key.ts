/**
 * The key that seals secrets: a file outside the data directory, named by the key's own fingerprint. The data directory
 * keeps that fingerprint, so that the data may be moved, copied and restored anywhere and still finds its key.
 */
import { createHash, randomBytes } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, realpathSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'

import { SEAL_KEY_BYTES, type Sealed, Sealer } from '#store/seal.ts'

import { ConfigError, readNamed } from './config.ts'
import { type DataPaths, makeFolder, writeWhole } from './data.ts'

const FINGERPRINT_DIGITS = 16

export class SealKey {
  readonly file: string
  readonly sealer: Sealer
  readonly #key: Buffer
  readonly #paths: DataPaths

  private constructor(paths: DataPaths, file: string, key: Buffer) {
    if (key.length !== SEAL_KEY_BYTES) throw new ConfigError(`${file} is not a seal key`)
    this.#paths = paths
    this.#key = key
    this.file = file
    this.sealer = new Sealer(key)
  }

  /**
   * Opens the key that the operator names, or else the one that the data directory names; makes it where the data is new,
   * and never where data exists that another key sealed.
   */
  static open(paths: DataPaths, named: string | undefined, configFolder: string): SealKey {
    const folder = join(configFolder, 'keys')
    if (isWithin(named ?? join(folder, 'any'), paths.root))
      throw new ConfigError(
        'the seal key must be outside the data directory, or a copy of the data is a copy of the secrets',
      )
    const known = fingerprintKept(paths)
    const file = named ?? found(folder, known, paths)
    if (file !== undefined && existsSync(file)) {
      const key = new SealKey(paths, file, decoded(readNamed(file)))
      if (known && key.fingerprint !== known) throw key.#isAnother()
      return key
    }
    if (existsSync(paths.state))
      throw missing(paths, folder, named ?? (known && join(folder, `${known}.key`)))
    return SealKey.#make(paths, named, folder)
  }

  static #make(paths: DataPaths, named: string | undefined, folder: string): SealKey {
    const bytes = randomBytes(SEAL_KEY_BYTES)
    const key = new SealKey(paths, named ?? join(folder, `${fingerprintOf(bytes)}.key`), bytes)
    key.#write(key.file)
    writeWhole(paths.sealKeyId, `${key.fingerprint}\n`)
    return key
  }

  get fingerprint(): string {
    return fingerprintOf(this.#key)
  }

  /** Refuses to go on with data that another key sealed; what this key did seal keeps its fingerprint from now on. */
  prove(sealed: Sealed | undefined): void {
    try {
      if (sealed) this.sealer.open(sealed)
    } catch {
      throw this.#isAnother()
    }
    if (fingerprintKept(this.#paths) === this.fingerprint) return
    // A release before named the file by the path of the data; the data may be moved from now on.
    const lasting = join(dirname(this.file), `${this.fingerprint}.key`)
    if (this.file === formerFile(dirname(this.file), this.#paths.root) && !existsSync(lasting))
      this.#write(lasting)
    writeWhole(this.#paths.sealKeyId, `${this.fingerprint}\n`)
  }

  #write(file: string): void {
    makeFolder(dirname(file))
    writeFileSync(file, `${this.#key.toString('base64')}\n`, { mode: 0o600, flag: 'wx' })
  }

  #isAnother(): ConfigError {
    return new ConfigError(`${this.file} is not the key that sealed this data`)
  }
}

/** The key of this data among those of the user. State that was restored alone names none: the only one there is tried. */
function found(
  folder: string,
  known: string | undefined,
  { root, state }: DataPaths,
): string | undefined {
  const keys = keysIn(folder)
  const own = [...(known ? [join(folder, `${known}.key`)] : []), formerFile(folder, root)]
  const [only] = !known && keys.length === 1 && existsSync(state) ? keys : []
  return own.find((file) => existsSync(file)) ?? (only && join(folder, only))
}

/** What is not there, and what to do about it. */
function missing(
  { root, sealKeyId }: DataPaths,
  folder: string,
  file: string | undefined,
): ConfigError {
  if (file !== undefined)
    return new ConfigError(
      `the key of this data directory is missing: ${file}. Put it back, or name it by --seal-key`,
    )
  const count = keysIn(folder).length
  return new ConfigError(
    `${root} has state.db without ${basename(sealKeyId)}, which says which key sealed it, and ${folder} has ${count === 0 ? 'no key' : `${count} keys`}: put ${basename(sealKeyId)} back, or name the key by --seal-key`,
  )
}

const keysIn = (folder: string): readonly string[] =>
  existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.key')) : []

/** Where the release before kept the key of a data directory. */
function formerFile(folder: string, root: string): string {
  const name = createHash('sha256').update(root).digest('hex').slice(0, FINGERPRINT_DIGITS)
  return join(folder, `${name}.key`)
}

function fingerprintOf(key: Buffer): string {
  return createHash('sha256').update(key).digest('hex').slice(0, FINGERPRINT_DIGITS)
}

function fingerprintKept({ sealKeyId }: DataPaths): string | undefined {
  return existsSync(sealKeyId) ? readFileSync(sealKeyId, 'utf8').trim() : undefined
}

const decoded = (text: string): Buffer => Buffer.from(text.trim(), 'base64')

function isWithin(file: string, root: string): boolean {
  const parent = dirname(file)
  const real = existsSync(parent) ? realpathSync(parent) : parent
  return real === root || real.startsWith(`${root}/`)
}
