import { readlink, realpath } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'

/** As many as the kernel follows. */
const LINKS_MAX = 40

/** Where a path leads, through every symbolic link. What is not there yet is where its parent leads. */
export async function realPath(path: string, left = LINKS_MAX): Promise<string> {
  if (left === 0) throw new Error(`too many symbolic links: ${path}`)
  try {
    return await realpath(path)
  } catch (error) {
    if (!/^(ENOENT|ENOTDIR)$/.test((error as NodeJS.ErrnoException).code ?? '')) throw error
  }
  const parent = await realPath(dirname(path), left)
  const here = join(parent, basename(path))
  // It may lead to what is not there yet.
  const target = await readlink(here).catch(() => undefined)
  return target === undefined ? here : realPath(resolve(parent, target), left - 1)
}
