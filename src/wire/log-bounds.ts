/**
 * How much of a host's engine a container's log may take. What the engine computes, keeps and counts for a log is its own
 * memory and time, and so every task's: no limit of the container holds it. Pure.
 */
import type { Logging } from './log-options.ts'

type Bound = { readonly isWithin: (value: string) => boolean; readonly allowed: string }

const SIZE = /^(\d{1,15}(?:\.\d{1,15})?) ?([kmgtp]?)(?:i?b)?$/i
const DURATION = /^(\d{1,9}(?:\.\d{1,9})?)(ms|s|m)$/
const SECONDS: Readonly<Record<string, number>> = { ms: 0.001, s: 1, m: 60 }

/** As the engine reads sizes; whatever it may read in another way is none. */
function bytesOf(text: string): number {
  const [, count, unit = ''] = SIZE.exec(text) ?? []
  return count === undefined
    ? NaN
    : Number(count) * 1024 ** ' kmgtp'.indexOf(unit.toLowerCase() || ' ')
}

function secondsOf(text: string): number {
  const [, count, unit = ''] = DURATION.exec(text) ?? []
  return Number(count) * (SECONDS[unit] ?? NaN)
}

const countOf = (text: string): number => (/^\d{1,9}$/.test(text) ? Number(text) : NaN)

const within =
  (read: (text: string) => number) =>
  (least: string, most: string): Bound => ({
    isWithin: (value) => read(value) >= read(least) && !(read(value) > read(most)),
    allowed: most === '' ? `${least} or more` : `${least} to ${most}`,
  })
const count = within(countOf)
const size = within(bytesOf)
const duration = within(secondsOf)

/** The engine renames this many files whenever one has this size. */
const FILES = count('1', '100')
const FILE = size('100k', '')
const TEXT_MAX = 256
const FIELDS = ['ID', 'FullID', 'Name', 'ImageID', 'ImageFullID', 'ImageName', 'DaemonName']
/** Of the fields of Docker's tags, those that the engine makes, and no task's author writes into. No functions. */
const TAG_FIELD = new RegExp(`\\{\\{\\s*\\.(${FIELDS.join('|')})\\s*\\}\\}`, 'g')
const TAG: Bound = {
  isWithin: (tag) => tag.length <= TEXT_MAX && !tag.replaceAll(TAG_FIELD, '').includes('{{'),
  allowed: `of templates, plain fields (${FIELDS.map((field) => `.${field}`).join(', ')}) in ${TEXT_MAX} characters`,
}
/** Braces count repetitions: a short expression would be a large program. */
const REGEX: Bound = {
  isWithin: (regex) => regex.length <= TEXT_MAX && !regex.includes('{'),
  allowed: `${TEXT_MAX} characters without {`,
}

/** By their names, whichever driver they are given to: what a driver does not know the engine refuses. */
const BOUNDS: ReadonlyMap<string, Bound> = new Map([
  ['tag', TAG],
  ['env-regex', REGEX],
  ['labels-regex', REGEX],
  ['max-file', FILES],
  ['max-size', FILE],
  ['cache-max-file', FILES],
  ['cache-max-size', FILE],
  ['max-buffer-size', size('0', '64m')],
  // Of events, which may have 16 KiB each, and all of whose room is taken at once.
  ['fluentd-buffer-limit', size('0', '8k')],
  ['fluentd-retry-wait', duration('100ms', '1m')],
  ['fluentd-async-reconnect-interval', duration('0s', '1m')],
  ['gelf-tcp-max-reconnect', count('0', '100')],
  ['gelf-tcp-reconnect-delay', count('1', '60')],
])

/** The engine counts what waits by the bytes of its lines: lines that are empty cost it memory and count nothing. */
const MODE: Bound = {
  isWithin: (mode) => mode === 'blocking',
  allowed:
    'blocking: max-buffer-size does not count empty lines. Leave mode out, or log by awslogs, whose buffer is on the disk',
}
/** Without a limit the engine keeps a million events. */
const UNLIMITED_ASYNC: Bound = {
  isWithin: (isAsync) => /^(?:0|f|false)$/i.test(isAsync),
  allowed: 'false, or true with a fluentd-buffer-limit of 8192 or less',
}

function boundOf(name: string, { driver, options }: Logging): Bound | undefined {
  // The agent's own driver, which keeps a log on the disk, each line in a record that counts.
  if (name === 'mode') return driver === 'awslogs' ? undefined : MODE
  if (name === 'fluentd-async' || name === 'fluentd-async-connect')
    return options['fluentd-buffer-limit'] ? undefined : UNLIMITED_ASYNC
  return BOUNDS.get(name)
}

/** The first option that is set and would take more of the engine than a log may, and what it may be. */
export function unboundedOption(
  logging: Logging,
): { readonly name: string; readonly value: string; readonly allowed: string } | undefined {
  for (const [name, value] of Object.entries(logging.options)) {
    const bound = boundOf(name, logging)
    if (value !== '' && bound && !bound.isWithin(value))
      return { name, value, allowed: bound.allowed }
  }
  return undefined
}
