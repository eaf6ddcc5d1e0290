import { lstat, readlink, statfs } from 'node:fs/promises'
import { dirname, join } from 'node:path'

/** As many as the kernel follows. */
const LINKS_MAX = 40
/** What statfs(2) calls the file system of processes, wherever it is mounted. */
const PROC_SUPER_MAGIC = 0x9fa0

/**
 * Where a path leads, through every symbolic link, as the kernel takes it: what comes after a link, `..` too, counts
 * from where that leads. What is not there yet is where its parent leads.
 */
export async function realPath(path: string): Promise<string> {
  const whole = path.startsWith('/') ? path : `${process.cwd()}/${path}`
  const left = partsOf(whole).toReversed()
  let at = '/'
  let links = 0
  for (let part = left.pop(); part !== undefined; part = left.pop()) {
    const next = part === '..' ? dirname(at) : join(at, part)
    const target = part === '..' ? undefined : await linkAt(next)
    if (target === undefined) {
      at = next
      continue
    }
    links += 1
    if (links > LINKS_MAX) throw new Error(`too many symbolic links: ${path}`)
    // They are no texts: each leads whoever follows it elsewhere, and is read as what it is not.
    if ((await statfs(at)).type === PROC_SUPER_MAGIC)
      throw new Error(`it leads through the link ${next} of a process`)
    left.push(...partsOf(target).toReversed())
    if (target.startsWith('/')) at = '/'
  }
  return at
}

const partsOf = (path: string): string[] =>
  path.split('/').filter((part) => part !== '' && part !== '.')

/** What the symbolic link says; `undefined` for what is none, or is not there. */
async function linkAt(path: string): Promise<string | undefined> {
  try {
    return (await lstat(path)).isSymbolicLink() ? await readlink(path) : undefined
  } catch (error) {
    if (/^(ENOENT|ENOTDIR)$/.test((error as NodeJS.ErrnoException).code ?? '')) return undefined
    throw error
  }
}
