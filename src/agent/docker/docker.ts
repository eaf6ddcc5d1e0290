import type { Clock } from '#kernel/clock.ts'

import {
  EngineError,
  keepLabels,
  type ContainerBody,
  type Engine,
  type EngineErrorName,
  type EngineEvent,
  type EngineInfo,
  type Image,
  type Listing,
  type Observed,
  type Stats,
  type Volume,
  type VolumeBody,
} from '../engine.ts'
import type {
  ImageAnswer,
  InfoAnswer,
  InspectAnswer,
  StatsAnswer,
  VersionAnswer,
  VolumeAnswer,
  VolumesAnswer,
} from './answers.ts'
import { AnswerTooLarge, CallTimeout, DockerClient, type Answer, type Call } from './client.ts'
import { watchEvents } from './events.ts'
import { ListReader } from './list-reader.ts'
import { observed, stats } from './observed.ts'
import { imageReference, pullOutcome, repositoryDigest } from './reference.ts'

const MINUTE_MS = 60_000
const PULL_TIMEOUT_MS = 120 * MINUTE_MS
const CREATE_TIMEOUT_MS = 4 * MINUTE_MS
const START_TIMEOUT_MS = 3 * MINUTE_MS
/** Beyond the container's own stop timeout. */
const STOP_TIMEOUT_EXTRA_MS = 2 * MINUTE_MS
const REMOVE_TIMEOUT_MS = 5 * MINUTE_MS
const QUICK_TIMEOUT_MS = 30_000
/** Containers that do not answer have `QUICK_TIMEOUT_MS` together when all are listed, and each at least this. */
const PATIENCE_LEAST_MS = 1_000
const CONFLICT = 409
/** 128 and SIGKILL. */
const KILLED = 137
const OUT_OF_MEMORY_MS = 500

/** The Engine API's versions that are tested: the oldest is Debian 12's, the newest what Docker 28 has. */
const API_OLDEST = '1.41'
const API_NEWEST = '1.50'

/** The events that change what the agent knows; each run of a health check makes three others. */
const EVENTS = ['start', 'die', 'oom', 'destroy', 'health_status']

type Attempt = Omit<Call, 'timeoutMs'> & {
  readonly timeoutMs: number
  readonly error: EngineErrorName
  /** The status that means that there is nothing to do, besides 404. */
  readonly inUse?: number
  /** For the text of a time-out: `Could not transition to …`. */
  readonly to: string
}

/** Docker Engine over its unix socket. */
export class DockerEngine implements Engine {
  readonly #client: DockerClient
  readonly #clock: Clock
  readonly #createTimeoutMs: number
  readonly #startTimeoutMs: number
  #prefix: Promise<string> | undefined
  #cgroupVersion: 1 | 2 | undefined

  constructor(options: {
    socketPath: string
    clock: Clock
    createTimeoutMs?: number
    startTimeoutMs?: number
  }) {
    this.#createTimeoutMs = options.createTimeoutMs ?? CREATE_TIMEOUT_MS
    this.#startTimeoutMs = options.startTimeoutMs ?? START_TIMEOUT_MS
    this.#client = new DockerClient(options.socketPath, options.clock)
    this.#clock = options.clock
  }

  async info(): Promise<EngineInfo> {
    const version = (await this.#quick('/version')) as VersionAnswer
    const info = (await this.#quick('/info')) as InfoAnswer
    return {
      version: version.Version ?? '',
      apiVersion: version.ApiVersion ?? API_OLDEST,
      minApiVersion: version.MinAPIVersion ?? API_OLDEST,
      loggingDrivers: info.Plugins?.Log ?? [],
      volumeDrivers: info.Plugins?.Volume ?? [],
      cpus: info.NCPU ?? 1,
      memoryBytes: info.MemTotal ?? 0,
      cgroupDriver: info.CgroupDriver === 'systemd' ? 'systemd' : 'cgroupfs',
      cgroupVersion: info.CgroupVersion === '2' ? 2 : 1,
    }
  }

  async pull(image: string, firstWordMs: number | undefined): Promise<void> {
    const silence = new AbortController()
    const disarm = this.#clock.after(firstWordMs ?? PULL_TIMEOUT_MS, () =>
      silence.abort(pullFailure(`the registry of ${image} did not answer`)),
    )
    const query = imageReference(image)
    const asked = { query, timeoutMs: PULL_TIMEOUT_MS, signal: silence.signal, to: 'pulled' }
    try {
      await this.#createImage(asked, disarm)
    } finally {
      disarm()
    }
  }

  /** Pulls or imports. The Engine tells of it line by line, and only the last one says how it ended. */
  async #createImage(
    { to, ...call }: Omit<Attempt, 'method' | 'path' | 'error'>,
    heard: () => void = () => {},
  ): Promise<void> {
    let last: unknown
    try {
      const path = `${await this.#version()}/images/create`
      const status = await this.#client.stream({ ...call, method: 'POST', path }, (line) => {
        heard()
        last = line
      })
      const wrong = pullOutcome(status, last)
      if (wrong !== undefined) throw pullFailure(`Error response from daemon: ${wrong}`)
    } catch (error) {
      if (error instanceof CallTimeout) throw timedOut(to, call.timeoutMs)
      throw error instanceof EngineError ? error : pullFailure((error as Error).message)
    }
  }

  async image(image: string): Promise<Image | undefined> {
    const answer = await this.#attempt({
      method: 'GET',
      path: `/images/${encodeURIComponent(image)}/json`,
      timeoutMs: QUICK_TIMEOUT_MS,
      error: 'CannotPullContainerError',
      to: 'inspected',
    })
    if (answer === undefined) return undefined
    const { Id, RepoTags, RepoDigests, Config } = answer as ImageAnswer
    const digest = repositoryDigest(image, RepoDigests)
    return {
      id: Id ?? '',
      tags: RepoTags ?? [],
      digest,
      labels: Config?.Labels ?? {},
      variables: (Config?.Env ?? []).map((pair) => pair.split('=')[0] ?? ''),
      configBytes: Buffer.byteLength(JSON.stringify(Config ?? {})),
    }
  }

  async importImage(image: string, archive: Buffer, changes: readonly string[]): Promise<void> {
    const { fromImage: repo, tag = '' } = imageReference(image)
    await this.#createImage({
      query: [['fromSrc', '-'], ['repo', repo], ['tag', tag], ...changes.map(change)],
      body: archive,
      timeoutMs: CREATE_TIMEOUT_MS,
      to: 'imported',
    })
  }

  async removeImage(image: string): Promise<void> {
    await this.#attempt({
      method: 'DELETE',
      path: `/images/${encodeURIComponent(image)}`,
      timeoutMs: REMOVE_TIMEOUT_MS,
      error: 'CannotRemoveImageError',
      to: 'removed',
      inUse: CONFLICT,
    })
  }

  async create(name: string, body: ContainerBody): Promise<string> {
    const answer = await this.#attempt({
      method: 'POST',
      path: '/containers/create',
      query: { name },
      body,
      timeoutMs: this.#createTimeoutMs,
      error: 'CannotCreateContainerError',
      to: 'created',
    })
    if (answer === undefined)
      throw new EngineError(
        'CannotCreateContainerError',
        `Error response from daemon: No such image: ${body.Image}`,
      )
    return (answer as { Id: string }).Id
  }

  async start(containerId: string): Promise<void> {
    const answer = await this.#attempt({
      method: 'POST',
      path: `/containers/${containerId}/start`,
      timeoutMs: this.#startTimeoutMs,
      error: 'CannotStartContainerError',
      to: 'started',
    })
    if (answer === undefined)
      throw new EngineError('CannotStartContainerError', `No such container: ${containerId}`)
  }

  async stop(containerId: string, timeoutSeconds: number): Promise<void> {
    await this.#attempt({
      method: 'POST',
      path: `/containers/${containerId}/stop`,
      query: { t: String(timeoutSeconds) },
      timeoutMs: timeoutSeconds * 1000 + STOP_TIMEOUT_EXTRA_MS,
      awaitsEnd: true,
      error: 'CannotStopContainerError',
      to: 'stopped',
    })
  }

  async remove(containerId: string): Promise<void> {
    await this.#attempt({
      method: 'DELETE',
      path: `/containers/${containerId}`,
      query: { v: 'true', force: 'true' },
      timeoutMs: REMOVE_TIMEOUT_MS,
      awaitsEnd: true,
      error: 'CannotRemoveContainerError',
      to: 'removed',
    })
  }

  async inspect(containerId: string, timeoutMs = QUICK_TIMEOUT_MS): Promise<Observed | undefined> {
    const seen = await this.#inspectOnce(containerId, timeoutMs)
    if (!seen || !(await this.#mayTellLate(seen))) return seen
    await this.#clock.sleep(OUT_OF_MEMORY_MS)
    return this.#inspectOnce(containerId, timeoutMs)
  }

  /** With control groups of version 2 the Engine hears of memory that ran out a moment after the end that it caused. */
  async #mayTellLate({ exitCode, outOfMemory, finishedAt = 0 }: Observed): Promise<boolean> {
    if (exitCode !== KILLED || outOfMemory) return false
    if (this.#clock.now() - finishedAt > OUT_OF_MEMORY_MS) return false
    this.#cgroupVersion ??= (await this.info()).cgroupVersion
    return this.#cgroupVersion === 2
  }

  async #inspectOnce(containerId: string, timeoutMs: number): Promise<Observed | undefined> {
    const answer = await this.#attempt({
      method: 'GET',
      path: `/containers/${containerId}/json`,
      timeoutMs,
      error: 'CannotInspectContainerError',
      to: 'inspected',
    })
    return answer === undefined ? undefined : observed(answer as InspectAnswer)
  }

  async list(labels: Readonly<Record<string, string>>, kept: readonly string[]): Promise<Listing> {
    const reader = new ListReader(kept)
    const attempt: Attempt = {
      method: 'GET',
      path: '/containers/json',
      query: { all: 'true', filters: JSON.stringify({ label: labelFilter(labels) }) },
      timeoutMs: QUICK_TIMEOUT_MS,
      error: 'CannotListContainersError',
      to: 'listed',
    }
    await this.#attempt(attempt, (chunk) => reader.read(chunk))
    const found: Observed[] = []
    const silent: Listing['silent'][number][] = []
    let patienceMs = QUICK_TIMEOUT_MS
    // One after another: the list is short, and a resync must not crowd out the starts.
    for (const listed of reader.listed) {
      const begin = this.#clock.now()
      try {
        const container = await this.inspect(listed.id, Math.max(patienceMs, PATIENCE_LEAST_MS))
        if (container) found.push(keepLabels(container, kept))
      } catch (error) {
        if (!(error instanceof OfOneThing)) throw error
        silent.push(listed)
        patienceMs -= this.#clock.now() - begin
      }
    }
    return { found, silent }
  }

  async volume(name: string): Promise<Volume | undefined> {
    const answer = await this.#attempt({
      method: 'GET',
      path: `/volumes/${encodeURIComponent(name)}`,
      timeoutMs: QUICK_TIMEOUT_MS,
      error: 'CannotInspectVolumeError',
      to: 'inspected',
    })
    if (answer === undefined) return undefined
    const { Labels, Options } = answer as VolumeAnswer
    return { labels: Labels ?? {}, options: Options ?? {} }
  }

  async createVolume(volume: VolumeBody): Promise<void> {
    await this.#attempt({
      method: 'POST',
      path: '/volumes/create',
      body: volume,
      timeoutMs: CREATE_TIMEOUT_MS,
      error: 'CannotCreateVolumeError',
      to: 'created',
    })
  }

  /** The names of all volumes that carry every one of these labels. */
  async volumes(labels: Readonly<Record<string, string>>): Promise<readonly string[]> {
    const answer = (await this.#attempt({
      method: 'GET',
      path: '/volumes',
      query: { filters: JSON.stringify({ label: labelFilter(labels) }) },
      timeoutMs: QUICK_TIMEOUT_MS,
      error: 'CannotInspectVolumeError',
      to: 'listed',
    })) as VolumesAnswer | undefined
    return (answer?.Volumes ?? []).map(({ Name }) => Name)
  }

  async removeVolume(name: string): Promise<void> {
    await this.#attempt({
      method: 'DELETE',
      path: `/volumes/${encodeURIComponent(name)}`,
      timeoutMs: REMOVE_TIMEOUT_MS,
      error: 'CannotRemoveContainerError',
      to: 'removed',
    })
  }

  async stats(containerId: string): Promise<Stats | undefined> {
    const answer = await this.#attempt({
      method: 'GET',
      path: `/containers/${containerId}/stats`,
      query: { stream: 'false', 'one-shot': 'true' },
      timeoutMs: QUICK_TIMEOUT_MS,
      error: 'CannotInspectContainerError',
      to: 'measured',
    })
    return answer === undefined ? undefined : stats(answer as StatsAnswer)
  }

  watch(
    labels: Readonly<Record<string, string>>,
    listener: (event: EngineEvent) => void,
  ): () => void {
    return watchEvents({
      client: this.#client,
      clock: this.#clock,
      path: async () => `${await this.#version()}/events`,
      filters: JSON.stringify({ type: ['container'], event: EVENTS, label: labelFilter(labels) }),
      listener,
    })
  }

  /** Lets go of the connections. The containers do not notice. */
  close(): void {
    this.#client.close()
  }

  #quick(path: string): Promise<unknown> {
    return this.#attempt({
      method: 'GET',
      path,
      timeoutMs: QUICK_TIMEOUT_MS,
      error: 'CannotListContainersError',
      to: 'described',
    })
  }

  /** The answer's body, or `undefined` for what does not exist. */
  async #attempt(attempt: Attempt, heard?: (chunk: string) => void): Promise<unknown> {
    let answer: Answer
    try {
      const path = (await this.#version()) + attempt.path
      answer = await this.#client.call({ ...attempt, path }, heard)
    } catch (error) {
      if (error instanceof EngineError) throw error
      if (error instanceof CallTimeout) throw timedOut(attempt.to, attempt.timeoutMs)
      if (error instanceof AnswerTooLarge) throw new OfOneThing(attempt.error, error.message)
      throw new EngineError(attempt.error, (error as Error).message)
    }
    if (answer.status === 404 || answer.status === attempt.inUse) return undefined
    if (answer.status >= 400)
      throw new OfOneThing(attempt.error, `Error response from daemon: ${messageOf(answer)}`)
    return answer.body ?? null
  }

  #version(): Promise<string> {
    // A failed negotiation is not kept: the Engine may only be starting.
    this.#prefix ??= this.#negotiate().catch((error: unknown) => {
      this.#prefix = undefined
      throw error
    })
    return this.#prefix
  }

  async #negotiate(): Promise<string> {
    const { body } = await this.#client.call({
      method: 'GET',
      path: '/version',
      timeoutMs: QUICK_TIMEOUT_MS,
    })
    const { ApiVersion = '', MinAPIVersion = '' } = (body ?? {}) as VersionAnswer
    if (minor(ApiVersion) < minor(API_OLDEST) || minor(MinAPIVersion) > minor(API_NEWEST))
      throw new EngineError(
        'CannotListContainersError',
        `Docker's API ${ApiVersion} is none of ${API_OLDEST} to ${API_NEWEST}`,
      )
    return minor(ApiVersion) < minor(API_NEWEST) ? `/v${ApiVersion}` : `/v${API_NEWEST}`
  }
}

/** The Engine is there, and what it says, or does not say, is about what it was asked for alone. */
class OfOneThing extends EngineError {}

/** All versions so far begin with `1.`. */
function minor(version: string): number {
  return Number(version.split('.')[1] ?? 0)
}

function labelFilter(labels: Readonly<Record<string, string>>): string[] {
  return Object.entries(labels).map(([label, value]) => (value ? `${label}=${value}` : label))
}

function change(line: string): [string, string] {
  return ['changes', line]
}

function messageOf(answer: Answer): string {
  const { message } = (answer.body ?? {}) as { message?: unknown }
  return typeof message === 'string' ? message : `status ${answer.status}`
}

function pullFailure(message: string): EngineError {
  return new EngineError('CannotPullContainerError', message)
}

function timedOut(to: string, ms: number): EngineError {
  const seconds = Math.round(ms / 1000)
  const hours = Math.floor(seconds / 3600)
  const minutes = Math.floor((seconds % 3600) / 60)
  const waited = `${hours ? `${hours}h` : ''}${hours || minutes ? `${minutes}m` : ''}${seconds % 60}s`
  return new OfOneThing(
    'DockerTimeoutError',
    `Could not transition to ${to}; timed out after waiting ${waited}`,
  )
}
