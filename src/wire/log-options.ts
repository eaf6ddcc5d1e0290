/**
 * What of a host a log driver reaches. The engine itself writes the log and reads the driver's files, as the host's root
 * and in the host's network: what holds the container does not hold these. Pure.
 */

export type Logging = {
  readonly driver: string
  readonly options: Readonly<Record<string, string>>
}
export type LogReach = {
  /** Files that are read and sockets that are written to. */
  readonly paths: readonly string[]
  /** Hosts that are spoken to, by the names that they are given, from the host's own network. */
  readonly servers: readonly string[]
}

const FILES = new Set(['syslog-tls-ca-cert', 'syslog-tls-cert', 'syslog-tls-key', 'splunk-capath'])
const ADDRESS = /(^|-)(address|url|endpoint)$/
/** Where a driver writes that is given no address. */
const USUAL: ReadonlyMap<string, string> = new Map([
  ['fluentd', '127.0.0.1:24224'],
  ['journald', 'unix:///run/systemd/journal/socket'],
  ['syslog', 'unix:///dev/log'],
])
const UNIX = /^\s*unix(?:gram|packet)?:(?:\/\/)?(.*)$/is
/** Nothing that could be read in two ways: no user, no escape, no query. */
const SERVER = /^(?:[a-z][a-z+]*:\/\/)?(?:([\w.-]+)|\[([\da-f:.]+)\])(?::\d+)?(?:\/[\w./-]*)?$/i

export function logReach({ driver, options }: Logging): LogReach {
  // The agent's own, which the engine never hears of; it speaks to the control plane only.
  if (driver === 'awslogs') return { paths: [], servers: [] }
  const option = `${driver}-address`
  const address = options[option] || USUAL.get(driver) || ''
  const all = Object.entries({ ...options, [option]: address }).filter(([, value]) => value !== '')
  return {
    paths: all.flatMap(([name, value]) => (FILES.has(name) ? value : (socketOf(value) ?? []))),
    servers: all.flatMap(([name, value]) =>
      ADDRESS.test(name) && socketOf(value) === undefined ? serverOf(value) : [],
    ),
  }
}

/** Addresses are read as URLs: what is escaped in one is not what is written. */
function socketOf(address: string): string | undefined {
  const [, path] = UNIX.exec(address) ?? []
  return path !== undefined && /[%?#]/.test(path) ? address : path
}

/** The whole address where it is of no plain form: nobody names that. */
function serverOf(address: string): string {
  const [, name, ipv6] = SERVER.exec(address) ?? []
  return (name ?? ipv6 ?? address).toLowerCase()
}

const CONTROL = /\p{Cc}/u

/** An option by which a task could write lines into a log in others' names. The fields of a tag have bounds of their own. */
export function forgingOption({ driver, options }: Logging): string | undefined {
  if (driver === 'awslogs') return undefined
  return Object.entries(options).find(([, value]) => CONTROL.test(value))?.[0]
}
