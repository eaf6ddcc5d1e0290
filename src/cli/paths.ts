import { homedir } from 'node:os'
import { join, resolve } from 'node:path'

/** Where Berth keeps its state on this machine. */
export function dataDirectory(given: string | undefined): string {
  if (given) return resolve(given)
  const home = process.env['XDG_DATA_HOME'] ?? join(homedir(), '.local', 'share')
  return join(home, 'berth')
}
