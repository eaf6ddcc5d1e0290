/**
 * The log file of a process in the background, kept within a limit by that process itself. Everything that the process
 * says goes to the file, its last words before a crash included, so the file stays the same one: what was in it is
 * copied away, and it begins again.
 */
import {
  copyFileSync,
  existsSync,
  fstatSync,
  ftruncateSync,
  renameSync,
  statSync,
  truncateSync,
} from 'node:fs'

import { type Background, logFile } from './process.ts'

const LOG_BYTES_MAX = 10 << 20
/** `server.log.1` is the newest of them. */
const LOGS_KEPT = 3
const STDERR = 2

type Stream = { write(text: string): unknown }

/** Standard error; where that is the process's own log file, within its limit. */
export function ownLog(what: Background): Stream {
  const file = logFile(what)
  return isOwn(file) ? limited(process.stderr, STDERR, file) : process.stderr
}

/** `stream` writes at once, and `descriptor` appends to `file`. */
export function limited(
  stream: Stream,
  descriptor: number,
  file: string,
  bytesMax = LOG_BYTES_MAX,
): Stream {
  let bytes = fstatSync(descriptor).size
  return {
    write(text) {
      stream.write(text)
      bytes += Buffer.byteLength(text)
      if (bytes < bytesMax) return
      setAside(file)
      ftruncateSync(descriptor)
      bytes = 0
    },
  }
}

/** The log of a process that knows no limit and appends to it: within one, as far as it is looked at. */
export function limitOther(file: string, bytesMax = LOG_BYTES_MAX): void {
  if ((statSync(file, { throwIfNoEntry: false })?.size ?? 0) < bytesMax) return
  setAside(file)
  truncateSync(file)
}

function setAside(file: string): void {
  for (let number = LOGS_KEPT; number > 1; number -= 1)
    if (existsSync(`${file}.${number - 1}`))
      renameSync(`${file}.${number - 1}`, `${file}.${number}`)
  copyFileSync(file, `${file}.1`)
}

function isOwn(file: string): boolean {
  if (!existsSync(file)) return false
  const [own, named] = [fstatSync(STDERR), statSync(file)]
  return own.isFile() && own.dev === named.dev && own.ino === named.ino
}
