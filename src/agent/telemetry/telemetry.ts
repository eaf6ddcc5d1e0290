import type { Clock } from '#kernel/clock.ts'
import type { Ids } from '#kernel/ids.ts'
import { TCS_TASKS_MAX } from '#wire/limits.ts'
import type { ContainerHealth, ContainerMetric, StatsSet, TcsUp } from '#wire/tcs.ts'

import { NETWORK_COUNTERS, type Engine, type Stats } from '../engine.ts'
import { Slots } from '../slots.ts'
import { containerOf, containersOf, type KnownTask } from '../tasks/task.ts'

const MIB = 1024 * 1024
const NANOSECONDS_PER_MS = 1e6
const MEASUREMENTS_AT_ONCE = 4

type Sample = { readonly at: number; readonly stats: Stats }
export type TelemetryOptions = {
  readonly engine: Engine
  readonly clock: Clock
  readonly ids: Ids
  readonly cluster: string
  readonly containerInstanceArn: string
  /** Health is told all the same. */
  readonly metricsDisabled: boolean
  readonly tasks: () => ReadonlyMap<string, KnownTask>
}

/** What TCS is told: of the host, of each running container, of each container with a health check. */
export class Telemetry {
  readonly #options: TelemetryOptions
  readonly #slots = new Slots(MEASUREMENTS_AT_ONCE)
  #samples = new Map<string, Sample>()
  #runtime: { readonly status: 'OK' | 'IMPAIRED'; readonly since: number }

  constructor(options: TelemetryOptions) {
    this.#options = options
    this.#runtime = { status: 'OK', since: options.clock.now() }
  }

  /** Whether the engine answers. */
  runtimeIs(status: 'OK' | 'IMPAIRED'): void {
    if (status !== this.#runtime.status)
      this.#runtime = { status, since: this.#options.clock.now() }
  }

  /** Measuring takes its time, and what changes meanwhile is told at once elsewhere: health is what it is afterwards. */
  async frames(): Promise<readonly TcsUp[]> {
    const { metricsDisabled } = this.#options
    const metrics = metricsDisabled ? [] : await this.#metrics(this.#running())
    return [...metrics, ...this.#health(this.#running()), this.#instanceStatus()]
  }

  #running(): readonly KnownTask[] {
    return [...this.#options.tasks().values()].filter((task) =>
      containersOf(task).some(({ name }) => containerOf(task, name).status === 'RUNNING'),
    )
  }

  async #metrics(tasks: readonly KnownTask[]): Promise<readonly TcsUp[]> {
    const before = this.#samples
    this.#samples = new Map()
    const taskMetrics = await Promise.all(
      tasks.map(async (task) => ({
        ...this.#identity(task),
        containerMetrics: await this.#containerMetrics(task, before),
      })),
    )
    const messageId = this.#options.ids.uuid()
    const groups = chunks(taskMetrics)
    if (groups.length === 0) groups.push([])
    return groups.map((group, index) => ({
      type: 'PublishMetricsRequest',
      message: {
        metadata: {
          ...this.#sender(),
          messageId,
          idle: tasks.length === 0,
          fin: index === groups.length - 1,
        },
        timestamp: this.#seconds(),
        ...(group.length > 0 ? { taskMetrics: group } : {}),
      },
    }))
  }

  async #containerMetrics(
    task: KnownTask,
    before: ReadonlyMap<string, Sample>,
  ): Promise<readonly ContainerMetric[]> {
    const measured = containersOf(task).map(async ({ name }) => {
      const { dockerId, status } = containerOf(task, name)
      if (dockerId === undefined || status !== 'RUNNING') return []
      const { engine, clock } = this.#options
      const stats = await this.#slots.run(() => engine.stats(dockerId)).catch(() => undefined)
      if (!stats) return []
      const sample = { at: clock.now(), stats }
      this.#samples.set(dockerId, sample)
      return [metric(name, sample, before.get(dockerId))]
    })
    return (await Promise.all(measured)).flat()
  }

  #health(tasks: readonly KnownTask[]): readonly TcsUp[] {
    const checked = tasks.flatMap((task) => {
      const containers = healthOf(task)
      return containers.length > 0 ? [{ ...this.#identity(task), containers }] : []
    })
    const messageId = this.#options.ids.uuid()
    const groups = chunks(checked)
    return groups.map((group, index) => ({
      type: 'PublishHealthRequest',
      message: {
        metadata: { ...this.#sender(), messageId, fin: index === groups.length - 1 },
        timestamp: this.#seconds(),
        tasks: group,
      },
    }))
  }

  #instanceStatus(): TcsUp {
    const { status, since } = this.#runtime
    return {
      type: 'PublishInstanceStatusRequest',
      message: {
        metadata: { ...this.#sender(), requestId: this.#options.ids.uuid() },
        timestamp: this.#seconds(),
        statuses: [
          {
            type: 'ContainerRuntime',
            status,
            lastUpdated: this.#seconds(),
            lastStatusChange: since / 1000,
          },
        ],
      },
    }
  }

  #identity({ arn, definition }: KnownTask) {
    return {
      taskArn: arn,
      taskDefinitionFamily: definition.family ?? '',
      taskDefinitionVersion: definition.version ?? '',
    }
  }

  #sender() {
    const { cluster, containerInstanceArn } = this.#options
    return { cluster, containerInstance: containerInstanceArn }
  }

  #seconds(): number {
    return this.#options.clock.now() / 1000
  }
}

/** Health counts only where the task definition has a check: an image's own is not asked. */
export function healthOf(task: KnownTask): readonly ContainerHealth[] {
  return containersOf(task).flatMap(({ name, healthCheckType }) => {
    const { health, status, startedAt } = containerOf(task, name)
    if (healthCheckType !== 'docker' || status !== 'RUNNING') return []
    const since = health?.since || startedAt || 0
    return [
      {
        containerName: name,
        healthStatus: health?.status ?? ('UNKNOWN' as const),
        statusSince: since / 1000,
        ...(health?.output ? { statusMessage: health.output } : {}),
      },
    ]
  })
}

function metric(name: string, { at, stats }: Sample, before: Sample | undefined): ContainerMetric {
  const { network } = stats
  return {
    containerName: name,
    ...(before && at > before.at
      ? {
          cpuStatsSet: one(
            ((stats.cpuNanoseconds - before.stats.cpuNanoseconds) /
              ((at - before.at) * NANOSECONDS_PER_MS)) *
              100,
          ),
        }
      : {}),
    memoryStatsSet: one(stats.memoryBytes / MIB),
    ...(network
      ? {
          networkStatsSet: Object.fromEntries(
            NETWORK_COUNTERS.map((counter) => [counter, one(network[counter])]),
          ),
        }
      : {}),
    storageStatsSet: {
      readSizeBytes: one(stats.readBytes),
      writeSizeBytes: one(stats.writtenBytes),
    },
  }
}

function one(value: number): StatsSet {
  return { min: value, max: value, sampleCount: 1, sum: value }
}

function chunks<T>(items: readonly T[]): T[][] {
  const groups: T[][] = []
  for (let start = 0; start < items.length; start += TCS_TASKS_MAX)
    groups.push(items.slice(start, start + TCS_TASKS_MAX))
  return groups
}
