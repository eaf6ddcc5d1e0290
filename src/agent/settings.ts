/** Settings as text, by name: those of the file `/etc/ecs/ecs.config` and, before them, those of the environment. */
import type { PortRange } from './host.ts'

export type Settings = Readonly<Record<string, string | undefined>>

/** Lines `NAME=value`; a value may be quoted, and a line that begins with `#` says nothing. */
export function parseSettingsFile(text: string): Settings {
  const settings: Record<string, string> = {}
  for (const [index, line] of text.split('\n').entries()) {
    const trimmed = line.trim()
    if (trimmed === '' || trimmed.startsWith('#')) continue
    const equals = trimmed.indexOf('=')
    const name = trimmed.slice(0, Math.max(0, equals)).replace(/^export\s+/, '')
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name))
      throw new Error(`line ${index + 1} of the settings file is not NAME=value`)
    settings[name] = trimmed.slice(equals + 1).replace(/^(["'])(.*)\1$/, '$2')
  }
  return settings
}

/** Settings of Amazon's agent that this one has another way for, or does not have; said by name when they are set. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  ECS_BACKEND_HOST: 'use --endpoint',
  ECS_AGENT_CONFIG_FILE_PATH: 'use /etc/ecs/ecs.config or the environment',
  ECS_ENABLE_TASK_ENI: 'network mode awsvpc is not built yet',
  ECS_ENABLE_TASK_IAM_ROLE: 'task roles are not built yet',
  ECS_ENABLE_TASK_IAM_ROLE_NETWORK_HOST: 'task roles are not built yet',
  ECS_ENABLE_AWSLOGS_EXECUTIONROLE_OVERRIDE: 'execution roles are not built yet',
  ECS_ENGINE_AUTH_TYPE: 'registry credentials are not built yet',
  ECS_ENGINE_AUTH_DATA: 'registry credentials are not built yet',
  ECS_ENABLE_SPOT_INSTANCE_DRAINING: 'there are no Spot instances here',
  ECS_ENABLE_UNTRACKED_IMAGE_CLEANUP: 'only images that the agent pulled are removed',
  ECS_VOLUME_PLUGIN_CAPABILITIES: 'EFS volumes are not built yet',
  ECS_SELINUX_CAPABLE: 'SELinux is not tested',
  ECS_APPARMOR_CAPABLE: 'AppArmor is not tested',
  ECS_CNI_PLUGINS_PATH: 'network mode awsvpc is not built yet',
  ECS_EXCLUDE_UNTRACKED_IMAGE: 'only images that the agent pulled are removed',
}
/**
 * Settings of Amazon's agent about its own housekeeping: no task is another for them, so an `ecs.config` that has them
 * serves, and the agent says at its start that it goes another way.
 */
const NOTED: Readonly<Record<string, string>> = {
  ECS_DATADIR: 'use --data',
  ECS_LOGLEVEL: 'the log has one level',
  ECS_LOGLEVEL_ON_INSTANCE: 'the log has one level',
  ECS_LOGFILE: 'the log goes to standard error',
  ECS_LOG_DRIVER: 'the log goes to standard error',
  ECS_LOG_OPTS: 'the log goes to standard error',
  ECS_LOG_OUTPUT_FORMAT: 'the log is JSON lines',
  ECS_LOG_ROLLOVER_TYPE: 'the log goes to standard error',
  ECS_LOG_MAX_FILE_SIZE_MB: 'the log goes to standard error',
  ECS_LOG_MAX_ROLL_COUNT: 'the log goes to standard error',
  ECS_AUDIT_LOGFILE: 'task roles are not built yet',
  ECS_POLL_METRICS: 'telemetry is read once a publication',
  ECS_POLLING_METRICS_WAIT_DURATION: 'telemetry is read once a publication',
  ECS_UPDATES_ENABLED: 'the agent is updated with Berth',
  ECS_UPDATE_DOWNLOAD_DIR: 'the agent is updated with Berth',
  ECS_WARM_POOLS_CHECK: 'there are no warm pools here',
  ECS_SKIP_LOCALHOST_TRAFFIC_FILTER: 'no filter is made',
}
const OFF = /^(false|f|0)$/i
/** What ECS itself says to containers is no setting of an agent that runs in one, and a server beside it has its own. */
const NOT_OURS = /^(ECS_(CONTAINER_METADATA_URI(_V4)?|AGENT_URI)|BERTH_ALLOW_(REMOTE|RESET))$/

/** Reads settings by name, and knows in the end which ones nobody asked for. */
export class SettingReader {
  readonly #settings: Settings
  readonly #asked = new Set<string>()

  constructor(settings: Settings) {
    this.#settings = settings
  }

  text(name: string): string | undefined {
    this.#asked.add(name)
    return this.#settings[name] || undefined
  }

  oneOf<T extends string>(name: string, values: readonly T[]): T | undefined {
    const text = this.text(name)
    const value = values.find((known) => known === text)
    if (text !== undefined && value === undefined) throw bad(name, `one of ${values.join(', ')}`)
    return value
  }

  flag(name: string): boolean | undefined {
    const text = this.text(name)
    if (text === undefined) return undefined
    // As Go reads them.
    if (/^(true|t|1)$/i.test(text)) return true
    if (OFF.test(text)) return false
    throw bad(name, 'true or false')
  }

  count(name: string, least = 0): number | undefined {
    const text = this.text(name)
    if (text === undefined) return undefined
    const isCount = /^\d{1,15}$/.test(text) && Number(text) >= least
    if (!isCount) throw bad(name, least === 0 ? 'a whole number' : `a whole number from ${least}`)
    return Number(text)
  }

  pair(name: string): readonly [number, number] | undefined {
    const text = this.text(name)
    if (text === undefined) return undefined
    const [, first, second] = /^(\d{1,9}),(\d{1,9})$/.exec(text) ?? []
    if (!Number(first) || !Number(second))
      throw bad(name, 'two numbers with a comma, such as 40,60')
    return [Number(first), Number(second)]
  }

  portRange(name: string): PortRange | undefined {
    const text = this.text(name)
    if (text === undefined) return undefined
    const [, first, last] = (/^(\d{1,5})-(\d{1,5})$/.exec(text) ?? []).map(Number)
    if (!first || !last || first > last || last > PORT_MAX)
      throw bad(name, 'a range of ports such as 49153-65535')
    return { first, last }
  }

  /** Go's durations: `90s`, `1h30m`. */
  durationMs(name: string): number | undefined {
    const text = this.text(name)
    if (text === undefined) return undefined
    const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/gy)]
    if (parts.length === 0 || parts.map(([part]) => part).join('') !== text)
      throw bad(name, 'a duration such as 30s or 3h')
    return parts.reduce(
      (sum, [, count, unit = 's']) => sum + Number(count) * (UNIT_MS[unit] ?? 0),
      0,
    )
  }

  texts(name: string): Readonly<Record<string, string>> | undefined {
    const value = this.#json(name)
    if (value === undefined) return undefined
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      throw bad(name, 'a JSON object')
    return Object.fromEntries(Object.entries(value).map(([key, text]) => [key, String(text)]))
  }

  ports(name: string): readonly number[] | undefined {
    const values = this.list(name)
    const isPort = (value: unknown) =>
      Number.isInteger(value) && Number(value) >= 0 && Number(value) <= PORT_MAX
    if (!values?.every(isPort) && values !== undefined) throw bad(name, 'a JSON list of ports')
    return values && [...new Set(values.map(Number))]
  }

  /** Each of them one of `known`, or of what `isToo` knows. */
  someOf(
    name: string,
    known: readonly string[],
    isToo: (value: string) => boolean = () => false,
  ): readonly string[] | undefined {
    const values = this.list(name)?.map(String)
    if (values && !values.every((value) => known.includes(value) || isToo(value)))
      throw bad(name, `a JSON list of some of ${known.join(', ')}`)
    return values
  }

  paths(name: string): readonly string[] | undefined {
    const values = this.list(name)?.map(String)
    if (values && !values.every((path) => path.startsWith('/') && !path.split('/').includes('..')))
      throw bad(name, "a JSON list of absolute paths without '..'")
    return values
  }

  list(name: string): readonly unknown[] | undefined {
    const value = this.#json(name)
    if (value === undefined) return undefined
    if (!Array.isArray(value)) throw bad(name, 'a JSON list')
    return value
  }

  /** Refuses what would be silently without effect; returns what is set and only worth a word. */
  finish(): readonly string[] {
    const notes: string[] = []
    for (const [name, text] of Object.entries(this.#settings)) {
      if (
        !/^((NON_)?ECS_|BERTH_ALLOW_)/.test(name) ||
        !text ||
        this.#asked.has(name) ||
        NOT_OURS.test(name)
      )
        continue
      const noted = NOTED[name]
      if (noted !== undefined) {
        notes.push(`${name} changes nothing here: ${noted}`)
        continue
      }
      const instead = ELSEWHERE[name]
      // What is not here is off already.
      if (instead !== undefined && OFF.test(text)) continue
      throw new BadSetting(
        `${name} is set, and this agent does not act on it${instead ? `: ${instead}` : ''}`,
      )
    }
    return notes
  }

  #json(name: string): unknown {
    const text = this.text(name)
    if (text === undefined) return undefined
    try {
      return JSON.parse(text)
    } catch {
      throw bad(name, 'JSON')
    }
  }
}

const PORT_MAX = 65_535
const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3600_000 }

/** A setting with which this agent cannot do its duty: it ends, and says which. */
export class BadSetting extends Error {
  override name = 'BadSetting'
}

function bad(name: string, expected: string): Error {
  return new BadSetting(`${name} must be ${expected}`)
}
