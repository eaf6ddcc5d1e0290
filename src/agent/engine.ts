import type { NetworkBinding } from '#wire/calls.ts'

/** A container, as the engine tells it. */
export type Observed = {
  readonly id: string
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  /** `created` has never run; paused and restarting containers count as running. */
  readonly state: 'created' | 'running' | 'exited'
  /** Set once it has run and ended. */
  readonly exitCode?: number | undefined
  readonly outOfMemory: boolean
  /** What the engine says went wrong with it; empty when nothing did. */
  readonly error: string
  /** Milliseconds since the epoch. */
  readonly createdAt: number
  readonly startedAt?: number | undefined
  readonly finishedAt?: number | undefined
  readonly health?: Health | undefined
  readonly networkBindings: readonly NetworkBinding[]
  /** What only metadata tells. */
  readonly details?: ContainerDetails | undefined
}

export type ContainerDetails = {
  readonly imageId: string
  readonly ipv4Addresses: readonly string[]
  readonly logDriver: string
  /** The engine's own file of what the container wrote; empty where its driver has none, or it never started. */
  readonly logPath: string
  readonly logOptions: Readonly<Record<string, string>>
  readonly mounts: readonly {
    /** Absent for a folder of the host. */
    readonly name?: string | undefined
    readonly source: string
    readonly destination: string
  }[]
}

export type Health = {
  readonly status: 'HEALTHY' | 'UNHEALTHY' | 'UNKNOWN'
  /** Milliseconds since the epoch. */
  readonly since: number
  readonly output: string
}

export type Image = {
  readonly id: string
  /** Its names; none where all of them are another image's by now. */
  readonly tags: readonly string[]
  /** `sha256:…` as the registry knows it; absent for an image that no registry has. */
  readonly digest?: string | undefined
  readonly labels: Readonly<Record<string, string>>
  /** The names of the environment variables that it sets. */
  readonly variables: readonly string[]
  /** What it gives to each of its containers, and the engine tells with each of them. */
  readonly configBytes: number
}

export type EngineInfo = {
  readonly version: string
  readonly apiVersion: string
  readonly minApiVersion: string
  readonly loggingDrivers: readonly string[]
  readonly volumeDrivers: readonly string[]
  readonly cpus: number
  readonly memoryBytes: number
  readonly cgroupDriver: 'cgroupfs' | 'systemd'
  readonly cgroupVersion: 1 | 2
}

/** Counters since the container's start, all of one instant. */
export type Stats = {
  readonly cpuNanoseconds: number
  readonly memoryBytes: number
  readonly network?: Readonly<Record<NetworkCounter, number>> | undefined
  readonly readBytes: number
  readonly writtenBytes: number
  /** As the engine says it. */
  readonly raw: Readonly<Record<string, unknown>>
}
export const NETWORK_COUNTERS = [
  'rxBytes',
  'rxDropped',
  'rxErrors',
  'rxPackets',
  'txBytes',
  'txDropped',
  'txErrors',
  'txPackets',
] as const
export type NetworkCounter = (typeof NETWORK_COUNTERS)[number]

/** The body of a create call, in the Engine API's own words. */
export type ContainerBody = {
  readonly Image: string
  readonly Labels: Readonly<Record<string, string>>
  readonly HostConfig: Readonly<Record<string, unknown>>
  readonly [member: string]: unknown
}

export type VolumeBody = {
  readonly Name: string
  readonly Driver?: string | undefined
  readonly DriverOpts?: Readonly<Record<string, string>> | undefined
  readonly Labels?: Readonly<Record<string, string>> | undefined
}

export type Volume = {
  readonly labels: Readonly<Record<string, string>>
  /** What its driver was asked for. */
  readonly options: Readonly<Record<string, string>>
}

/**
 * A container is silent when the engine lists it and does not answer for it, or with what nobody can read: something in
 * the engine holds it.
 */
export type Listing = {
  readonly found: readonly Observed[]
  readonly silent: readonly Pick<Observed, 'id' | 'labels'>[]
}

/** What is looked at of all containers together leaves labels out: they may be large, and an image has some of its own. */
export const keepLabels = (seen: Observed, kept: readonly string[]): Observed => ({
  ...seen,
  labels: Object.fromEntries(Object.entries(seen.labels).filter(([name]) => kept.includes(name))),
})

/** What a watcher hears: that a container changed, or that it must look at all of them again. */
export type EngineEvent =
  | { readonly type: 'changed'; readonly containerId: string }
  | { readonly type: 'connected' }
  | { readonly type: 'lost' }

/** A container engine, as the agent needs it. `docker/` talks to a real one, the simulation pretends. */
export interface Engine {
  info(): Promise<EngineInfo>
  /** `firstWordMs` bounds the time until the registry answers at all. */
  pull(image: string, firstWordMs: number | undefined): Promise<void>
  image(image: string): Promise<Image | undefined>
  /** Makes an image of a tar archive; `changes` are lines of a Dockerfile. */
  importImage(image: string, archive: Buffer, changes: readonly string[]): Promise<void>
  /** Removes the name, and what no other name needs. One that is gone or in use is a success. */
  removeImage(image: string): Promise<void>
  /** Gives the container's id. */
  create(name: string, body: ContainerBody): Promise<string>
  start(containerId: string): Promise<void>
  /** Sends the stop signal, and SIGKILL after `timeoutSeconds`. A container that is not running is a success. */
  stop(containerId: string, timeoutSeconds: number): Promise<void>
  /** Removes the container, by id or name, with its anonymous volumes. One that is gone is a success. */
  remove(container: string): Promise<void>
  /** By id or name. */
  inspect(container: string): Promise<Observed | undefined>
  /** All containers, whether they run or not, that carry every one of these labels; of their own those that are kept. */
  list(labels: Readonly<Record<string, string>>, kept: readonly string[]): Promise<Listing>
  volume(name: string): Promise<Volume | undefined>
  createVolume(volume: VolumeBody): Promise<void>
  removeVolume(name: string): Promise<void>
  stats(containerId: string): Promise<Stats | undefined>
  /** Tells of containers with these labels until the returned function is called; reconnects by itself. */
  watch(
    labels: Readonly<Record<string, string>>,
    listener: (event: EngineEvent) => void,
  ): () => void
}

/** The agent's names for what the world does wrong; they come first in the reasons that users read. */
export type EngineErrorName =
  | 'CannotPullContainerError'
  | 'CannotRemoveImageError'
  | 'ResourceInitializationError'
  | 'CannotCreateContainerError'
  | 'CannotCreateVolumeError'
  | 'CannotInspectVolumeError'
  | 'CannotStartContainerError'
  | 'CannotStopContainerError'
  | 'CannotInspectContainerError'
  | 'CannotRemoveContainerError'
  | 'CannotListContainersError'
  | 'DockerTimeoutError'

export class EngineError extends Error {
  override name: EngineErrorName
  constructor(name: EngineErrorName, message: string) {
    super(message)
    this.name = name
  }

  /** As a container's `reason` has it. */
  get reason(): string {
    return `${this.name}: ${this.message}`
  }
}
