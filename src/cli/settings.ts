/**
 * What a control plane is started with. Of each setting the first that is given counts: the option, the environment
 * (`BERTH_PORT` for `--port`), `berth.toml` in the data directory, the default.
 */
import { existsSync, readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'

import { type Command, InvalidArgumentError, type Option } from 'commander'
import { parse, TomlError } from 'smol-toml'

import { readNamed, type ServerConfig } from '#server/config.ts'
import { dataPaths } from '#server/data.ts'
import type { RateProfile } from '#server/throttle.ts'

import { dataDirectory } from './paths.ts'
import { serverOptions, whole } from './server-options.ts'
import { UserError } from './user-error.ts'

export type Value = string | number | boolean
type Given = Readonly<Record<string, Value>>
export type Settings = {
  readonly data: string
  /** What was given to Berth, by whatever way, under the options' names: SSL_CERT_FILE is for every program. */
  readonly given: Given
  readonly config: ServerConfig
}

const FIRST_PORT = 4580
const FILES: ReadonlySet<string> = new Set(['tls-cert', 'tls-key', 'ca', 'seal-key'])
const FLAGS: Readonly<Record<string, boolean>> = { true: true, 1: true, false: false, 0: false }

export function settled(command: Command, environment: NodeJS.ProcessEnv = process.env): Settings {
  const data = dataDirectory(command.opts<{ data?: string }>().data)
  const options = serverOptions()
  const everybodys = environment['SSL_CERT_FILE']
  const given: Given = {
    ...fromFile(dataPaths(data).settings, options, everybodys ? ['ca'] : []),
    ...fromEnvironment(environment, options),
    ...fromOptions(command, options),
  }
  const all = everybodys ? { ca: resolve(everybodys), ...given } : given
  return { data, given, config: configOf(data, all) }
}

/** What a server of this data directory is, that was given this. */
export function configOf(data: string, given: Given): ServerConfig {
  const options = serverOptions()
  const value = (name: string): Value | undefined =>
    given[name] ??
    (options.find((option) => option.name() === name)?.defaultValue as Value | undefined)
  const text = value as (name: string) => string | undefined
  const [certFile, keyFile] = [text('tls-cert'), text('tls-key')]
  if ((certFile === undefined) !== (keyFile === undefined))
    throw new UserError('--tls-cert and --tls-key belong together')
  return {
    dataDirectory: data,
    host: text('host') ?? '',
    port: (value('port') as number | undefined) ?? lastPort(data) ?? FIRST_PORT,
    region: text('region') ?? '',
    tls: certFile && keyFile ? { certFile, keyFile } : undefined,
    allowRemote: value('allow-remote') === true,
    allowReset: value('allow-reset') === true,
    rates: value('rates') as RateProfile,
    lostHostAfterSeconds: value('replace-lost-after') as number | undefined,
    historyDays: value('history-days') as number,
    historyBytes: value('history-bytes') as number,
    sealKeyFile: text('seal-key'),
    settings: Object.fromEntries(
      options.flatMap((option) => {
        const its = value(option.name())
        return its === undefined ? [] : [[option.name(), its]]
      }),
    ),
    firstAccount: {},
  }
}

/** The settings as options for a server of this data directory. */
export function asOptions(given: Given): string[] {
  return Object.entries(given).flatMap(([name, value]) =>
    typeof value === 'boolean' ? (value ? [`--${name}`] : []) : [`--${name}`, String(value)],
  )
}

function fromOptions(command: Command, options: readonly Option[]): Given {
  return gathered(options, (option) => {
    if (command.getOptionValueSource(option.attributeName()) !== 'cli') return undefined
    const value = command.getOptionValue(option.attributeName()) as Value
    return FILES.has(option.name()) ? resolve(String(value)) : value
  })
}

function fromEnvironment(environment: NodeJS.ProcessEnv, options: readonly Option[]): Given {
  return gathered(options, (option) => {
    const name = `BERTH_${option.name().replaceAll('-', '_').toUpperCase()}`
    const text = environment[name]
    if (!text) return undefined
    if (option.isBoolean() && FLAGS[text] === undefined)
      throw new UserError(`${name} must be true or false`)
    if (option.isBoolean()) return FLAGS[text]
    return read(option, text, { what: name, folder: process.cwd() })
  })
}

/** All of it must make sense, and what comes before it counts all the same. */
function fromFile(file: string, options: readonly Option[], without: readonly string[]): Given {
  if (!existsSync(file)) return {}
  const table = parsed(file)
  const known = options.map((option) => option.name())
  const unknown = Object.keys(table).find((key) => !known.includes(key))
  if (unknown !== undefined)
    throw new UserError(`${file}: there is no setting '${unknown}'; there are ${known.join(', ')}`)
  return gathered(options, (option) => {
    const value = table[option.name()]
    if (value === undefined) return undefined
    const what = `${file}: ${option.name()}`
    const [type, words] = typeOf(option)
    if (typeof value !== type) throw new UserError(`${what} must be ${words}, not ${shown(value)}`)
    const its = read(option, value as Value, { what, folder: dirname(file) })
    return without.includes(option.name()) ? undefined : its
  })
}

function parsed(file: string): Readonly<Record<string, unknown>> {
  try {
    return parse(readNamed(file))
  } catch (error) {
    if (!(error instanceof TomlError)) throw error
    const [why = ''] = error.message.split('\n')
    throw new UserError(`${file}:${error.line}: ${why}`)
  }
}

/** What TOML tells apart, and a command line does not. */
function typeOf(option: Option): readonly ['boolean' | 'number' | 'string', string] {
  if (option.isBoolean()) return ['boolean', 'true or false']
  return option.parseArg === whole ? ['number', 'a whole number'] : ['string', 'a text']
}

function shown(value: unknown): string {
  if (typeof value === 'string') return `the text ${JSON.stringify(value)}`
  return typeof value === 'object' ? 'a table, a list or a time' : JSON.stringify(value)
}

/** A value that came by another way than the command line, held to the same rules. */
function read(
  option: Option,
  value: Value,
  { what, folder }: { readonly what: string; readonly folder: string },
): Value {
  if (typeof value === 'boolean') return value
  try {
    const text = String(value)
    if (FILES.has(option.name())) return resolve(folder, text)
    return option.parseArg ? (option.parseArg(text, undefined as never) as Value) : text
  } catch (error) {
    if (!(error instanceof InvalidArgumentError)) throw error
    throw new UserError(`${what} cannot be ${value}. ${error.message}`)
  }
}

function gathered(
  options: readonly Option[],
  valueOf: (option: Option) => Value | undefined,
): Given {
  return Object.fromEntries(
    options.flatMap((option) => {
      const value = valueOf(option)
      return value === undefined ? [] : [[option.name(), value]]
    }),
  )
}

function lastPort(data: string): number | undefined {
  const { port } = dataPaths(data)
  const text = existsSync(port) ? readFileSync(port, 'utf8').trim() : ''
  return /^\d{1,5}$/.test(text) ? Number(text) : undefined
}
