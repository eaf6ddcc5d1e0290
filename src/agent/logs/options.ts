/** The options of the awslogs driver, as Docker's own driver and ECS have them. What does not act is refused by name. */
import { type LinearRegExp, linearRegExp, RegExpRefused } from '#kernel/linear-regexp.ts'

import { EngineError } from '../engine.ts'
import { datetimePattern } from './datetime.ts'

/** Where this host's control plane is: the only place that logs can be sent to. */
export type LogsPlace = { readonly region: string; readonly endpoint: string }

export type AwslogsOptions = {
  readonly group: string
  /** As it was asked for; a `tag` still to be filled in, or nothing for the container's id. */
  readonly stream: string | undefined
  readonly tag: string | undefined
  readonly createGroup: boolean
  /** Begins a new event where a line matches; without it every line is one. */
  readonly begins: LinearRegExp | undefined
  /** What it says must be taken. Without a word of the mode it need not, as at ECS. */
  readonly isBlocking: boolean
  /** What waits unsent at most; more is dropped, the oldest first. No limit in blocking mode. */
  readonly bufferBytesMax: number
}

const KNOWN = new Set([
  'awslogs-group',
  'awslogs-region',
  'awslogs-stream',
  'awslogs-endpoint',
  'awslogs-create-group',
  'awslogs-datetime-format',
  'awslogs-multiline-pattern',
  'mode',
  'max-buffer-size',
  'tag',
])
const GROUP = /^[.\-_/#A-Za-z0-9]{1,512}$/
const STREAM = /^[^:*]{1,512}$/
const BUFFER_BYTES_DEFAULT = 10 << 20
const SIZE = /^(\d+(?:\.\d+)?) ?([kmgt]?)(?:i?b)?$/i
const UNITS = ['', 'k', 'm', 'g', 't']
/** Of Docker's tag templates, those that name the container. */
const TAG_FIELD = /\{\{\s*\.(ID|FullID|Name|ImageName)\s*\}\}/g

/** Throws an EngineError with the option's name, as Docker's driver would. Without `place` it is not asked where the logs should go. */
export function readOptions(
  config: Readonly<Record<string, string>>,
  place?: LogsPlace,
): AwslogsOptions {
  const option = (name: string): string | undefined => config[name] || undefined
  for (const name of Object.keys(config))
    if (!KNOWN.has(name)) throw refusedAtCreate(`unknown log opt '${name}' for awslogs log driver`)
  const group = option('awslogs-group') ?? ''
  if (group === '') throw refusedAtCreate("must specify a value for log opt 'awslogs-group'")
  if (!GROUP.test(group)) throw refusedAtStart(`awslogs-group is not a log group: '${group}'`)
  if (place) checkPlace(option('awslogs-region'), option('awslogs-endpoint'), place)
  const stream = option('awslogs-stream')
  if (stream !== undefined && !STREAM.test(stream))
    throw refusedAtStart(`awslogs-stream is not a log stream: '${stream}'`)
  const tag = option('tag')
  if (tag?.replaceAll(TAG_FIELD, '').includes('{{'))
    throw refusedAtStart(`tag has a field that is not known here: '${tag}'`)
  return {
    group,
    stream,
    tag,
    createGroup: flag('awslogs-create-group', option('awslogs-create-group')),
    begins: beginning(option('awslogs-datetime-format'), option('awslogs-multiline-pattern')),
    isBlocking: option('mode') === 'blocking',
    bufferBytesMax: bufferBytesMax(option('mode'), option('max-buffer-size')),
  }
}

/** What the stream of a container is called. */
export function streamName(
  { stream, tag }: AwslogsOptions,
  container: { readonly id: string; readonly name: string; readonly image: string },
): string {
  const fields: Readonly<Record<string, string>> = {
    ID: container.id.slice(0, 12),
    FullID: container.id,
    Name: container.name,
    ImageName: container.image,
  }
  const filled = tag?.replaceAll(TAG_FIELD, (_all, field: string) => fields[field] ?? '')
  return (stream ?? filled ?? container.id).replaceAll(/[:*]/g, '_')
}

function checkPlace(region: string | undefined, endpoint: string | undefined, place: LogsPlace) {
  if (region !== undefined && region !== place.region)
    throw refusedAtStart(
      `awslogs-region is '${region}', and this host logs to '${place.region}' only`,
    )
  if (endpoint === undefined) return
  const isOwn =
    URL.canParse(endpoint) && new URL(endpoint).origin === new URL(place.endpoint).origin
  if (!isOwn) throw refusedAtStart('awslogs-endpoint is not the control plane of this host')
}

function beginning(
  datetimeFormat: string | undefined,
  multilinePattern: string | undefined,
): LinearRegExp | undefined {
  if (datetimeFormat !== undefined && multilinePattern !== undefined)
    throw refusedAtCreate(
      'you cannot configure log opt awslogs-datetime-format and awslogs-multiline-pattern at the same time',
    )
  const pattern = datetimeFormat === undefined ? multilinePattern : datetimePattern(datetimeFormat)
  if (!pattern) return undefined
  try {
    return linearRegExp(pattern)
  } catch (error) {
    if (!(error instanceof RegExpRefused)) throw error
    throw refusedAtStart(
      `awslogs could not parse multiline pattern key '${pattern}': ${error.message}`,
    )
  }
}

function bufferBytesMax(mode: string | undefined, size: string | undefined): number {
  if (mode !== undefined && mode !== 'blocking' && mode !== 'non-blocking')
    throw refusedAtCreate(`logger: unknown logging mode: ${mode}`)
  if (mode === 'blocking') {
    if (size !== undefined)
      throw refusedAtCreate(
        "logger: max-buffer-size option is only supported with 'mode=non-blocking'",
      )
    return Infinity
  }
  if (size === undefined) return BUFFER_BYTES_DEFAULT
  const [, count, unit = ''] = SIZE.exec(size) ?? []
  if (count === undefined) throw refusedAtCreate(`max-buffer-size is not a size: '${size}'`)
  return Number(count) * 1024 ** UNITS.indexOf(unit.toLowerCase())
}

function flag(name: string, value: string | undefined): boolean {
  if (value === undefined || /^(false|f|0)$/i.test(value)) return false
  if (/^(true|t|1)$/i.test(value)) return true
  throw refusedAtCreate(`${name} must be true or false, not '${value}'`)
}

/** Docker looks at the options by themselves as a container is created, and acts on them as it starts. */
function refusedAtCreate(why: string): EngineError {
  return new EngineError('CannotCreateContainerError', `Error response from daemon: ${why}`)
}

function refusedAtStart(why: string): EngineError {
  return new EngineError(
    'CannotStartContainerError',
    `Error response from daemon: failed to initialize logging driver: ${why}`,
  )
}
