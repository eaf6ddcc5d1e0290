import { PULL_BEHAVIORS, type PullBehavior } from './tasks/images.ts'

/** What can be set about an agent, by the names that Amazon's agent has. */
export type AgentConfig = {
  readonly cluster: string
  readonly stopTimeoutSeconds: number
  readonly cleanupWaitMs: number
  readonly pullBehavior: PullBehavior
  readonly attributes: Readonly<Record<string, string>>
  readonly reservedMemoryMiB: number
  readonly reservedPorts: readonly number[]
  readonly reservedPortsUdp: readonly number[]
  /** `undefined` for all that the engine has and Berth knows. */
  readonly loggingDrivers: readonly string[] | undefined
}

type Environment = Readonly<Record<string, string | undefined>>

const RESERVED_PORTS: readonly number[] = [22, 2375, 2376, 51_678, 51_679]
const CLEANUP_WAIT_MS = 3 * 3600_000
const CLEANUP_WAIT_MS_MIN = 1000
const STOP_TIMEOUT_SECONDS = 30

/** Reads the environment; anything that does not make sense stops the agent before it does harm. */
export function readConfig(environment: Environment): AgentConfig {
  const behavior = environment['ECS_IMAGE_PULL_BEHAVIOR'] || 'default'
  const pullBehavior = PULL_BEHAVIORS.find((known) => known === behavior)
  if (!pullBehavior) throw bad('ECS_IMAGE_PULL_BEHAVIOR', `one of ${PULL_BEHAVIORS.join(', ')}`)
  return {
    cluster: environment['ECS_CLUSTER'] || 'default',
    stopTimeoutSeconds: Math.max(
      1,
      Math.round(
        duration(environment, 'ECS_CONTAINER_STOP_TIMEOUT', STOP_TIMEOUT_SECONDS * 1000) / 1000,
      ),
    ),
    cleanupWaitMs: Math.max(
      CLEANUP_WAIT_MS_MIN,
      duration(environment, 'ECS_ENGINE_TASK_CLEANUP_WAIT_DURATION', CLEANUP_WAIT_MS),
    ),
    pullBehavior,
    attributes: attributes(environment),
    reservedMemoryMiB: Number(environment['ECS_RESERVED_MEMORY'] || 0) || 0,
    reservedPorts: numbers(environment, 'ECS_RESERVED_PORTS') ?? RESERVED_PORTS,
    reservedPortsUdp: numbers(environment, 'ECS_RESERVED_PORTS_UDP') ?? [],
    loggingDrivers: list(environment, 'ECS_AVAILABLE_LOGGING_DRIVERS')?.map(String),
  }
}

/** The environment of this process. */
export function processConfig(): AgentConfig {
  return readConfig(process.env)
}

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3600_000 }

/** Go's durations: `90s`, `1h30m`. */
function duration(environment: Environment, variable: string, otherwise: number): number {
  const text = environment[variable]
  if (!text) return otherwise
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g)]
  if (parts.length === 0 || parts.map(([part]) => part).join('') !== text)
    throw bad(variable, 'a duration such as 30s or 3h')
  return parts.reduce((sum, [, count, unit = 's']) => sum + Number(count) * (UNIT_MS[unit] ?? 0), 0)
}

function attributes(environment: Environment): Readonly<Record<string, string>> {
  const variable = 'ECS_INSTANCE_ATTRIBUTES'
  const value = json(environment, variable)
  if (value === undefined) return {}
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw bad(variable, 'a JSON object')
  return Object.fromEntries(Object.entries(value).map(([name, text]) => [name, String(text)]))
}

function numbers(environment: Environment, variable: string): readonly number[] | undefined {
  const values = list(environment, variable)
  if (values?.some((value) => !Number.isInteger(value))) throw bad(variable, 'a JSON list of ports')
  return values?.map(Number)
}

function list(environment: Environment, variable: string): readonly unknown[] | undefined {
  const value = json(environment, variable)
  if (value === undefined) return undefined
  if (!Array.isArray(value)) throw bad(variable, 'a JSON list')
  return value
}

function json(environment: Environment, variable: string): unknown {
  const text = environment[variable]
  if (!text) return undefined
  try {
    return JSON.parse(text)
  } catch {
    throw bad(variable, 'JSON')
  }
}

function bad(variable: string, expected: string): Error {
  return new Error(`${variable} must be ${expected}`)
}
