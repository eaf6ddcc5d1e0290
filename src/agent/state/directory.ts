/** The agent's data directory is one agent's: the kernel holds the lock, so one whose process died is nobody's. */
import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, realpathSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'

const COMMAND_MAX = 300
const ID_HEX_DIGITS = 16
const SQLITE_BUSY = 5

/** A lock that nobody refers to would be let go of. */
const held = new Set<DatabaseSync>()

export type DataDirectory = {
  /** Tells this directory from a copy of it, on this machine or another. */
  readonly id: string
  /** False once the lock's file was moved or removed: another agent could take the directory then. */
  readonly isHeld: () => boolean
  /** For another agent of this process; a process that ends lets go of it by itself. */
  readonly release: () => void
}

/** Takes the directory for this process; throws where another agent has it, and says which. */
export function takeDirectory(path: string): DataDirectory {
  mkdirSync(path, { recursive: true, mode: 0o700 })
  const holder = join(path, 'agent.holder')
  // SQLite's lock on an empty file is one of the kernel's, and ends with the process however that ends.
  const lockPath = join(path, 'agent.lock')
  const lock = new DatabaseSync(lockPath)
  try {
    lock.exec('BEGIN EXCLUSIVE')
  } catch (error) {
    lock.close()
    if ((error as { errcode?: number }).errcode !== SQLITE_BUSY) throw error
    throw new Error(
      `another agent has the data directory ${path}: ${heldBy(holder)}. Stop that one, or give this one a directory of its own (--data)`,
      { cause: error },
    )
  }
  try {
    const command = process.argv.join(' ').slice(0, COMMAND_MAX)
    writeFileSync(holder, `process ${process.pid} (${command})\n`, { mode: 0o600 })
  } catch {
    // On a full disk a refusal names nobody; it holds all the same.
  }
  held.add(lock)
  const release = (): void => {
    held.delete(lock)
    lock.close()
  }
  const file = fileAt(lockPath)
  return { id: idOf(path), isHeld: () => file !== undefined && fileAt(lockPath) === file, release }
}

/** Which file it is, by whatever name. */
function fileAt(path: string): string | undefined {
  const found = statSync(path, { throwIfNoEntry: false })
  return found && `${found.dev} ${found.ino}`
}

function heldBy(holder: string): string {
  try {
    return readFileSync(holder, 'utf8').trim() || 'a process'
  } catch {
    return 'a process'
  }
}

/** What a copy does not have: the path, the device and the inode. A disk that was cloned has them too. */
function idOf(path: string): string {
  const { dev, ino } = statSync(path)
  const place = `${realpathSync(path)} ${dev} ${ino}`
  return createHash('sha256').update(place).digest('hex').slice(0, ID_HEX_DIGITS)
}
