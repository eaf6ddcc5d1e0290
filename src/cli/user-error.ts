import { ConfigError } from '#server/config.ts'

/** Something that the user can set right: printed as one line, without a stack. */
export class UserError extends Error {
  override name = 'UserError'
}

const WORDS: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EPERM: 'not permitted',
  EROFS: 'the file system is read-only',
  ENOSPC: 'no space is left on the disk',
  EDQUOT: 'the disk quota is used up',
  ENOENT: 'no such file or folder',
  ENOTDIR: 'a part of the path is a file where a folder should be',
  EEXIST: 'a file is where a folder should be',
  EISDIR: 'a folder is where a file should be',
  ELOOP: 'the path has a circle of links',
  ENAMETOOLONG: 'the path is too long',
  EMFILE: 'too many files are open',
}

/** What the user is told of an error: nothing where it is a mistake of Berth's own, which needs its stack. */
export function wordsFor(error: unknown): string | undefined {
  if (error instanceof UserError || error instanceof ConfigError) return error.message
  const { code, syscall, path, address, port } = error as NodeJS.ErrnoException & {
    readonly address?: string
    readonly port?: number
  }
  if (code === undefined || syscall === undefined) return undefined
  const place = path ?? (address && (port === undefined ? address : `${address}:${port}`))
  // A folder is made only in one that is there.
  if (code === 'ENOENT' && syscall === 'mkdir') return `${place}: no folder can be made there`
  return `${place ?? syscall}: ${WORDS[code] ?? code}`
}
