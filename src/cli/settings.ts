/**
 * What a control plane is started with. Of each setting the first that is given counts: the option, the environment
 * (`BERTH_PORT` for `--port`), `berth.toml` in the data directory, the default.
 */
import { existsSync, readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'

import { type Command, InvalidArgumentError, type Option } from 'commander'
import { parse, TomlError } from 'smol-toml'

import type { ServerConfig } from '#server/config.ts'
import { dataPaths } from '#server/data.ts'
import type { RateProfile } from '#server/throttle.ts'

import { dataDirectory } from './paths.ts'
import { serverOptions } from './server-options.ts'
import { UserError } from './user-error.ts'

export type Value = string | number | boolean
type Given = Readonly<Record<string, Value>>
export type Settings = {
  readonly data: string
  /** What was given, by whatever way, under the options' names. */
  readonly given: Given
  readonly config: ServerConfig
  readonly ca: string | undefined
}

const FIRST_PORT = 4580
const FILES: ReadonlySet<string> = new Set(['tls-cert', 'tls-key', 'ca', 'seal-key'])
const FLAGS: Readonly<Record<string, boolean>> = { true: true, 1: true, false: false, 0: false }

export function settled(command: Command, environment: NodeJS.ProcessEnv = process.env): Settings {
  const data = dataDirectory(command.opts<{ data?: string }>().data)
  const options = serverOptions()
  const given: Given = {
    ...fromFile(dataPaths(data).settings, options),
    ...fromEnvironment(environment, options),
    ...fromOptions(command, options),
  }
  const value = (name: string): Value | undefined =>
    given[name] ??
    (options.find((option) => option.name() === name)?.defaultValue as Value | undefined)
  const text = value as (name: string) => string | undefined
  const [certFile, keyFile] = [text('tls-cert'), text('tls-key')]
  if ((certFile === undefined) !== (keyFile === undefined))
    throw new UserError('--tls-cert and --tls-key belong together')
  return {
    data,
    given,
    ca: text('ca'),
    config: {
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
    },
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
    const own = `BERTH_${option.name().replaceAll('-', '_').toUpperCase()}`
    const name = option.name() === 'ca' && !environment[own] ? 'SSL_CERT_FILE' : own
    const text = environment[name]
    if (!text) return undefined
    if (option.isBoolean() && FLAGS[text] === undefined)
      throw new UserError(`${name} must be true or false`)
    return read(option, FLAGS[text] !== undefined && option.isBoolean() ? FLAGS[text] : text, {
      what: name,
      folder: process.cwd(),
    })
  })
}

function fromFile(file: string, options: readonly Option[]): Given {
  if (!existsSync(file)) return {}
  const table = parsed(file)
  const known = options.map((option) => option.name())
  const unknown = Object.keys(table).find((key) => !known.includes(key))
  if (unknown !== undefined)
    throw new UserError(`${file}: there is no setting '${unknown}'; there are ${known.join(', ')}`)
  return gathered(options, (option) => {
    const value = table[option.name()]
    if (value === undefined) return undefined
    return read(option, value, { what: `${file}: ${option.name()}`, folder: dirname(file) })
  })
}

function parsed(file: string): Readonly<Record<string, unknown>> {
  try {
    return parse(readFileSync(file, 'utf8'))
  } catch (error) {
    if (!(error instanceof TomlError)) throw error
    const [why = ''] = error.message.split('\n')
    throw new UserError(`${file}, line ${error.line}: ${why}`)
  }
}

/** A value that came by another way than the command line, held to the same rules. */
function read(
  option: Option,
  value: unknown,
  { what, folder }: { readonly what: string; readonly folder: string },
): Value {
  if (option.isBoolean()) {
    if (typeof value !== 'boolean') throw new UserError(`${what} must be true or false`)
    return value
  }
  if (typeof value !== 'string' && typeof value !== 'number')
    throw new UserError(`${what} must be a text or a number`)
  try {
    const text = String(value)
    if (FILES.has(option.name())) return resolve(folder, text)
    return option.parseArg ? (option.parseArg(text, undefined as never) as Value) : text
  } catch (error) {
    if (!(error instanceof InvalidArgumentError)) throw error
    throw new UserError(`${what} cannot be ${String(value)}. ${error.message}`)
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
