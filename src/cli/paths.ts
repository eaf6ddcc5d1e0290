import { userInfo } from 'node:os'
import { isAbsolute, join, resolve } from 'node:path'

import { UserError } from './user-error.ts'

type Environment = Readonly<Record<string, string | undefined>>

/** Where Berth keeps its state on this machine. */
export function dataDirectory(
  given: string | undefined,
  environment: Environment = process.env,
): string {
  if (given) return resolve(given)
  return join(ofUser(environment, 'XDG_DATA_HOME', '.local/share'), 'berth')
}

/** Where this user's keys are. */
export function configFolder(environment: Environment = process.env): string {
  return join(ofUser(environment, 'XDG_CONFIG_HOME', '.config'), 'berth')
}

/** As the XDG rules have it, a folder that is empty or relative is not set: keys would be wherever the user happens to be. */
function ofUser(environment: Environment, name: string, inHome: string): string {
  return absolute(environment[name]) ?? join(absolute(environment['HOME']) ?? home(), inHome)
}

const absolute = (path: string | undefined): string | undefined =>
  path !== undefined && isAbsolute(path) ? path : undefined

function home(): string {
  try {
    return userInfo().homedir
  } catch {
    throw new UserError('this user has no home folder: set HOME')
  }
}
