/** Tells the control plane how containers are: over TCS every so often, and at once where their health changes. */
import type { TaskHealth } from '#wire/extension.ts'

import type { Part } from '../part.ts'
import type { KnownTask } from '../tasks/task.ts'
import { runTcs, type TcsOptions } from './tcs.ts'
import { healthOf, Telemetry, type TelemetryOptions } from './telemetry.ts'

export type TelemetryPartOptions = TelemetryOptions &
  Omit<TcsOptions, 'frames'> & {
    /** Tells health at once; absent while nobody would hear it. */
    readonly tellHealth: () => ((tasks: readonly TaskHealth[]) => void) | undefined
  }

export class TelemetryPart implements Part {
  readonly #options: TelemetryPartOptions
  readonly #telemetry: Telemetry
  /** Of each task, the health that was last told at once. */
  readonly #toldHealth = new Map<string, string>()
  #end: Promise<void> | undefined

  constructor(options: TelemetryPartOptions) {
    this.#options = options
    this.#telemetry = new Telemetry(options)
  }

  start(): void {
    this.#end = runTcs({ ...this.#options, frames: () => this.#telemetry.frames() })
  }

  engineIs(status: 'OK' | 'IMPAIRED'): void {
    this.#telemetry.runtimeIs(status)
  }

  /** Health that has changed does not wait for the next telemetry. */
  taskChanged(arn: string, task: KnownTask | undefined): void {
    const tell = this.#options.tellHealth()
    if (!tell) return
    const containers = (task ? healthOf(task) : []).map(({ containerName, healthStatus }) => ({
      containerName,
      healthStatus,
    }))
    const text = JSON.stringify(containers)
    if (text === (this.#toldHealth.get(arn) ?? '[]')) return
    if (containers.length === 0) this.#toldHealth.delete(arn)
    else this.#toldHealth.set(arn, text)
    if (containers.length > 0) tell([{ taskArn: arn, containers }])
  }

  async stop(): Promise<void> {
    await this.#end
  }
}
